/** Every byte of a sealed pack against its checksums. */
import { Fault } from "../../base/errors.ts";
import { readFragmentList } from "../index/fragment-list.ts";
import { scanFragments } from "../pack/pack-scan.ts";
import type { PackBytes, readSealed } from "../pack/sealed-pack.ts";
import { baseOf } from "./pack-row.ts";

type Sealed = Awaited<ReturnType<typeof readSealed>>;

/** Every fragment's checksum, and that none of the list is missing. Throws `store.corrupt`. */
export async function deepCheck(pack: PackBytes, packId: string, sealed: Sealed): Promise<void> {
  if (sealed.header.packId !== packId) throw new Fault("store.corrupt", "another pack's bytes");
  const base = baseOf(sealed.header);
  const file = {
    read: (offset: number, size: number) =>
      pack.read(offset, Math.max(0, Math.min(size, pack.bytes - offset))),
  };
  const { fragments } = await scanFragments(file, base, base.firstOffset);
  if (sealed.footer === undefined) return;
  const listed = readFragmentList(sealed.footer.fragments, base).fragments.length;
  if (fragments.length !== listed)
    throw new Fault("store.corrupt", `${fragments.length} whole fragments of ${listed}`);
}
