/**
 * Chains of packs: each sealed pack that follows the one before it carries the sums of all packs of its chain up to
 * itself, so what lies between two of them is a difference, however many there are. A camera that runs
 * for months is one chain; a step of its clock, another track set or overlapping sessions begin another. Removing
 * packs cuts a chain into pieces of one number (chain-cut.ts): a row of `chains` is a piece.
 */
import { micros } from "../../../base/units.ts";
import {
  CHAIN_OVERLAP_US,
  type Fingerprint,
  type PackChain,
  type PackTotals,
  type TimeRange,
} from "../../../fragment/fragment.ts";
import { TotalsCounter } from "../../../fragment/pack-totals.ts";
import {
  addFingerprint,
  packFingerprint,
  subtractFingerprint,
} from "../../../native/fingerprint.ts";
import { MAX_PACK_SPAN_MS, type PackRow } from "../fragment-index.ts";
import { readTotals, writeTotals } from "../fragment-list.ts";
import { BlobReader, BlobWriter } from "../varint.ts";
import { keyValues, OF_PACK, type PackKey, packIdOf } from "./pack-rows.ts";
import { all, first, query, type Row, type Step, send } from "./step.ts";
import { streamNumber } from "./streams.ts";
import { clampUs } from "./times.ts";

/** Of one pack, or of a chain up to one. */
interface Sums {
  readonly totals: PackTotals;
  readonly fingerprint: Fingerprint;
}

/** Fewer packs than this are as quickly looked at one by one. */
const MIN_PACKS = 4;

interface Sealed {
  readonly row: PackRow;
  readonly key: PackKey;
  readonly trackSet: number;
}

/** Inside the transaction that seals a pack which has no chain yet. */
export function* chainPack({ row, key, trackSet }: Sealed): Step<void> {
  const { stream } = key;
  const last = yield* first(
    "SELECT * FROM chains WHERE stream = ? ORDER BY last_sequence DESC LIMIT 1",
    stream,
  );
  const goesOn = last !== undefined && follows(row, trackSet, last);
  const totals = readTotals(row.totals);
  const alone: Sums = { totals, fingerprint: packFingerprint({ ...row, totals }) };
  const sums = writeSums(goesOn ? add(readSums(last.sums), alone) : alone);
  const chain = goesOn ? Number(last.chain) : yield* nextChain(stream);
  const start = goesOn ? Number(last.start_us) : row.producedStartUs;
  yield* send([
    query(`UPDATE packs SET chain = ?, sums = ? WHERE ${OF_PACK}`, chain, sums, ...keyValues(key)),
    query(
      `INSERT INTO chains (stream, chain, start_us, track_set, end_us, last_start, last_sequence, sums)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (stream, chain, start_us) DO UPDATE SET end_us = excluded.end_us,
       last_start = excluded.last_start, last_sequence = excluded.last_sequence, sums = excluded.sums`,
      ...[stream, chain, start, trackSet, row.producedEndUs],
      ...[row.producedStartUs, row.lastSequence, sums],
    ),
  ]);
}

/** In the same order by time, by end and by sequence, and of the same tracks. */
function follows(row: PackRow, trackSet: number, last: Row): boolean {
  const end = Number(last.end_us);
  return (
    trackSet === Number(last.track_set) &&
    row.firstSequence > Number(last.last_sequence) &&
    row.producedStartUs >= Math.max(Number(last.last_start), end - CHAIN_OVERLAP_US) &&
    row.producedEndUs >= end
  );
}

function* nextChain(stream: number): Step<number> {
  const row = yield* first("SELECT max(chain) AS v FROM chains WHERE stream = ?", stream);
  return Number(row?.v ?? 0) + 1;
}

