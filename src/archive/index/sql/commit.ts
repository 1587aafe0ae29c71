/** Writing packs, with everything that becomes true at the same moment. */
import { Fault } from "../../../base/errors.ts";
import type { Commit, PackRow } from "../fragment-index.ts";
import { type ChainLink, chainPack } from "./chains.ts";
import { addEvents } from "./events.ts";
import { addToHours, countHours, hourOf } from "./hours.ts";
import { checkFences } from "./leases.ts";
import { addGap } from "./ledger.ts";
import { addTrackSets, nodeNumbers, numberOf, trackSetNumbers } from "./numbers.ts";
import { ARCHIVED, keyValues, OF_PACK, OPEN, type PackKey, packKey, stateOf } from "./pack-rows.ts";
import { type Dialect, type Query, query, type Row, type Step, send } from "./step.ts";
import { type LockedStream, lockStreams } from "./streams.ts";

const INSERT = `INSERT INTO packs (stream, serial, salt, day, track_set, node, state, produced_start,
  produced_end, received_first, received_last, first_sequence, last_sequence, bytes, list_offset,
  list_bytes, totals, chain, sums)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const UPDATE = `UPDATE packs SET node = ?, state = ?, produced_start = ?, produced_end = ?,
  received_first = ?, received_last = ?, first_sequence = ?, last_sequence = ?, bytes = ?,
  list_offset = ?, list_bytes = ?, totals = ?, chain = ?, sums = ? WHERE ${OF_PACK}`;

/** A pack that grows at its end, as nearly all do: nothing that it is found by changes. */
const GROW = `UPDATE packs SET produced_end = ?, received_last = ?, last_sequence = ?, bytes = ?,
  totals = ? WHERE ${OF_PACK}`;

/** Packs that are open, not archived or in no chain: a small table, so that of a pack's own row no index changes. */
const UNSETTLED = `INSERT INTO unsettled (stream, serial, salt, node, state, loose, produced_start,
  received_first, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (stream, serial, salt) DO UPDATE SET node = excluded.node, state = excluded.state,
  loose = excluded.loose, produced_start = excluded.produced_start,
  received_first = excluded.received_first, bytes = excluded.bytes`;

const LIST = `INSERT INTO lists (stream, serial, salt, thin_ms, fragments) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (stream, serial, salt) DO UPDATE SET thin_ms = excluded.thin_ms,
  fragments = excluded.fragments`;

/** Throws `ingest.fenced`, `stream.not-found`, `store.not-found` (a track set that is not there). */
export function* commit(db: Dialect, all: Commit): Step<void> {
  const { trackSets = [], gaps = [], events = [], fences = [] } = all;
  // The last of several rows of one pack counts.
  const rows = [...new Map((all.rows ?? []).map((row) => [row.packId, row])).values()];
  yield* checkFences(db, fences);
  yield* addTrackSets(trackSets);
  const streams = yield* lockStreams(
    db,
    [...rows, ...gaps].map(({ stream }) => stream),
  );
  if (rows.length > 0) yield* writePacks(db, streams, rows);
  for (const gap of gaps) yield* addGap(gap);
  yield* addEvents(events);
}

interface Written {
  readonly row: PackRow;
  readonly key: PackKey;
  readonly stream: LockedStream;
  readonly trackSet: number;
  readonly node: number;
  /** What is there of it. */
  readonly old: Row | undefined;
  readonly link: ChainLink;
}

export function* writePacks(
  db: Dialect,
  streams: ReadonlyMap<string, LockedStream>,
  rows: readonly PackRow[],
): Step<void> {
  const sets = yield* trackSetNumbers(rows.map(({ trackSetId }) => trackSetId));
  const nodes = yield* nodeNumbers(rows.map(({ node }) => node));
  const found = rows.map((row) => {
    const stream = streams.get(row.stream);
    if (stream === undefined)
      throw new Fault("stream.not-found", `there is no stream ${row.stream}`);
    const key = packKey(row.packId, stream);
    const [trackSet, node] = [numberOf(sets, row.trackSetId), numberOf(nodes, row.node)];
    return { row, stream, key, trackSet, node };
  });
  const olds = yield* send(
    found.map(({ key }) =>
      query(
        `SELECT node, state, produced_start, received_first, first_sequence, bytes, list_offset,
         list_bytes, chain, sums FROM packs WHERE ${OF_PACK}`,
        ...keyValues(key),
      ),
    ),
  );
  const written: Written[] = [];
  for (const [i, one] of found.entries()) {
    const old = olds[i]?.rows[0];
    const has = { chain: Number(old?.chain ?? 0), sums: (old?.sums ?? null) as Uint8Array | null };
    const link = one.row.sealed && has.chain === 0 ? yield* chainPack(one) : has;
    written.push({ ...one, old, link });
  }
  yield* send([...written.flatMap(packQueries), ...streamQueries(db, written)]);
  yield* writeHours(written);
}

/** What sealed packs cover. A sealed one does not change, but for a repair. */
function* writeHours(written: readonly Written[]): Step<void> {
  for (const id of new Set(written.map(({ stream }) => stream.id))) {
    const sealed = written.filter(({ stream, row }) => stream.id === id && row.sealed);
    const isNew = ({ old }: Written) => old === undefined || Number(old.state) === OPEN;
    yield* addToHours(
      id,
      sealed.filter(isNew).map(({ row }) => row),
    );
    const changed = sealed.filter(
      ({ row, old }) =>
        old !== undefined &&
        Number(old.state) !== OPEN &&
        (Number(old.bytes) !== row.bytes || Number(old.produced_start) !== row.producedStartUs),
    );
    const hours = changed.flatMap(({ row, old }) =>
      [row.producedStartUs, Number(old?.produced_start)].map(hourOf),
    );
    yield* countHours(id, hours);
  }
}

function packQueries({ row, key, trackSet, node, old, link }: Written): Query[] {
  const state = stateOf(row);
  const { totals, fragments } = row;
  const ends = [row.producedEndUs, row.receivedLastMs, row.lastSequence, row.bytes];
  const all = [
    ...[node, state, row.producedStartUs, row.producedEndUs],
    ...[row.receivedFirstMs, row.receivedLastMs, row.firstSequence, row.lastSequence],
    ...[row.bytes, row.listOffset, row.listBytes, totals, link.chain, link.sums],
  ];
  const packs =
    old !== undefined && link.chain === Number(old.chain) && grows(row, { node, state }, old)
      ? [query(GROW, ...ends, totals, ...keyValues(key))]
      : [
          old === undefined
            ? query(INSERT, ...keyValues(key), key.day, trackSet, ...all)
            : query(UPDATE, ...all, ...keyValues(key)),
          unsettledQuery(row, key, { node, state }),
        ];
  const thinMs = state === ARCHIVED && row.listOffset > 0 ? row.receivedLastMs : null;
  if (fragments !== undefined) return [...packs, query(LIST, ...keyValues(key), thinMs, fragments)];
  if (state === OPEN) return packs;
  return [
    ...packs,
    query(`UPDATE lists SET thin_ms = ? WHERE ${OF_PACK}`, thinMs, ...keyValues(key)),
  ];
}

/** A sealed pack gets its chain in the same transaction. */
function unsettledQuery(row: PackRow, key: PackKey, now: { node: number; state: number }): Query {
  if (now.state === ARCHIVED)
    return query(`DELETE FROM unsettled WHERE ${OF_PACK}`, ...keyValues(key));
  return query(
    UNSETTLED,
    ...[...keyValues(key), now.node, now.state, now.state === OPEN ? 1 : 0],
    ...[row.producedStartUs, row.receivedFirstMs, row.bytes],
  );
}

function grows(row: PackRow, now: { node: number; state: number }, old: Row): boolean {
  return (
    Number(old.state) === now.state &&
    Number(old.node) === now.node &&
    Number(old.produced_start) === row.producedStartUs &&
    Number(old.received_first) === row.receivedFirstMs &&
    Number(old.first_sequence) === row.firstSequence &&
    Number(old.list_offset) === row.listOffset &&
    Number(old.list_bytes) === row.listBytes
  );
}

/** What a stream's row says of all its packs: their bytes, their highest sequence, the widest of them. */
function streamQueries({ greatest }: Dialect, written: readonly Written[]): Query[] {
  return [...new Set(written.map(({ stream }) => stream))].map(({ id }) => {
    const own = written.filter(({ stream }) => stream.id === id);
    const more = own.reduce((sum, { row, old }) => sum + row.bytes - Number(old?.bytes ?? 0), 0);
    const last = Math.max(...own.map(({ row }) => row.lastSequence));
    const span = Math.max(...own.map(({ row }) => row.lastSequence - row.firstSequence));
    return query(
      `UPDATE streams SET bytes = bytes + ?, last_sequence = ${greatest}(last_sequence, ?),
       sequence_span = ${greatest}(sequence_span, ?) WHERE id = ?`,
      ...[more, last, span, id],
    );
  });
}
