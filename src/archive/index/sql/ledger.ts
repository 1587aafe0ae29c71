/** Gaps and the audit: rows that outlive the packs and the streams they speak of, so they carry names. */
import { micros, millis } from "../../../base/units.ts";
import type { TimeRange } from "../../../fragment/fragment.ts";
import type { AuditRow, GapCause, GapRow, NewGap } from "../index-ledger.ts";
import { lastId, nextIds, raiseIds } from "./numbers.ts";
import { all, query, type Row, run, type Step, send, type Value } from "./step.ts";
import { clampUs } from "./times.ts";

/** Every cause there is. */
const CAUSES = Object.keys({
  offline: 0,
  error: 0,
  "disk-full": 0,
  "clock-step": 0,
  "node-lost": 0,
  age: 0,
  size: 0,
  space: 0,
  user: 0,
  corrupt: 0,
} satisfies Record<GapCause, 0>);

/**
 * Writes it down, merged with those of its stream and cause that it touches; gaps of one cause never overlap. `joinUs`: how
 * far apart two may be and are still one.
 */
export function* addGap(gap: NewGap, joinUs = 0): Step<void> {
  const { stream, cause, recordedMs, detail } = gap;
  const touching = yield* all(
    `SELECT id, start_us, end_us FROM gaps
     WHERE stream = ? AND cause = ? AND start_us <= ? AND start_us >= coalesce((
       SELECT max(start_us) FROM gaps WHERE stream = ? AND cause = ? AND start_us < ?), ?)
     ORDER BY start_us`,
    ...[stream, cause, gap.endUs + joinUs, stream, cause, gap.startUs, gap.startUs],
  );
  const met = touching.filter((row) => Number(row.end_us) + joinUs >= gap.startUs);
  const startUs = Math.min(gap.startUs, ...met.map((row) => Number(row.start_us)));
  const endUs = Math.max(gap.endUs, ...met.map((row) => Number(row.end_us)));
  yield* send(met.map((row) => query("DELETE FROM gaps WHERE id = ?", Number(row.id))));
  const id = met.length > 0 ? Math.min(...met.map((row) => Number(row.id))) : undefined;
  yield* run(
    `INSERT INTO gaps (id, stream, cause, start_us, end_us, detail, recorded_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[id ?? (yield* nextIds("gaps", 1)), stream, cause, startUs, endUs],
    ...[detail ?? null, recordedMs],
  );
}

/** Those that begin in the range, and per cause the last one before it: it may reach in, no other can. */
export function* gaps(
  stream: string,
  { fromMs, toMs }: TimeRange,
  limit: number,
): Step<readonly GapRow[]> {
  const [fromUs, toUs] = [clampUs(fromMs), clampUs(toMs)];
  const answers = yield* send([
    query(
      `SELECT * FROM gaps WHERE stream = ? AND start_us >= ? AND start_us < ?
       ORDER BY start_us, id LIMIT ?`,
      ...[stream, fromUs, toUs, limit],
    ),
    ...CAUSES.map((cause) =>
      query(
        `SELECT * FROM gaps WHERE stream = ? AND cause = ? AND start_us < ?
         ORDER BY start_us DESC LIMIT 1`,
        ...[stream, cause, Math.min(fromUs, toUs)],
      ),
    ),
  ]);
  return answers
    .flatMap(({ rows }) => rows)
    .map(gapOf)
    .filter(({ endUs }) => endUs > fromUs)
    .sort((a, b) => a.startUs - b.startUs || a.id - b.id)
    .slice(0, limit);
}

export function gapOf(row: Row): GapRow {
  return {
    id: Number(row.id),
    stream: String(row.stream),
    startUs: micros(Number(row.start_us)),
    endUs: micros(Number(row.end_us)),
    cause: String(row.cause) as GapCause,
    recordedMs: millis(Number(row.recorded_ms)),
    ...(row.detail === null ? {} : { detail: String(row.detail) }),
  };
}

/** Keeps its id, and lets one be that is there already. */
export function* importGap(gap: GapRow): Step<void> {
  yield* run(
    `INSERT INTO gaps (id, stream, cause, start_us, end_us, detail, recorded_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[gap.id, gap.stream, gap.cause, gap.startUs, gap.endUs, gap.detail ?? null, gap.recordedMs],
  );
  yield* raiseIds("gaps", gap.id);
}

export function* addAudit(row: Omit<AuditRow, "id">): Step<void> {
  yield* insertAudit({ ...row, id: yield* nextIds("audit", 1) });
}

export function* importAudit(row: AuditRow): Step<void> {
  yield* insertAudit(row);
  yield* raiseIds("audit", row.id);
}

function* insertAudit(row: AuditRow): Step<void> {
  const { id, atMs, action, stream, who, cause, startUs, endUs, packs, bytes, detail } = row;
  const values: (Value | undefined)[] = [
    ...[id, atMs, action, stream, who, cause, startUs, endUs, packs, bytes, detail],
  ];
  yield* run(
    `INSERT INTO audit (id, at_ms, action, stream, who, cause, start_us, end_us, packs, bytes, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...values.map((value) => value ?? null),
  );
}

export function* audit({
  stream,
  beforeId,
  limit,
}: {
  stream?: string;
  beforeId?: number;
  limit: number;
}): Step<AuditRow[]> {
  const before = beforeId ?? (yield* lastId("audit")) + 1;
  const [where, values] = stream === undefined ? ["", []] : ["AND stream = ?", [stream]];
  const rows = yield* all(
    `SELECT * FROM audit WHERE id < ? ${where} ORDER BY id DESC LIMIT ?`,
    ...[before, ...values, limit],
  );
  return rows.map(auditOf);
}

export function auditOf(row: Row): AuditRow {
  const text = (name: string) => (row[name] === null ? {} : { [name]: String(row[name]) });
  const number = (name: string, column = name) =>
    row[column] === null ? {} : { [name]: Number(row[column]) };
  return {
    id: Number(row.id),
    atMs: millis(Number(row.at_ms)),
    action: String(row.action),
    stream: String(row.stream),
    who: String(row.who),
    ...text("cause"),
    ...number("startUs", "start_us"),
    ...number("endUs", "end_us"),
    ...number("packs"),
    ...number("bytes"),
    ...text("detail"),
  };
}
