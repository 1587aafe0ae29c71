/** Rows for tests of the index: the n-th pack of a camera that records a minute per pack. */
import type { FragmentIndex, PackRow } from "../../src/archive/index/fragment-index.ts";
import { writeTotals } from "../../src/archive/index/fragment-list.ts";
import type { AuditRow } from "../../src/archive/index/index-ledger.ts";
import { formatPackId } from "../../src/archive/pack-id.ts";
import { millis } from "../../src/base/units.ts";
import type { PackTotals, StreamInfo, TimeRange } from "../../src/fragment/fragment.ts";

/** Of all rows: 2026-09-21. */
export const START_MS = 1_790_000_000_000;
export const MINUTE_MS = 60_000;
export const TRACK_SET = {
  id: "00112233445566778899aabbccddeeff",
  timestampScaleNs: 1_000_000,
  tracksElement: Uint8Array.of(0x16, 0x54, 0xae, 0x6b, 0x80),
};
export const EVER: TimeRange = { fromMs: millis(0), toMs: millis(START_MS * 2) };

export function minutes(from: number, to: number): TimeRange {
  return {
    fromMs: millis(START_MS + from * MINUTE_MS),
    toMs: millis(START_MS + to * MINUTE_MS),
  };
}

export function streamInfo(name: string, over: Partial<StreamInfo> = {}): StreamInfo {
  const base = { createdMs: millis(START_MS), retentionHours: 24, retentionBytes: 0 };
  return { name, ...base, version: "v1", ...over };
}

export function totalsOf(n: number): PackTotals {
  const video = {
    track: 1,
    fragments: 30,
    frames: 900 + n,
    keyframes: 30,
    payloadBytes: 500_000 + n,
  };
  const audio = { track: 2, fragments: 30, frames: 2800, keyframes: 2800, payloadBytes: 60_000 };
  return { fragments: 30, blocksBytes: 570_000 + n, tracks: [video, audio] };
}

export interface RowOver extends Partial<Omit<PackRow, "packId">> {
  readonly salt?: number;
}

/** Archived, with a list of its own, unless `over` says something else. */
export function packRow(n: number, { salt = n, ...over }: RowOver = {}): PackRow {
  const startMs = START_MS + n * MINUTE_MS;
  const stream = over.stream ?? "cam";
  const serial = n * 30 + 1;
  return {
    stream,
    packId: formatPackId({ stream, day: Math.floor(startMs / 86_400_000), serial, salt }),
    trackSetId: TRACK_SET.id,
    node: "",
    sealed: true,
    archived: true,
    producedStartUs: startMs * 1000,
    producedEndUs: (startMs + MINUTE_MS) * 1000,
    receivedFirstMs: startMs + 100,
    receivedLastMs: startMs + 58_100,
    firstSequence: serial,
    lastSequence: serial + 29,
    bytes: 600_000 + n,
    listOffset: 599_000,
    listBytes: 900,
    totals: writeTotals(totalsOf(n)),
    fragments: Uint8Array.of(1, 2, 3, n & 255),
    ...over,
  };
}

/** A stream with `count` packs. */
export async function fill(
  index: FragmentIndex,
  count: number,
  over: RowOver = {},
): Promise<PackRow[]> {
  const stream = over.stream ?? "cam";
  await index.createStream(streamInfo(stream));
  const rows = Array.from({ length: count }, (_, n) => packRow(n, over));
  await index.commit({ rows, trackSets: [TRACK_SET] });
  return rows;
}

/** Of all pages. */
export async function allPackIds(
  index: FragmentIndex,
  stream: string,
  selection: Parameters<FragmentIndex["packs"]>[1],
): Promise<string[]> {
  const found: string[] = [];
  let page = await index.packs(stream, selection);
  for (;;) {
    found.push(...page.packs.map(({ packId }) => packId));
    if (page.next === undefined) return found;
    page = await index.packs(stream, selection, page.next);
  }
}

/** What was done to media, newest first: without the making of streams. */
export async function auditOf(
  index: FragmentIndex,
  query: Parameters<FragmentIndex["audit"]>[0],
): Promise<readonly AuditRow[]> {
  return (await index.audit(query)).filter(({ action }) => action !== "stream-created");
}
