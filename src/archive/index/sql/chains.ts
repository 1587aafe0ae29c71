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
  MAX_PACK_SPAN_MS,
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
import type { PackRow } from "../fragment-index.ts";
import { readTotals, writeTotals } from "../fragment-list.ts";
import { BlobReader, BlobWriter } from "../varint.ts";
import { type PackKey, packIdOf } from "./pack-rows.ts";
import { all, first, query, type Row, run, type Step, send } from "./step.ts";
import { streamNumber } from "./streams.ts";
import { clampUs } from "./times.ts";

/** Of one pack, or of a chain up to one. */
export interface Sums {
  readonly totals: PackTotals;
  readonly fingerprint: Fingerprint;
}

/** Fewer packs than this are as quickly looked at one by one. */
const MIN_PACKS = 4;
/** With more holes than this in the range, packs are looked at one by one. */
const MAX_PIECES = 64;

/** Columns of a pack that is added up, the row being `p`. */
const MEMBER = "p.*, (SELECT id FROM track_sets t WHERE t.num = p.track_set) AS track_set_id";
const OF_CHAIN = "p.stream = ? AND p.chain = ? AND p.produced_start >= ? AND p.produced_start <= ?";

interface Sealed {
  readonly row: PackRow;
  readonly key: PackKey;
  readonly trackSet: number;
}

/** What a sealed pack's row has of its chain. */
export interface ChainLink {
  /** 0: none. */
  readonly chain: number;
  readonly sums: Uint8Array | null;
}