/** See `FragmentReader.chain`. */
export function* chain(name: string, range: TimeRange): Step<PackChain | undefined> {
  const [fromUs, toUs] = [clampUs(range.fromMs), clampUs(range.toMs)];
  const stream = yield* streamNumber(name);
  const [piece, another] = yield* all(
    "SELECT * FROM chains WHERE stream = ? AND end_us > ? AND start_us < ? LIMIT 2",
    ...[stream, fromUs, toUs],
  );
  if (piece === undefined || another !== undefined) return undefined;
  const columns = `p.*, (SELECT id FROM track_sets t WHERE t.num = p.track_set) AS track_set_id`;
  const ofPiece =
    "p.stream = ? AND p.chain = ? AND p.produced_start >= ? AND p.produced_start <= ?";
  const number = Number(piece.chain);
  const [start, lastStart] = [Number(piece.start_us), Number(piece.last_start)];
  const [begin, end, unchained] = yield* send([
    query(
      `SELECT ${columns} FROM packs p WHERE ${ofPiece}
       ORDER BY p.produced_start, p.first_sequence LIMIT ${MIN_PACKS} OFFSET 1`,
      ...[stream, number, Math.max(fromUs, start), lastStart],
    ),
    query(
      `SELECT ${columns} FROM packs p WHERE ${ofPiece} AND p.produced_start < ? AND p.produced_end <= ?
       ORDER BY p.produced_start DESC, p.first_sequence DESC LIMIT 1`,
      ...[stream, number, start, lastStart, toUs, toUs],
    ),
    query(
      `SELECT p.produced_start, p.produced_end, p.first_sequence FROM unsettled u
       JOIN packs p ON p.stream = u.stream AND p.serial = u.serial AND p.salt = u.salt
       WHERE u.stream = ? AND u.loose = 1 AND u.produced_start >= ? AND u.produced_start < ?`,
      ...[stream, fromUs - MAX_PACK_SPAN_MS * 1000, toUs],
    ),
  ]);
  const [from, ...rest] = begin?.rows ?? [];
  const to = end?.rows[0];
  if (from === undefined || to === undefined || rest.length < MIN_PACKS - 1) return undefined;
  if (Number(to.first_sequence) <= Number(from.first_sequence)) return undefined;
  const loose = (unchained?.rows ?? []).filter((pack) => Number(pack.produced_end) > fromUs);
  return loose.every((pack) => comesAfter(pack, to)) ? between(name, from, to) : undefined;
}

/** The open pack goes on where the chain ends; one that a failure left behind may lie anywhere. */
function comesAfter(pack: Row, last: Row): boolean {
  return (
    Number(pack.produced_start) >= Number(last.produced_end) - CHAIN_OVERLAP_US &&
    Number(pack.first_sequence) > Number(last.last_sequence)
  );
}

function between(stream: string, from: Row, to: Row): PackChain {
  const upTo = readSums(to.sums);
  const until = readSums(from.sums);
  const firstTotals = readTotals(from.totals as Uint8Array);
  const totals = new TotalsCounter();
  totals.addAll(upTo.totals);
  totals.addAll(until.totals, -1);
  totals.addAll(firstTotals);
  const trackSetId = String(from.track_set_id);
  const ofFirst = packFingerprint({
    packId: packIdOf(stream, from),
    trackSetId,
    totals: firstTotals,
  });
  return {
    trackSetId,
    totals: totals.totals(),
    fingerprint: addFingerprint(subtractFingerprint(upTo.fingerprint, until.fingerprint), ofFirst),
    producedStartUs: micros(Number(from.produced_start)),
    producedEndUs: micros(Number(to.produced_end)),
    firstSequence: Number(from.first_sequence),
    lastSequence: Number(to.last_sequence),
  };
}

function add(a: Sums, b: Sums): Sums {
  const totals = new TotalsCounter();
  totals.addAll(a.totals);
  totals.addAll(b.totals);
  return { totals: totals.totals(), fingerprint: addFingerprint(a.fingerprint, b.fingerprint) };
}

/** `sums` blob: two uint of the fingerprint, then a totals blob. */
function writeSums({ totals, fingerprint }: Sums): Uint8Array {
  const out = new BlobWriter();
  for (const value of fingerprint) out.uint(value);
  out.append(writeTotals(totals));
  return out.bytes();
}

function readSums(blob: unknown): Sums {
  const reader = new BlobReader(blob as Uint8Array);
  const fingerprint: Fingerprint = [reader.uint(), reader.uint()];
  return { fingerprint, totals: readTotals(reader.rest()) };
}
