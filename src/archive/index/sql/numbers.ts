/** Short numbers that stand for long names in rows: track sets and nodes; and ids that rise. */
import { Fault } from "../../../base/errors.ts";
import type { TrackSetRow } from "../fragment-index.ts";
import { all, first, marks, query, type Row, run, type Step, send } from "./step.ts";

/** In order of their ids, so that two commits at once never wait for each other. */
export function* addTrackSets(sets: readonly TrackSetRow[]): Step<void> {
  const known = yield* trackSetNumbers(sets.map(({ id }) => id));
  const fresh = new Map(sets.filter(({ id }) => !known.has(id)).map((set) => [set.id, set]));
  const sorted = [...fresh.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  yield* send(
    sorted.map(({ id, timestampScaleNs, tracksElement }) =>
      query(
        "INSERT INTO track_sets (id, scale_ns, tracks) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        ...[id, timestampScaleNs, tracksElement],
      ),
    ),
  );
}

export function* trackSet(id: string): Step<TrackSetRow | undefined> {
  const row = yield* first("SELECT id, scale_ns, tracks FROM track_sets WHERE id = ?", id);
  return row === undefined ? undefined : trackSetOf(row);
}

export function trackSetOf(row: Row): TrackSetRow {
  const tracksElement = row.tracks as Uint8Array;
  return { id: String(row.id), timestampScaleNs: Number(row.scale_ns), tracksElement };
}

/** Those that are there, by id. */
export function* trackSetNumbers(ids: readonly string[]): Step<Map<string, number>> {
  return yield* numbers("SELECT num, id AS name FROM track_sets WHERE id IN", ids);
}

/** Numbers of all these nodes, given when they are new; "" is 0. */
export function* nodeNumbers(names: readonly string[]): Step<Map<string, number>> {
  const wanted = [...new Set(names)].filter((name) => name !== "").sort();
  const select = "SELECT num, name FROM node_names WHERE name IN";
  let known = yield* numbers(select, wanted);
  const fresh = wanted.filter((name) => !known.has(name));
  if (fresh.length > 0) {
    const sql = "INSERT INTO node_names (name) VALUES (?) ON CONFLICT DO NOTHING";
    yield* send(fresh.map((name) => query(sql, name)));
    known = yield* numbers(select, wanted);
  }
  return known.set("", 0);
}

/** For reading: a node that has no rows has no number, and -1 finds none. */
export function* nodeNumber(name: string): Step<number> {
  if (name === "") return 0;
  return Number((yield* first("SELECT num FROM node_names WHERE name = ?", name))?.num ?? -1);
}

function* numbers(select: string, names: readonly string[]): Step<Map<string, number>> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0) return new Map();
  const rows = yield* all(`${select} (${marks(wanted)})`, ...wanted);
  return new Map(rows.map((row) => [String(row.name), Number(row.num)]));
}

/** Throws `store.not-found`. */
export function numberOf(numbers: ReadonlyMap<string, number>, name: string): number {
  const found = numbers.get(name);
  if (found === undefined) throw new Fault("store.not-found", `the index has no ${name}`);
  return found;
}

export type CounterName = "gaps" | "audit" | "events";

/**
 * The first of `count` new ids. The counter is locked until the transaction ends, so who sees an id sees every
 * lower one that will ever be: a sequence would not promise that. Always taken in the order gaps, audit, events.
 */
export function* nextIds(name: CounterName, count: number): Step<number> {
  const row = yield* first(
    "UPDATE counters SET value = value + ? WHERE name = ? RETURNING value",
    ...[count, name],
  );
  return Number(row?.value) - count + 1;
}

/** The highest id given. */
export function* lastId(name: CounterName): Step<number> {
  return Number((yield* first("SELECT value FROM counters WHERE name = ?", name))?.value ?? 0);
}

/** After ids were written that another index gave. */
export function* raiseIds(name: CounterName, to: number): Step<void> {
  yield* run("UPDATE counters SET value = ? WHERE name = ? AND value < ?", to, name, to);
}
