/**
 * Where a stream has media, hour by hour: one small row says what the sealed packs that begin in an hour cover, so a
 * month is 720 rows, not 43,200 packs. Written in the transaction that seals or removes a pack.
 */
import { assert } from "../../../base/assert.ts";
import { Fault } from "../../../base/errors.ts";
import { micros } from "../../../base/units.ts";
import type { PackStretch, TimeRange } from "../../../fragment/fragment.ts";
import { readTotals } from "../fragment-list.ts";
import { BlobReader, BlobWriter } from "../varint.ts";
import { OPEN } from "./pack-rows.ts";
import { all, query, type Row, type Step, send } from "./step.ts";
import { streamNumber } from "./streams.ts";
import { clampUs } from "./times.ts";

export const HOUR_US = 3_600_000_000;
/** Packs of one hour that are less than this apart are one stretch. */
const JOIN_US = 1_000_000;
const VERSION = 1;

const PUT = `INSERT INTO hours (stream, hour, stretches) VALUES (?, ?, ?)
  ON CONFLICT (stream, hour) DO UPDATE SET stretches = excluded.stretches`;
const SEALED_PACKS = `SELECT produced_start, produced_end, bytes, totals FROM packs
  WHERE stream = ? AND state <> ${OPEN} AND produced_start >= ? AND produced_start < ?`;

/** Counted together as they come. */
interface Counted {
  startUs: number;
  endUs: number;
  packs: number;
  fragments: number;
  bytes: number;
  longestUs: number;
}

/** A sealed pack that was not there before. */
export interface NewlySealed {
  readonly producedStartUs: number;
  readonly producedEndUs: number;
  readonly bytes: number;
  readonly totals: Uint8Array;
}

export function hourOf(us: number): number {
  return Math.floor(us / HOUR_US);
}

/** The stream's row is locked. */
export function* addToHours(stream: number, packs: readonly NewlySealed[]): Step<void> {
  const hours = new Map<number, Counted[]>();
  for (const pack of packs) {
    const hour = hourOf(pack.producedStartUs);
    const counted = countedPack(pack);
    hours.set(hour, [...(hours.get(hour) ?? []), counted]);
  }
  const numbers = [...hours.keys()];
  const found = yield* send(
    numbers.map((hour) =>
      query("SELECT stretches FROM hours WHERE stream = ? AND hour = ?", stream, hour),
    ),
  );
  yield* send(
    numbers.map((hour, i) => {
      const blob = found[i]?.rows[0]?.stretches as Uint8Array | undefined;
      const there = blob === undefined ? [] : readStretches(hour, blob);
      return query(PUT, stream, hour, writeStretches(hour, [...there, ...(hours.get(hour) ?? [])]));
    }),
  );
}

/** After packs of these hours went or changed, in the same transaction. */
export function* countHours(stream: number, hours: readonly number[]): Step<void> {
  const numbers = [...new Set(hours)];
  const left = yield* send(
    numbers.map((hour) => query(SEALED_PACKS, stream, hour * HOUR_US, (hour + 1) * HOUR_US)),
  );
  yield* send(
    numbers.map((hour, i) => {
      const packs = (left[i]?.rows ?? []).map(countedRow);
      return packs.length === 0
        ? query("DELETE FROM hours WHERE stream = ? AND hour = ?", stream, hour)
        : query(PUT, stream, hour, writeStretches(hour, packs));
    }),
  );
}

/** All of them, for an index that had none: costs one look at every pack. */
export function* countAllHours(): Step<void> {
  for (const { id } of yield* all("SELECT id FROM streams")) {
    const stream = Number(id);
    for (let from: number | undefined = 0; from !== undefined; ) {
      const [next] = yield* all(
        `SELECT produced_start FROM packs WHERE stream = ? AND produced_start >= ?
         ORDER BY produced_start LIMIT 1`,
        ...[stream, from],
      );
      if (next === undefined) break;
      const hour = hourOf(Number(next.produced_start));
      yield* countHours(stream, [hour]);
      from = (hour + 1) * HOUR_US;
    }
  }
}

