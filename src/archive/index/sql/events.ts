/** The outbox and the hooks that read it. */
import { Fault } from "../../../base/errors.ts";
import { millis } from "../../../base/units.ts";
import type { EventRow, EventType, HookRow, NewEvent } from "../index-events.ts";
import { nextIds } from "./numbers.ts";
import { all, type Dialect, query, type Row, run, type Step, send } from "./step.ts";

/** Last in a transaction: from here on commits with events wait for each other. */
export function* addEvents(events: readonly NewEvent[]): Step<void> {
  if (events.length === 0) return;
  const id = yield* nextIds("events", events.length);
  yield* send(
    events.map(({ type, stream, atMs, body }, i) =>
      query(
        "INSERT INTO events (id, type, stream, at_ms, body) VALUES (?, ?, ?, ?, ?)",
        ...[id + i, type, stream, atMs, body],
      ),
    ),
  );
}

export function* events(afterId: number, limit: number): Step<EventRow[]> {
  const sql = "SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?";
  return (yield* all(sql, afterId, limit)).map((row) => ({
    id: Number(row.id),
    type: String(row.type) as EventType,
    stream: String(row.stream),
    atMs: millis(Number(row.at_ms)),
    body: String(row.body),
  }));
}

export function* purgeEvents(upToId: number, limit: number): Step<number> {
  return yield* run(
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id <= ? ORDER BY id LIMIT ?)",
    ...[upToId, limit],
  );
}

/** One with this id is replaced. */
export function* putHook(hook: HookRow): Step<void> {
  yield* run(
    `INSERT INTO hooks (id, url, secret, types, streams, created_ms, delivered_id)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET url = excluded.url, secret = excluded.secret, types = excluded.types,
     streams = excluded.streams, created_ms = excluded.created_ms, delivered_id = excluded.delivered_id`,
    ...[hook.id, hook.url, hook.secret, JSON.stringify(hook.types), hook.streams],
    ...[hook.createdMs, hook.deliveredId],
  );
}

export function* hooks(): Step<HookRow[]> {
  return (yield* all("SELECT * FROM hooks ORDER BY id")).map(hookOf);
}

export function hookOf(row: Row): HookRow {
  return {
    id: String(row.id),
    url: String(row.url),
    secret: String(row.secret),
    types: JSON.parse(String(row.types)) as EventType[],
    streams: String(row.streams),
    createdMs: millis(Number(row.created_ms)),
    deliveredId: Number(row.delivered_id),
  };
}

export function* deleteHook(id: string): Step<void> {
  if ((yield* run("DELETE FROM hooks WHERE id = ?", id)) === 0)
    throw new Fault("hook.not-found", `there is no hook ${id}`);
}

/** Only forward: two nodes may report in either order. */
export function* moveHook({ greatest }: Dialect, id: string, deliveredId: number): Step<void> {
  yield* run(
    `UPDATE hooks SET delivered_id = ${greatest}(delivered_id, ?) WHERE id = ?`,
    ...[deliveredId, id],
  );
}
