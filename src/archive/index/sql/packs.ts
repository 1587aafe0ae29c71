/** Finding packs. Time queries are ranges of an index: no pack spans more than `MAX_PACK_SPAN_MS`. */

import { micros, millis } from "../../../base/units.ts";
import type { PackSelection, StreamExtent } from "../../../fragment/fragment.ts";
import { MAX_PACK_SPAN_MS } from "../../../fragment/fragment.ts";
import { parsePackId } from "../../pack-id.ts";
import {
  PAGE_PACKS,
  type PackPage,
  type PackRow,
  type PageKey,
  type Unarchived,
} from "../fragment-index.ts";
import { nodeNumber } from "./numbers.ts";
import {
  keyValues,
  OPEN,
  packKey,
  packRowOf,
  SEALED,
  SUMMARY,
  summaryOf,
  WHOLE,
} from "./pack-rows.ts";
import { all, first, query, type Row, run, type Step, send, type Value } from "./step.ts";
import { streamNumber } from "./streams.ts";
import { clampMs, clampUs, RECEIVED_SLACK_MS } from "./times.ts";

const STREAM = "(SELECT id FROM streams WHERE name = ?)";

/** A page ends between two places in the order, never among packs that share one. */
export function* packs(stream: string, selection: PackSelection, after?: PageKey): Step<PackPage> {
  const { order, where, values } = conditions(
    stream,
    selection,
    after?.order ?? Number.NEGATIVE_INFINITY,
  );
  const page = after === undefined ? "" : `AND (p.${order}, p.first_sequence) > (?, ?)`;
  const rows = yield* all(
    `SELECT ${SUMMARY}, p.${order} AS page_order FROM packs p
     WHERE p.stream = ${STREAM} AND ${where} ${page}
     ORDER BY p.${order}, p.first_sequence LIMIT ${PAGE_PACKS + 1}`,
    ...[stream, ...values, ...(after === undefined ? [] : [after.order, after.firstSequence])],
  );
  const kept = rows.length > PAGE_PACKS ? wholePlaces(rows) : rows;
  const last = rows.length > PAGE_PACKS ? kept.at(-1) : undefined;
  const next = last === undefined ? undefined : placeOf(last);
  return { packs: kept.map((row) => summaryOf(stream, row)), next };
}

/** Without the last place, of which more may follow. */
function wholePlaces(rows: readonly Row[]): readonly Row[] {
  const { order, firstSequence } = placeOf(rows.at(-1) ?? {});
  const kept = rows.filter((row) => {
    const place = placeOf(row);
    return place.order !== order || place.firstSequence !== firstSequence;
  });
  return kept.length > 0 ? kept : rows.slice(0, PAGE_PACKS);
}

function placeOf(row: Row): PageKey {
  return { order: Number(row.page_order), firstSequence: Number(row.first_sequence) };
}

interface Conditions {
  readonly order: "produced_start" | "received_first" | "first_sequence";
  readonly where: string;
  readonly values: readonly Value[];
}

/** `from`: what the page begins with or after. */
function conditions(stream: string, selection: PackSelection, from: number): Conditions {
  if (selection.by === "sequence") return sequenceConditions(stream, selection.after, from);
  const { fromMs, toMs } = selection.range;
  if (selection.clock === "producer") {
    const [fromUs, toUs] = [clampUs(fromMs), clampUs(toMs)];
    const where = "p.produced_start >= ? AND p.produced_start < ? AND p.produced_end > ?";
    const values = [Math.max(from, fromUs - MAX_PACK_SPAN_MS * 1000), toUs, fromUs];
    return { order: "produced_start", where, values };
  }
  const where = "p.received_first >= ? AND p.received_first < ? AND p.received_last > ?";
  const reach = clampMs(fromMs) - RECEIVED_SLACK_MS;
  const values = [Math.max(from, reach - MAX_PACK_SPAN_MS), clampMs(toMs), reach];
  return { order: "received_first", where, values };
}

/** The widest pack of the stream says how far before `after` one may begin that ends behind it. */
function sequenceConditions(stream: string, after: number, from: number): Conditions {
  const order = "first_sequence";
  const where = "p.last_sequence > ? AND p.first_sequence >=";
  if (from > after) return { order, where: `${where} ?`, values: [after, from] };
  const span = "(SELECT sequence_span FROM streams WHERE name = ?)";
  return { order, where: `${where} ? - ${span}`, values: [after, after, stream] };
}

