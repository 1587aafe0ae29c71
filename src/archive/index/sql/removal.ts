/** The only way out for a pack's row, besides its stream's end. */
import { micros, millis } from "../../../base/units.ts";
import { CHAIN_OVERLAP_US } from "../../../fragment/fragment.ts";
import { retentionEvent } from "../../events.ts";
import { parsePackId } from "../../pack-id.ts";
import type { OldPack, OldPacksQuery } from "../fragment-index.ts";
import type { NewGap, Removal, RemovedPacks } from "../index-ledger.ts";
import { cutChains } from "./chain-cut.ts";
import { addEvents } from "./events.ts";
import { holds } from "./holds.ts";
import { countHours, hourOf } from "./hours.ts";
import { addAudit, addGap } from "./ledger.ts";
import { ARCHIVED, keyValues, OF_PACK, type PackKey, packIdOf, packKey } from "./pack-rows.ts";
import { all, type Dialect, type Query, query, type Row, type Step, send } from "./step.ts";
import { type LockedStream, lockStreams, streamNumber } from "./streams.ts";
import { clampMs, clampUs } from "./times.ts";

export function* oldPacks({
  stream,
  receivedBeforeMs,
  after,
  limit,
}: OldPacksQuery): Step<OldPack[]> {
  const before = clampMs(receivedBeforeMs);
  const page =
    after === undefined
      ? ""
      : "AND received_first >= ? AND (received_first, first_sequence) > (?, ?)";
  const from = after === undefined ? [] : [after.order, after.order, after.firstSequence];
  const rows = yield* all(
    `SELECT day, serial, salt, received_first, received_last, produced_start, produced_end,
     first_sequence, bytes FROM packs
     WHERE stream = ? AND state = ${ARCHIVED} AND received_first < ? AND received_last < ? ${page}
     ORDER BY received_first, first_sequence LIMIT ?`,
    ...[yield* streamNumber(stream), before, before, ...from, limit],
  );
  return rows.map((row) => ({
    packId: packIdOf(stream, row),
    receivedFirstMs: millis(Number(row.received_first)),
    receivedLastMs: millis(Number(row.received_last)),
    producedStartUs: micros(Number(row.produced_start)),
    producedEndUs: micros(Number(row.produced_end)),
    firstSequence: Number(row.first_sequence),
    bytes: Number(row.bytes),
  }));
}

interface Going {
  readonly packId: string;
  readonly key: PackKey;
  readonly chain: number;
  readonly producedStartUs: number;
  readonly producedEndUs: number;
  readonly bytes: number;
}

export function* remove(db: Dialect, removal: Removal): Step<RemovedPacks> {
  const { stream, atMs } = removal;
  const locked = (yield* lockStreams(db, [stream])).get(stream);
  const going = locked === undefined ? [] : yield* removable(locked, removal);
  if (locked === undefined || going.length === 0) return { packIds: [], bytes: 0 };
  const bytes = going.reduce((sum, pack) => sum + pack.bytes, 0);
  yield* send([
    ...going.flatMap(({ key }) => deletion(stream, key, atMs)),
    query("UPDATE streams SET bytes = bytes - ? WHERE id = ?", bytes, locked.id),
  ]);
  yield* cutChains(locked.id, going);
  yield* countHours(
    locked.id,
    going.map(({ producedStartUs }) => hourOf(producedStartUs)),
  );
  for (const gap of gapsOf(removal, going)) yield* addGap(gap, CHAIN_OVERLAP_US);
  const audit = auditOf(removal, going, bytes);
  yield* addAudit(audit);
  // In here, because one that is told afterwards is not told when the process dies in between.
  yield* addEvents([retentionEvent({ ...audit, cause: removal.cause })]);
  return { packIds: going.map(({ packId }) => packId), bytes };
}