/** Inside the transaction that seals a pack which has no chain yet. The pack's row is the caller's to write. */
export function* chainPack({ row, key, trackSet }: Sealed): Step<ChainLink> {
  const { stream } = key;
  const last = yield* first(
    "SELECT * FROM chains WHERE stream = ? ORDER BY last_sequence DESC LIMIT 1",
    stream,
  );
  const goesOn = last !== undefined && follows(row, trackSet, last);
  const totals = readTotals(row.totals);
  const alone: Sums = { totals, fingerprint: packFingerprint({ ...row, totals }) };
  const sums = writeSums(goesOn ? addSums(readSums(last.sums), alone) : alone);
  const chain = goesOn ? Number(last.chain) : yield* nextChain(stream);
  const start = goesOn ? Number(last.start_us) : row.producedStartUs;
  yield* run(
    `INSERT INTO chains (stream, chain, start_us, track_set, end_us, last_start, last_sequence, sums)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (stream, chain, start_us) DO UPDATE SET end_us = excluded.end_us,
     last_start = excluded.last_start, last_sequence = excluded.last_sequence, sums = excluded.sums`,
    ...[stream, chain, start, trackSet, row.producedEndUs],
    ...[row.producedStartUs, row.lastSequence, sums],
  );
  return { chain, sums };
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

/** See `FragmentReader.chain`. Pieces of one chain follow each other: what is in them is added up. */
export function* chain(name: string, range: TimeRange): Step<PackChain | undefined> {
  const [fromUs, toUs] = [clampUs(range.fromMs), clampUs(range.toMs)];
  const stream = yield* streamNumber(name);
  const pieces = yield* all(
    `SELECT * FROM chains WHERE stream = ? AND end_us > ? AND start_us < ?
     ORDER BY start_us LIMIT ${MAX_PIECES + 1}`,
    ...[stream, fromUs, toUs],
  );
  const [number, ...others] = [...new Set(pieces.map((piece) => Number(piece.chain)))];
  if (number === undefined || others.length > 0 || pieces.length > MAX_PIECES) return undefined;
  const [start, lastStart] = [Number(pieces[0]?.start_us), Number(pieces.at(-1)?.last_start)];
  const [begin, end, unchained] = yield* send([
    query(
      `SELECT ${MEMBER} FROM packs p WHERE ${OF_CHAIN}
       ORDER BY p.produced_start, p.first_sequence LIMIT ${MIN_PACKS} OFFSET 1`,
      ...[stream, number, Math.max(fromUs, start), lastStart],
    ),
    query(
      `SELECT ${MEMBER} FROM packs p WHERE ${OF_CHAIN} AND p.produced_start < ? AND p.produced_end <= ?
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
  if (!loose.every((pack) => comesAfter(pack, to))) return undefined;
  const stretches = yield* stretchesOf({ stream, number, pieces, from, to });
  return stretches === undefined ? undefined : between(name, from, to, stretches);
}

/** Packs that follow each other in one piece, from this one up to the one with these sums. */
interface Stretch {
  readonly first: Row;
  readonly upTo: Sums;
}

interface Members {
  readonly stream: number;
  readonly number: number;
  readonly pieces: readonly Row[];
  readonly from: Row;
  readonly to: Row;
}

function* stretchesOf(members: Members): Step<Stretch[] | undefined> {
  const { stream, number, pieces, from, to } = members;
  const [at, until] = [from, to].map((pack) => pieceOf(pieces, pack));
  if (at === undefined || until === undefined || at < 0 || until < at) return undefined;
  const firsts = yield* send(
    pieces
      .slice(at + 1, until + 1)
      .map(({ start_us: start }) =>
        query(
          `SELECT ${MEMBER} FROM packs p WHERE ${OF_CHAIN} ORDER BY p.first_sequence LIMIT 1`,
          ...[stream, number, Number(start), Number(start)],
        ),
      ),
  );
  const begins = [from, ...firsts.map(({ rows }) => rows[0])];
  return begins.flatMap((first, i) => {
    if (first === undefined) return [];
    const last = at + i === until ? to : pieces[at + i];
    return { first, upTo: readSums(last?.sums) };
  });
}

function pieceOf(pieces: readonly Row[], pack: Row): number {
  const at = Number(pack.produced_start);
  return pieces.findIndex(
    (piece) => Number(piece.start_us) <= at && at <= Number(piece.last_start),
  );
}

/** The open pack goes on where the chain ends; one that a failure left behind may lie anywhere. As in `follows`. */
function comesAfter(pack: Row, last: Row): boolean {
  const start = Number(pack.produced_start);
  return (
    start >= Number(last.produced_start) &&
    start >= Number(last.produced_end) - CHAIN_OVERLAP_US &&
    Number(pack.first_sequence) > Number(last.last_sequence)
  );
}

function between(stream: string, from: Row, to: Row, stretches: readonly Stretch[]): PackChain {
  const trackSetId = String(from.track_set_id);
  const totals = new TotalsCounter();
  let fingerprint: Fingerprint = [0, 0];
  for (const { first, upTo } of stretches) {
    const until = readSums(first.sums);
    const own = readTotals(first.totals as Uint8Array);
    totals.addAll(upTo.totals);
    totals.addAll(until.totals, -1);
    totals.addAll(own);
    const packId = packIdOf(stream, first);
    const ofFirst = packFingerprint({ packId, trackSetId, totals: own });
    const more = subtractFingerprint(upTo.fingerprint, until.fingerprint);
    fingerprint = addFingerprint(addFingerprint(fingerprint, more), ofFirst);
  }
  return {
    trackSetId,
    totals: totals.totals(),
    fingerprint,
    producedStartUs: micros(Number(from.produced_start)),
    producedEndUs: micros(Number(to.produced_end)),
    firstSequence: Number(from.first_sequence),
    lastSequence: Number(to.last_sequence),
  };
}

export function addSums(a: Sums, b: Sums): Sums {
  const totals = new TotalsCounter();
  totals.addAll(a.totals);
  totals.addAll(b.totals);
  return { totals: totals.totals(), fingerprint: addFingerprint(a.fingerprint, b.fingerprint) };
}

/** `sums` blob: two uint of the fingerprint, then a totals blob. */
export function writeSums({ totals, fingerprint }: Sums): Uint8Array {
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