export function* pack(stream: string, packId: string): Step<PackRow | undefined> {
  if (parsePackId(packId)?.stream !== stream) return undefined;
  const key = packKey(packId, { id: yield* streamNumber(stream), name: stream });
  const where = "p.stream = ? AND p.serial = ? AND p.salt = ? AND p.day = ?";
  const row = yield* first(
    `SELECT ${WHOLE} FROM packs p WHERE ${where}`,
    ...[...keyValues(key), key.day],
  );
  return row === undefined ? undefined : packRowOf(row);
}

export function* openPacks(node: string): Step<PackRow[]> {
  const rows = yield* all(
    `SELECT stream, serial, salt FROM unsettled WHERE node = ? AND state = ${OPEN}
     ORDER BY stream, serial, salt`,
    yield* nodeNumber(node),
  );
  return yield* packsAt(rows);
}

export function* unarchived(node: string, limit: number): Step<PackRow[]> {
  const rows = yield* all(
    `SELECT stream, serial, salt FROM unsettled WHERE node = ? AND state = ${SEALED}
     ORDER BY received_first, stream, serial, salt LIMIT ?`,
    ...[yield* nodeNumber(node), limit],
  );
  return yield* packsAt(rows);
}

function* packsAt(keys: readonly Row[]): Step<PackRow[]> {
  const sql = `SELECT ${WHOLE} FROM packs p WHERE p.stream = ? AND p.serial = ? AND p.salt = ?`;
  const answers = yield* send(
    keys.map(({ stream, serial, salt }) =>
      query(sql, ...[Number(stream), Number(serial), Number(salt)]),
    ),
  );
  return answers.flatMap(({ rows }) => rows).map(packRowOf);
}

export function* unarchivedSum(node: string): Step<Unarchived> {
  const number = yield* nodeNumber(node);
  const [sums, oldest] = yield* send([
    query(
      `SELECT count(*) AS packs, coalesce(sum(bytes), 0) AS bytes FROM unsettled
       WHERE node = ? AND state = ${SEALED}`,
      number,
    ),
    query(
      `SELECT stream, serial, salt FROM unsettled WHERE node = ? AND state = ${SEALED}
       ORDER BY received_first, stream, serial, salt LIMIT 1`,
      number,
    ),
  ]);
  const sum = sums?.rows[0];
  const [first] = yield* packsAt(oldest?.rows ?? []);
  return {
    packs: Number(sum?.packs),
    bytes: Number(sum?.bytes),
    oldestMs: first === undefined ? undefined : millis(first.receivedLastMs),
  };
}

/**
 * No scan: first and last starts are ends of an index, and the last end is that of a pack which begins no further before
 * the last start than a pack is long.
 */
export function* extent(stream: string): Step<StreamExtent | undefined> {
  const row = yield* first("SELECT id, bytes FROM streams WHERE name = ?", stream);
  if (row === undefined) return undefined;
  const id = Number(row.id);
  const one = (what: string, where = "", ...values: number[]) =>
    query(`SELECT ${what} AS v FROM packs WHERE stream = ? ${where}`, id, ...values);
  const starts = yield* send([
    one("min(produced_start)"),
    one("max(produced_start)"),
    one("min(received_first)"),
    one("max(received_first)"),
  ]);
  if (starts[0]?.rows[0]?.v === null) return undefined;
  const [producedStart, lastStart, receivedFirst, lastFirst] = starts.map(numberIn);
  const ends = yield* send([
    one("max(produced_end)", "AND produced_start >= ?", (lastStart ?? 0) - MAX_PACK_SPAN_MS * 1000),
    one(
      "max(received_last)",
      "AND received_first >= ?",
      (lastFirst ?? 0) - MAX_PACK_SPAN_MS - RECEIVED_SLACK_MS,
    ),
  ]);
  const [producedEnd, receivedLast] = ends.map(numberIn);
  return {
    producedStartUs: micros(producedStart ?? 0),
    producedEndUs: micros(producedEnd ?? 0),
    receivedFirstMs: millis(receivedFirst ?? 0),
    receivedLastMs: millis(receivedLast ?? 0),
    bytes: Number(row.bytes),
  };
}

function numberIn({ rows }: { readonly rows: readonly Row[] }): number {
  return Number(rows[0]?.v);
}

/** Lists know when they may go: an index of those alone says which. */
export function* thin(receivedBeforeMs: number, limit: number): Step<number> {
  return yield* run(
    `DELETE FROM lists WHERE (stream, serial, salt) IN (
       SELECT stream, serial, salt FROM lists WHERE thin_ms < ? ORDER BY thin_ms LIMIT ?)`,
    ...[receivedBeforeMs, limit],
  );
}
