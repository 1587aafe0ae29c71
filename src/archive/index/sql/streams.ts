/** The catalogue of streams. What is done to a stream's packs and holds locks its row first, so it is done in turn. */
import { Fault } from "../../../base/errors.ts";
import { micros, millis } from "../../../base/units.ts";
import type { StreamInfo } from "../../../fragment/fragment.ts";
import type { StreamChange } from "../fragment-index.ts";
import { ERASE_KEY } from "../index-records.ts";
import { holdInForce } from "./holds.ts";
import { addAudit } from "./ledger.ts";
import { putRecord, record } from "./records.ts";
import { all, type Dialect, first, marks, query, type Row, run, type Step, send } from "./step.ts";

export function* meta(name: string, value: string): Step<string> {
  yield* run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, value);
  return String((yield* first("SELECT value FROM meta WHERE name = ?", name))?.value);
}

export function* createStream(info: StreamInfo, who = "server"): Step<void> {
  const { name, createdMs, retentionHours, retentionBytes, mediaType, version } = info;
  if ((yield* record(ERASE_KEY, name)) !== undefined)
    throw new Fault("store.unavailable", `the key of the deleted stream ${name} is not erased yet`);
  const made = yield* run(
    `INSERT INTO streams (name, created_ms, retention_hours, retention_bytes, media_type, version,
     attributes) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[name, createdMs, retentionHours, retentionBytes, mediaType ?? null, version],
    attributesText(info),
  );
  if (made === 0) throw new Fault("stream.exists", `there is a stream ${name} already`);
  const detail = JSON.stringify({ retentionHours, retentionBytes, mediaType });
  yield* addAudit({ atMs: createdMs, action: "stream-created", stream: name, who, detail });
}

export function* stream(name: string): Step<StreamInfo | undefined> {
  const row = yield* first("SELECT * FROM streams WHERE name = ?", name);
  return row === undefined ? undefined : streamOf(row);
}

export function* streams(): Step<StreamInfo[]> {
  return (yield* all("SELECT * FROM streams ORDER BY name")).map(streamOf);
}

export function* updateStream(
  db: Dialect,
  name: string,
  change: StreamChange,
  version?: string,
): Step<StreamInfo> {
  const row = yield* first(`SELECT * FROM streams WHERE name = ?${db.forUpdate}`, name);
  if (row === undefined) throw new Fault("stream.not-found", `there is no stream ${name}`);
  const before = streamOf(row);
  if (version !== undefined && version !== before.version)
    throw new Fault("stream.version-mismatch", `${name} has been changed since version ${version}`);
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const after: StreamInfo = { ...before, ...Object.fromEntries(given) };
  yield* run(
    `UPDATE streams SET retention_hours = ?, retention_bytes = ?, media_type = ?, version = ?,
     attributes = ? WHERE id = ?`,
    ...[after.retentionHours, after.retentionBytes, after.mediaType ?? null, after.version],
    attributesText(after),
    Number(row.id),
  );
  return after;
}

/** A stream that is not there is fine: the reply of the first try may have been lost. */
export function* deleteStream(
  db: Dialect,
  name: string,
  who: string,
  nowMs: number,
  eraseKey = false,
): Step<void> {
  const locked = (yield* lockStreams(db, [name])).get(name);
  if (locked === undefined) return;
  if (yield* holdInForce(name, nowMs))
    throw new Fault("stream.held", `${name} has a hold in force: end it first`);
  const { id, bytes } = locked;
  const [sum] = yield* send([
    query(
      `SELECT count(*) AS packs, min(produced_start) AS start_us, max(produced_end) AS end_us
       FROM packs WHERE stream = ?`,
      id,
    ),
    query(
      `INSERT INTO garbage (stream, day, serial, salt, removed_ms)
       SELECT CAST(? AS TEXT), day, serial, salt, CAST(? AS BIGINT) FROM packs WHERE stream = ?
       ON CONFLICT DO NOTHING`,
      ...[name, nowMs, id],
    ),
    ...["lists", "chains", "hours", "unsettled", "packs"].map((table) =>
      query(`DELETE FROM ${table} WHERE stream = ?`, id),
    ),
    query("DELETE FROM streams WHERE id = ?", id),
  ]);
  if (eraseKey) yield* putRecord(db, { kind: ERASE_KEY, id: name, body: "{}" });
  const { packs, start_us: startUs, end_us: endUs } = sum?.rows[0] ?? {};
  const span = { startUs: micros(Number(startUs)), endUs: micros(Number(endUs)) };
  yield* addAudit({
    ...{ atMs: millis(nowMs), action: "stream-deleted", stream: name, who },
    ...(Number(packs) === 0 ? {} : span),
    ...{ packs: Number(packs), bytes },
  });
}

export interface LockedStream {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
}

/** Those that are there, locked in one order until the transaction ends. */
export function* lockStreams(
  db: Dialect,
  names: readonly string[],
): Step<Map<string, LockedStream>> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0) return new Map();
  const rows = yield* all(
    `SELECT id, name, bytes FROM streams WHERE name IN (${marks(wanted)}) ORDER BY id${db.forUpdate}`,
    ...wanted,
  );
  return new Map(
    rows.map((row) => {
      const name = String(row.name);
      return [name, { id: Number(row.id), name, bytes: Number(row.bytes) }];
    }),
  );
}

/** Of a stream that is read; -1, which finds nothing, when it is not there. */
export function* streamNumber(name: string): Step<number> {
  return Number((yield* first("SELECT id FROM streams WHERE name = ?", name))?.id ?? -1);
}

export function* lastSequence(name: string): Step<number> {
  const row = yield* first("SELECT last_sequence FROM streams WHERE name = ?", name);
  return Number(row?.last_sequence ?? 0);
}

export function streamOf(row: Row): StreamInfo {
  return {
    name: String(row.name),
    createdMs: millis(Number(row.created_ms)),
    retentionHours: Number(row.retention_hours),
    retentionBytes: Number(row.retention_bytes),
    version: String(row.version),
    ...(row.media_type === null ? {} : { mediaType: String(row.media_type) }),
    ...(row.attributes === null ? {} : { attributes: JSON.parse(String(row.attributes)) }),
  };
}

/** Null when there are none. */
export function attributesText({ attributes = {} }: StreamInfo): string | null {
  return Object.keys(attributes).length === 0 ? null : JSON.stringify(attributes);
}
