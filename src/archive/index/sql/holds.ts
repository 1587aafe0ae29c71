/** Holds: while one is in force, nothing that overlaps it is removed. */
import { Fault } from "../../../base/errors.ts";
import { micros, millis } from "../../../base/units.ts";
import type { HoldRow } from "../index-ledger.ts";
import { addAudit } from "./ledger.ts";
import { all, type Dialect, first, type Row, run, type Step } from "./step.ts";
import { clampUs } from "./times.ts";

/** In force at a time. */
const IN_FORCE = "(until_ms IS NULL OR until_ms > ?)";

/**
 * The stream's row is locked first, as a removal does: either the removal sees the hold, or the hold comes after it. One
 * with this id already there is left as it is.
 */
export function* addHold(db: Dialect, hold: HoldRow): Step<void> {
  yield* all(`SELECT id FROM streams WHERE name = ?${db.forUpdate}`, hold.stream);
  yield* run(
    `INSERT INTO holds (id, stream, from_ms, to_ms, who, why, created_ms, until_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[hold.id, hold.stream, hold.fromMs, hold.toMs, hold.who, hold.why, hold.createdMs],
    hold.untilMs ?? null,
  );
}

/** One that has ended stays as it ended. */
export function* endHold(db: Dialect, id: string, who: string, nowMs: number): Step<HoldRow> {
  const row = yield* first(`SELECT * FROM holds WHERE id = ?${db.forUpdate}`, id);
  if (row === undefined) throw new Fault("hold.not-found", `there is no hold ${id}`);
  const hold = holdOf(row);
  if (hold.untilMs !== undefined && hold.untilMs <= nowMs) return hold;
  yield* run("UPDATE holds SET until_ms = ? WHERE id = ?", nowMs, id);
  yield* addAudit({
    ...{ atMs: millis(nowMs), action: "hold-ended", stream: hold.stream, who, detail: id },
    ...{ startUs: micros(clampUs(hold.fromMs)), endUs: micros(clampUs(hold.toMs)) },
  });
  return { ...hold, untilMs: millis(nowMs) };
}

export function* holds(
  stream: string | undefined,
  nowMs: number | undefined,
): Step<readonly HoldRow[]> {
  const where = [stream === undefined ? "" : "stream = ?", nowMs === undefined ? "" : IN_FORCE];
  const conditions = where.filter((one) => one !== "").join(" AND ");
  const rows = yield* all(
    `SELECT * FROM holds ${conditions === "" ? "" : `WHERE ${conditions}`} ORDER BY from_ms, id`,
    ...[stream, nowMs].filter((value) => value !== undefined),
  );
  return rows.map(holdOf);
}

export function* holdInForce(stream: string, nowMs: number): Step<boolean> {
  const sql = `SELECT id FROM holds WHERE stream = ? AND ${IN_FORCE} LIMIT 1`;
  return (yield* first(sql, stream, nowMs)) !== undefined;
}

export function holdOf(row: Row): HoldRow {
  return {
    id: String(row.id),
    stream: String(row.stream),
    fromMs: millis(Number(row.from_ms)),
    toMs: millis(Number(row.to_ms)),
    who: String(row.who),
    why: String(row.why),
    createdMs: millis(Number(row.created_ms)),
    untilMs: row.until_ms === null ? undefined : millis(Number(row.until_ms)),
  };
}
