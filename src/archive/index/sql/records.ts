/** Small documents of other parts of the server. */
import { Fault } from "../../../base/errors.ts";
import type { RecordRow } from "../index-records.ts";
import { all, type Dialect, first, type Row, run, type Step } from "./step.ts";

export function* record(kind: string, id: string): Step<RecordRow | undefined> {
  const row = yield* first("SELECT * FROM records WHERE kind = ? AND id = ?", kind, id);
  return row === undefined ? undefined : recordOf(row);
}

export function* records(kind: string, after: string, limit: number): Step<RecordRow[]> {
  const sql = "SELECT * FROM records WHERE kind = ? AND id > ? ORDER BY id LIMIT ?";
  return (yield* all(sql, kind, after, limit)).map(recordOf);
}

export function* putRecord(
  db: Dialect,
  { kind, id, body }: Omit<RecordRow, "version">,
  version?: number,
): Step<number> {
  const sql = `SELECT version FROM records WHERE kind = ? AND id = ?${db.forUpdate}`;
  const before = Number((yield* first(sql, kind, id))?.version ?? 0);
  if (version !== undefined && version !== before) throw conflict(kind, id);
  if (before === 0) {
    const made = yield* run(
      "INSERT INTO records (kind, id, body, version) VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING",
      ...[kind, id, body],
    );
    if (made === 1) return 1;
    // Somebody else made it in between.
    if (version !== undefined) throw conflict(kind, id);
    return yield* putRecord(db, { kind, id, body });
  }
  yield* run(
    "UPDATE records SET body = ?, version = version + 1 WHERE kind = ? AND id = ?",
    ...[body, kind, id],
  );
  return before + 1;
}

export function* deleteRecord(kind: string, id: string): Step<boolean> {
  return (yield* run("DELETE FROM records WHERE kind = ? AND id = ?", kind, id)) > 0;
}

/** Of an export: as it is, unless there is one. */
export function* importRecord({ kind, id, body, version }: RecordRow): Step<void> {
  yield* run(
    "INSERT INTO records (kind, id, body, version) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ...[kind, id, body, version],
  );
}

function conflict(kind: string, id: string): Fault {
  return new Fault("record.conflict", `the ${kind} ${id} was changed by someone else`);
}

export function recordOf(row: Row): RecordRow {
  const { kind, id, body, version } = row;
  return {
    kind: String(kind),
    id: String(id),
    body: String(body),
    version: Number(version),
  };
}
