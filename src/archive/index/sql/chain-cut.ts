/**
 * Chains whose packs are removed. A difference of two sums counts every pack between them, so a chain is cut where one
 * is gone: each piece is a row of `chains` of the same number, from its first pack's start to its last pack's.
 */
import { keyValues, OF_PACK } from "./pack-rows.ts";
import { all, type Query, query, type Row, type Step, send } from "./step.ts";

/** A pack that has gone. */
export interface GonePack {
  readonly chain: number;
  readonly producedStartUs: number;
}

/** After the rows of these packs are gone, in the same transaction. */
export function* cutChains(stream: number, gone: readonly GonePack[]): Step<void> {
  const byChain = new Map<number, number[]>();
  for (const { chain, producedStartUs } of gone)
    if (chain > 0) byChain.set(chain, [...(byChain.get(chain) ?? []), producedStartUs]);
  for (const [chain, starts] of byChain) {
    starts.sort((a, b) => a - b);
    const [low, high] = [starts[0] ?? 0, starts.at(-1) ?? 0];
    const pieces = yield* all(
      `SELECT * FROM chains WHERE stream = ? AND chain = ? AND start_us <= ? AND last_start >= ?`,
      ...[stream, chain, high, low],
    );
    for (const piece of pieces) yield* cutPiece({ stream, chain, piece, starts });
  }
}

interface Cut {
  readonly stream: number;
  readonly chain: number;
  readonly piece: Row;
  /** Where packs are gone, ascending. */
  readonly starts: readonly number[];
}

function* cutPiece({ stream, chain, piece, starts }: Cut): Step<void> {
  const [start, lastStart] = [Number(piece.start_us), Number(piece.last_start)];
  const inside = starts.filter((at) => at >= start && at <= lastStart);
  const [low, high] = [inside[0], inside.at(-1)];
  if (low === undefined || high === undefined) return;
  const select = `SELECT serial, salt, produced_start, produced_end, last_sequence, sums FROM packs
    WHERE stream = ? AND chain = ? AND produced_start`;
  const [among, before, behind] = yield* send([
    query(
      `${select} >= ? AND produced_start <= ? ORDER BY produced_start, first_sequence`,
      ...[stream, chain, low, high],
    ),
    query(
      `${select} < ? AND produced_start >= ? ORDER BY produced_start DESC, first_sequence DESC LIMIT 1`,
      ...[stream, chain, low, start],
    ),
    query(
      `${select} > ? AND produced_start <= ? ORDER BY produced_start, first_sequence LIMIT 1`,
      ...[stream, chain, high, lastStart],
    ),
  ]);
  const insert = pieceInsert({ stream, chain, trackSet: Number(piece.track_set) });
  const queries: Query[] = [
    query(
      "DELETE FROM chains WHERE stream = ? AND chain = ? AND start_us = ?",
      ...[stream, chain, start],
    ),
  ];
  const head = before?.rows[0];
  if (head !== undefined) queries.push(insert(start, head));
  queries.push(...middle(stream, among?.rows ?? [], inside, insert));
  const tail = behind?.rows[0];
  if (tail !== undefined) {
    const { end_us: end, last_start: last, last_sequence: sequence, sums } = piece;
    const row = { produced_end: end, produced_start: last, last_sequence: sequence, sums };
    queries.push(insert(Number(tail.produced_start), row));
  }
  yield* send(queries);
}

/** A pack that leaves its chain. */
const LOOSE = `INSERT INTO unsettled (stream, serial, salt, node, state, loose, produced_start,
  received_first, bytes) SELECT stream, serial, salt, node, state, 1, produced_start, received_first,
  bytes FROM packs WHERE ${OF_PACK}
  ON CONFLICT (stream, serial, salt) DO UPDATE SET loose = 1`;

type PieceInsert = (startUs: number, last: Row) => Query;

function pieceInsert(of: { stream: number; chain: number; trackSet: number }): PieceInsert {
  return (startUs, last) =>
    query(
      `INSERT INTO chains (stream, chain, start_us, track_set, end_us, last_start, last_sequence, sums)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[of.stream, of.chain, startUs, of.trackSet, Number(last.produced_end)],
      ...[Number(last.produced_start), Number(last.last_sequence), last.sums as Uint8Array],
    );
}

/** What is left between the first and the last that went: a piece for every stretch between two that are gone. */
function middle(
  stream: number,
  left: readonly Row[],
  gone: readonly number[],
  insert: PieceInsert,
): Query[] {
  const queries: Query[] = [];
  const stretches = new Map<number, Row[]>();
  let passed = 0;
  for (const row of left) {
    const at = Number(row.produced_start);
    while ((gone[passed] ?? Number.POSITIVE_INFINITY) < at) passed++;
    // It begins where one that is gone began: which of them came first is not known, so it is in no piece.
    if (gone[passed] === at) {
      const key = { stream, day: 0, serial: Number(row.serial), salt: Number(row.salt) };
      const values = keyValues(key);
      queries.push(query(LOOSE, ...values));
      queries.push(query(`UPDATE packs SET chain = 0, sums = NULL WHERE ${OF_PACK}`, ...values));
    } else stretches.set(passed, [...(stretches.get(passed) ?? []), row]);
  }
  for (const rows of stretches.values()) {
    const [from, to] = [rows[0], rows.at(-1)];
    if (from !== undefined && to !== undefined)
      queries.push(insert(Number(from.produced_start), to));
  }
  return queries;
}