/** See `FragmentReader.stretches`. */
export function* stretches(name: string, range: TimeRange, joinMs: number): Step<PackStretch[]> {
  const [fromHour, toHour] = [range.fromMs, range.toMs].map((ms) => (ms * 1000) / HOUR_US);
  assert(Number.isInteger(fromHour) && Number.isInteger(toHour), "stretches are of whole hours");
  const stream = yield* streamNumber(name);
  const [hours, open] = yield* send([
    query(
      "SELECT hour, stretches FROM hours WHERE stream = ? AND hour >= ? AND hour < ? ORDER BY hour",
      ...[stream, clampHour(fromHour), clampHour(toHour)],
    ),
    query(
      `SELECT p.produced_start, p.produced_end, p.bytes, p.totals FROM unsettled u
       JOIN packs p ON p.stream = u.stream AND p.serial = u.serial AND p.salt = u.salt
       WHERE u.stream = ? AND u.state = ${OPEN} AND u.produced_start >= ? AND u.produced_start < ?`,
      ...[stream, clampUs(range.fromMs), clampUs(range.toMs)],
    ),
  ]);
  const sealed = (hours?.rows ?? []).flatMap((row) =>
    readStretches(Number(row.hour), row.stretches as Uint8Array),
  );
  const both = [...sealed, ...(open?.rows ?? []).map(countedRow)];
  return joined(both, Math.max(joinMs * 1000, JOIN_US)).map((one) => ({
    ...one,
    startUs: micros(one.startUs),
    endUs: micros(one.endUs),
  }));
}

/** PostgreSQL's integers have 32 bits: the last hour is in the year 246,953. */
function clampHour(hour = 0): number {
  return Math.min(Math.max(hour, 0), 2 ** 31 - 1);
}

function countedPack({ producedStartUs, producedEndUs, bytes, totals }: NewlySealed): Counted {
  return {
    ...{ startUs: producedStartUs, endUs: producedEndUs, packs: 1, bytes },
    fragments: readTotals(totals).fragments,
    longestUs: producedEndUs - producedStartUs,
  };
}

function countedRow(row: Row): Counted {
  return countedPack({
    producedStartUs: Number(row.produced_start),
    producedEndUs: Number(row.produced_end),
    bytes: Number(row.bytes),
    totals: row.totals as Uint8Array,
  });
}

/** By start; those less than `joinUs` apart are one. The same whatever order they come in. */
function joined(parts: readonly Counted[], joinUs: number): Counted[] {
  const out: Counted[] = [];
  for (const part of [...parts].sort((a, b) => a.startUs - b.startUs)) {
    const last = out.at(-1);
    if (last === undefined || part.startUs - last.endUs >= joinUs) out.push({ ...part });
    else {
      last.endUs = Math.max(last.endUs, part.endUs);
      last.packs += part.packs;
      last.fragments += part.fragments;
      last.bytes += part.bytes;
      last.longestUs = Math.max(last.longestUs, part.longestUs);
    }
  }
  return out;
}

/** docs/formats/index.md. */
function writeStretches(hour: number, parts: readonly Counted[]): Uint8Array {
  const out = new BlobWriter();
  out.byte(VERSION);
  let before = hour * HOUR_US;
  for (const one of joined(parts, JOIN_US)) {
    out.uint(one.startUs - before);
    out.uint(one.endUs - one.startUs);
    for (const count of [one.packs, one.fragments, one.bytes, one.longestUs]) out.uint(count);
    before = one.startUs;
  }
  return out.bytes();
}

function readStretches(hour: number, blob: Uint8Array): Counted[] {
  const reader = new BlobReader(blob);
  const version = reader.byte();
  if (version !== VERSION) throw new Fault("store.corrupt", `stretches of version ${version}`);
  const out: Counted[] = [];
  for (let startUs = hour * HOUR_US; !reader.done; ) {
    startUs += reader.uint();
    out.push({
      ...{ startUs, endUs: startUs + reader.uint(), packs: reader.uint() },
      ...{ fragments: reader.uint(), bytes: reader.uint(), longestUs: reader.uint() },
    });
  }
  return out;
}
