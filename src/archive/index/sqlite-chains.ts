/**
 * Chains of packs: each sealed pack that follows the one before it carries the sums of all packs of its chain up to
 * itself, so what lies between two of them is a difference, however many there are. A camera that runs
 * for months is one chain; a step of its clock, another track set or overlapping sessions begin another.
 */
import type { SQLInputValue } from "node:sqlite";
import { micros } from "../../base/units.ts";
import {
  CHAIN_OVERLAP_US,
  type Fingerprint,
  type PackChain,
  type PackTotals,
} from "../../fragment/fragment.ts";
import { TotalsCounter } from "../../fragment/pack-totals.ts";
import { addFingerprint, packFingerprint, subtractFingerprint } from "../../native/fingerprint.ts";
import { MAX_PACK_SPAN_MS, type PackRow } from "./fragment-index.ts";
import { readTotals, writeTotals } from "./fragment-list.ts";
import { BlobReader, BlobWriter } from "./varint.ts";

type Row = Record<string, unknown>;

export interface Queries {
  all(sql: string, ...values: SQLInputValue[]): Row[];
  run(sql: string, ...values: SQLInputValue[]): number;
}

/** Of one pack, or of a chain up to one. */
interface Sums {
  readonly totals: PackTotals;
  readonly fingerprint: Fingerprint;
}

/** Fewer packs than this are as quickly looked at one by one. */
const MIN_PACKS = 4;

/** Inside the transaction that seals the pack. A pack that has a chain keeps it. */
export function chainPack(db: Queries, row: PackRow): void {
  const { stream, packId } = row;
  const [own] = db.all("SELECT chain FROM packs WHERE stream = ? AND pack_id = ?", stream, packId);
  if (own === undefined || Number(own.chain) > 0) return;
  const [last] = db.all(
    "SELECT * FROM chains WHERE stream = ? ORDER BY last_sequence DESC LIMIT 1",
    stream,
  );
  const goesOn = last !== undefined && follows(row, last);
  const totals = readTotals(row.totals);
  const alone: Sums = { totals, fingerprint: packFingerprint({ ...row, totals }) };
  const sums = writeSums(goesOn ? add(readSums(last.sums), alone) : alone);
  const chain = goesOn ? Number(last.chain) : nextChain(db, stream);
  const start = goesOn ? Number(last.start) : row.producedStartUs;
  db.run(
    "UPDATE packs SET chain = ?, sums = ? WHERE stream = ? AND pack_id = ?",
    ...[chain, sums, stream, packId],
  );
  db.run(
    "INSERT OR REPLACE INTO chains VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ...[stream, chain, row.trackSetId, start, row.producedEndUs],
    ...[row.producedStartUs, row.lastSequence, sums],
  );
}

/** In the same order by time, by end and by sequence, and of the same tracks. */
function follows(row: PackRow, last: Row): boolean {
  const end = Number(last.end);
  return (
    row.trackSetId === last.track_set &&
    row.firstSequence > Number(last.last_sequence) &&
    row.producedStartUs >= Math.max(Number(last.last_start), end - CHAIN_OVERLAP_US) &&
    row.producedEndUs >= end
  );
}

function nextChain(db: Queries, stream: string): number {
  const [row] = db.all("SELECT max(chain) AS v FROM chains WHERE stream = ?", stream);
  return Number(row?.v ?? 0) + 1;
}

/** See `FragmentReader.chain`. Times in µs. */
export function chainIn(
  db: Queries,
  stream: string,
  { fromUs, toUs }: { fromUs: number; toUs: number },
): PackChain | undefined {
  const [chain, another] = db.all(
    "SELECT chain, start FROM chains WHERE stream = ? AND end > ? AND start < ? LIMIT 2",
    ...[stream, fromUs, toUs],
  );
  if (chain === undefined || another !== undefined) return undefined;
  const number = Number(chain.chain);
  const [first, ...rest] = db.all(
    `SELECT * FROM packs WHERE stream = ? AND chain = ? AND produced_start >= ?
     ORDER BY produced_start, first_sequence LIMIT ${MIN_PACKS} OFFSET 1`,
    ...[stream, number, Math.max(fromUs, Number(chain.start))],
  );
  if (first === undefined || rest.length < MIN_PACKS - 1) return undefined;
  const [last] = db.all(
    `SELECT * FROM packs WHERE stream = ? AND chain = ? AND produced_start < ? AND produced_end <= ?
     ORDER BY produced_start DESC, first_sequence DESC LIMIT 1`,
    ...[stream, number, toUs, toUs],
  );
  if (last === undefined || Number(last.first_sequence) <= Number(first.first_sequence))
    return undefined;
  if (!unchainedComeAfter(db, last, { stream, fromUs, toUs })) return undefined;
  return between(first, last);
}

/** The open pack goes on where the chain ends; one that a failure left behind may lie anywhere. */
function unchainedComeAfter(
  db: Queries,
  last: Row,
  { stream, fromUs, toUs }: { stream: string; fromUs: number; toUs: number },
): boolean {
  const packs = db.all(
    `SELECT produced_start, produced_end, first_sequence FROM packs
     WHERE stream = ? AND chain = 0 AND produced_start >= ? AND produced_start < ?`,
    ...[stream, fromUs - MAX_PACK_SPAN_MS * 1000, toUs],
  );
  return packs
    .filter((pack) => Number(pack.produced_end) > fromUs)
    .every(
      (pack) =>
        Number(pack.produced_start) >= Number(last.produced_end) - CHAIN_OVERLAP_US &&
        Number(pack.first_sequence) > Number(last.last_sequence),
    );
}

function between(first: Row, last: Row): PackChain {
  const upTo = readSums(last.sums);
  const until = readSums(first.sums);
  const firstTotals = readTotals(first.totals as Uint8Array);
  const totals = new TotalsCounter();
  totals.addAll(upTo.totals);
  totals.addAll(until.totals, -1);
  totals.addAll(firstTotals);
  const trackSetId = String(first.track_set);
  const ofFirst = packFingerprint({
    packId: String(first.pack_id),
    trackSetId,
    totals: firstTotals,
  });
  return {
    trackSetId,
    totals: totals.totals(),
    fingerprint: addFingerprint(subtractFingerprint(upTo.fingerprint, until.fingerprint), ofFirst),
    producedStartUs: micros(Number(first.produced_start)),
    producedEndUs: micros(Number(last.produced_end)),
    firstSequence: Number(first.first_sequence),
    lastSequence: Number(last.last_sequence),
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