/** Those that are there, archived and not held. */
function* removable(stream: LockedStream, { packIds, atMs }: Removal): Step<Going[]> {
  const own = [...new Set(packIds)].filter((id) => parsePackId(id)?.stream === stream.name);
  const keys = own.map((packId) => ({ packId, key: packKey(packId, stream) }));
  const answers = yield* send(
    keys.map(({ key }) =>
      query(
        `SELECT day, chain, state, produced_start, produced_end, bytes FROM packs WHERE ${OF_PACK}`,
        ...keyValues(key),
      ),
    ),
  );
  const found = keys.flatMap(({ packId, key }, i) => {
    const row = answers[i]?.rows[0];
    const there = row !== undefined && Number(row.day) === key.day;
    return there && Number(row.state) === ARCHIVED ? [goingOf(packId, key, row)] : [];
  });
  const held = yield* holds(stream.name, atMs);
  return found.filter(({ producedStartUs, producedEndUs }) =>
    held.every(
      ({ fromMs, toMs }) => clampUs(fromMs) >= producedEndUs || clampUs(toMs) <= producedStartUs,
    ),
  );
}

function goingOf(packId: string, key: PackKey, row: Row): Going {
  return {
    packId,
    key,
    chain: Number(row.chain),
    producedStartUs: Number(row.produced_start),
    producedEndUs: Number(row.produced_end),
    bytes: Number(row.bytes),
  };
}

function deletion(stream: string, key: PackKey, atMs: number): Query[] {
  return [
    query(`DELETE FROM lists WHERE ${OF_PACK}`, ...keyValues(key)),
    query(`DELETE FROM unsettled WHERE ${OF_PACK}`, ...keyValues(key)),
    query(`DELETE FROM packs WHERE ${OF_PACK}`, ...keyValues(key)),
    query(
      `INSERT INTO garbage (stream, day, serial, salt, removed_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      ...[stream, key.day, key.serial, key.salt, atMs],
    ),
  ];
}

/**
 * Packs that follow each other leave one hole: what lies between them, less than a chain allows, never held media. Else
 * ten years of removed packs would be as many rows.
 */
function gapsOf({ stream, cause, detail, atMs }: Removal, going: readonly Going[]): NewGap[] {
  const spans: { startUs: number; endUs: number }[] = [];
  for (const pack of [...going].sort((a, b) => a.producedStartUs - b.producedStartUs)) {
    const { producedStartUs: startUs, producedEndUs: endUs } = pack;
    const last = spans.at(-1);
    if (last !== undefined && startUs <= last.endUs + CHAIN_OVERLAP_US)
      last.endUs = Math.max(last.endUs, endUs);
    else spans.push({ startUs, endUs });
  }
  return spans.map(({ startUs, endUs }) => ({
    ...{ stream, startUs: micros(startUs), endUs: micros(endUs), cause, recordedMs: atMs },
    ...(detail === undefined ? {} : { detail }),
  }));
}

function auditOf(
  { stream, cause, who, detail, atMs }: Removal,
  going: readonly Going[],
  bytes: number,
) {
  const startUs = going.reduce((min, one) => Math.min(min, one.producedStartUs), Infinity);
  const endUs = going.reduce((max, one) => Math.max(max, one.producedEndUs), -Infinity);
  return {
    ...{ atMs, action: "removed", stream, who, cause },
    ...{ startUs: micros(startUs), endUs: micros(endUs), packs: going.length, bytes },
    ...(detail === undefined ? {} : { detail }),
  };
}

export function* garbage(removedBeforeMs: number, limit: number): Step<string[]> {
  const rows = yield* all(
    `SELECT stream, day, serial, salt FROM garbage WHERE removed_ms < ?
     ORDER BY removed_ms, stream, serial, salt LIMIT ?`,
    ...[clampMs(removedBeforeMs), limit],
  );
  return rows.map((row) => packIdOf(String(row.stream), row));
}

export function* forgetGarbage(packIds: readonly string[]): Step<void> {
  const queries = packIds.flatMap((packId) => {
    const stream = parsePackId(packId)?.stream;
    if (stream === undefined) return [];
    const { day, serial, salt } = packKey(packId, { id: 0, name: stream });
    return query(
      "DELETE FROM garbage WHERE stream = ? AND serial = ? AND salt = ? AND day = ?",
      ...[stream, serial, salt, day],
    );
  });
  yield* send(queries);
}
