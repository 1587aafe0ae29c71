/**
 * What is on the node's own disk: packs that wait for the store in `spool/`, and those that were still written in `active/`. What the
 * next start settles by itself is no finding: a file without a row in `active/`, one that moved and whose row does not say so.
 */
import type { Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";
import type { FragmentIndex, PackRow } from "../index/fragment-index.ts";
import { readFragmentList } from "../index/fragment-list.ts";
import { scanFragments } from "../pack/pack-scan.ts";
import { fileBytes, type PackBytes, readSealed } from "../pack/sealed-pack.ts";
import { localName, objectKey, packIdOf, packIdParts } from "../pack-id.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { Finding, Problem } from "./check.ts";
import { deepCheck } from "./deep-check.ts";
import { baseOf, rebuildRow } from "./pack-row.ts";

export interface LocalFolders {
  readonly files: Files;
  readonly activeDir: string;
  readonly spoolDir: string;
}

export interface LocalParts extends LocalFolders {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly node: string;
  readonly clock: Clock;
  readonly deep: boolean;
  readonly repair: boolean;
}

type Report = (finding: Finding) => Promise<void>;
interface Wrong {
  readonly problem: Problem;
  readonly why: string;
}

/** Rows asked for at once: more than any spool holds. */
const ALL = 10_000_000;

export async function checkLocal(parts: LocalParts, report: Report): Promise<void> {
  const { files, index, activeDir, spoolDir, node } = parts;
  const here = new Set<string>();
  for (const [dir, look] of [[spoolDir, spooled] as const, [activeDir, active] as const])
    for (const { name } of await files.entries(dir)) {
      const packId = packIdOf(name);
      if (packId === undefined) continue;
      here.add(packId);
      const found = await look(parts, packId, `${dir}/${name}`);
      const { stream } = packIdParts(packId);
      if (found !== undefined) await report({ stream, name: packId, ...found });
    }
  const rows = [...(await index.openPacks(node)), ...(await index.unarchived(node, ALL))];
  for (const row of rows) if (!here.has(row.packId)) await missing(parts, row, report);
}

async function spooled(parts: LocalParts, packId: string, path: string) {
  const { files, index, node, deep } = parts;
  const row = await index.pack(packIdParts(packId).stream, packId);
  // In the store: the crash came before it was removed here.
  if (row?.archived) return undefined;
  const wrong = await judged(async () => {
    const pack = await fileBytes(files, path);
    const sealed = await readSealed(pack);
    if (deep) await deepCheck(pack, packId, sealed);
    if (row === undefined) return (await isGarbage(parts, packId)) ? undefined : unknown;
    if (!row.sealed) return undefined;
    if (row.bytes === pack.bytes) return undefined;
    return {
      problem: "different",
      why: `${pack.bytes} bytes in the spool, the index says ${row.bytes}`,
    };
  });
  if (wrong === undefined) return undefined;
  const whole = wrong.problem === "unknown" || wrong.problem === "different";
  if (!whole || !parts.repair) return { ...wrong, repaired: false };
  const place = { node: row?.node ?? node, archived: false };
  const made = await rebuildRow(packId, await fileBytes(files, path), place);
  await index.commit({ rows: [made.row], trackSets: [made.trackSet] });
  return { ...wrong, repaired: true };
}

const unknown: Wrong = { problem: "unknown", why: "in the spool, no row" };

/** Everything that was acked is there. What is behind it was acked to nobody. */
async function active({ files, index, deep }: LocalParts, packId: string, path: string) {
  const row = await index.pack(packIdParts(packId).stream, packId);
  if (row === undefined || row.archived) return undefined;
  const wrong = await judged(async () => {
    const pack = await fileBytes(files, path);
    if (pack.bytes < row.bytes)
      return { problem: "damaged", why: `${pack.bytes} bytes, ${row.bytes} were acked` };
    const { header } = await readSealed(pack);
    if (header.packId !== packId) throw new Fault("store.corrupt", "another pack's bytes");
    if (deep && !row.sealed) await scanActive(pack, row, baseOf(header));
    return undefined;
  });
  return wrong && { ...wrong, repaired: false };
}

/** Throws `store.corrupt`. */
async function scanActive(pack: PackBytes, row: PackRow, base: ReturnType<typeof baseOf>) {
  const read = (offset: number, size: number) =>
    pack.read(offset, Math.max(0, Math.min(size, pack.bytes - offset)));
  const { fragments } = await scanFragments({ read }, base, base.firstOffset);
  const listed =
    row.fragments === undefined ? 0 : readFragmentList(row.fragments, base).fragments.length;
  if (fragments.length < listed)
    throw new Fault("store.corrupt", `${fragments.length} whole fragments of ${listed} acked`);
}

async function judged(look: () => Promise<Wrong | undefined>): Promise<Wrong | undefined> {
  try {
    return await look();
  } catch (error) {
    const { code, message } = asFault(error);
    if (code === "store.corrupt") return { problem: "damaged", why: message };
    if (code === "store.unavailable") return { problem: "unreadable", why: message };
    throw error;
  }
}

async function isGarbage({ index, clock }: LocalParts, packId: string): Promise<boolean> {
  return (await index.garbage(clock.now() + 1, ALL)).includes(packId);
}

/** An acked pack whose file is nowhere. Its row stays: the disk may come back. */
async function missing({ store }: LocalParts, row: PackRow, report: Report): Promise<void> {
  const { stream, packId } = row;
  const wrong = await judged(async () => {
    if ((await store.size(objectKey(packId))) !== undefined) return undefined;
    return { problem: "missing", why: `${localName(packId)} is neither in active nor in spool` };
  });
  if (wrong !== undefined) await report({ stream, name: packId, ...wrong, repaired: false });
}
