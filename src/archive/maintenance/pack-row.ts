/** The index row of a sealed pack, from the pack alone. */
import { Fault } from "../../base/errors.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { TotalsCounter } from "../../fragment/pack-totals.ts";
import type { PackRow, TrackSetRow } from "../index/fragment-index.ts";
import {
  FragmentListWriter,
  type PackBase,
  readFragmentList,
  writeTotals,
} from "../index/fragment-list.ts";
import type { ParsedPackHeader } from "../pack/pack-header.ts";
import { scanFragments } from "../pack/pack-scan.ts";
import { type PackBytes, readSealed } from "../pack/sealed-pack.ts";
import { packIdParts } from "../pack-id.ts";
import { trackSetId, trackSetRow } from "../track-sets.ts";

export interface RebuiltPack {
  readonly row: PackRow;
  readonly trackSet: TrackSetRow;
  /** The stream's settings when the pack was made, JSON. */
  readonly settings: string | undefined;
}

/** Two short reads, or all of it where there is no footer. Throws `store.corrupt` when it is not the pack of this id. */
export async function rebuildRow(
  packId: string,
  pack: PackBytes,
  place: { node: string; archived: boolean },
): Promise<RebuiltPack> {
  const { header, footer, size } = await readSealed(pack);
  if (header.packId !== packId)
    throw new Fault("store.corrupt", `${packId} holds the pack ${header.packId}`);
  const base = baseOf(header);
  const { fragments, list } =
    footer === undefined ? await scanned(pack, base) : listed(footer.fragments, base);
  if (fragments.length === 0) throw new Fault("store.corrupt", `${packId} has no fragment`);
  const totals = new TotalsCounter();
  for (const fragment of fragments) totals.add(fragment);
  const { stream } = packIdParts(packId);
  const row: PackRow = {
    ...{ stream, packId, trackSetId: base.trackSetId, sealed: true },
    ...place,
    ...spans(fragments),
    ...size,
    totals: writeTotals(totals.totals()),
    fragments: list,
  };
  return { row, trackSet: trackSetRow(header.trackSet), settings: header.settings };
}

export function baseOf(header: ParsedPackHeader): PackBase {
  const { packId, baseNs, firstOffset, trackSet } = header;
  const { timestampScaleNs } = trackSet;
  return { packId, trackSetId: trackSetId(trackSet), baseNs, timestampScaleNs, firstOffset };
}

interface Fragments {
  readonly fragments: readonly StoredFragment[];
  readonly list: Uint8Array;
}

function listed(list: Uint8Array, { packId, trackSetId: id }: PackBase): Fragments {
  const { fragments } = readFragmentList(list, { packId, trackSetId: id });
  return { fragments, list };
}

async function scanned(pack: PackBytes, base: PackBase): Promise<Fragments> {
  const file = {
    read: (offset: number, size: number) =>
      pack.read(offset, Math.max(0, Math.min(size, pack.bytes - offset))),
  };
  const { fragments } = await scanFragments(file, base, base.firstOffset);
  const writer = new FragmentListWriter(base);
  for (const fragment of fragments) writer.add(fragment);
  return { fragments, list: writer.bytes() };
}

function spans(fragments: readonly StoredFragment[]) {
  const infos = fragments.map(({ info }) => info);
  const received = infos.map(({ number }) => number.receivedMs);
  const sequences = infos.map(({ number }) => number.sequence);
  return {
    producedStartUs: Math.min(...infos.map((info) => info.producedStartUs)),
    producedEndUs: Math.max(...infos.map((info) => info.producedEndUs)),
    receivedFirstMs: Math.min(...received),
    receivedLastMs: Math.max(...received),
    firstSequence: Math.min(...sequences),
    lastSequence: Math.max(...sequences),
  };
}
