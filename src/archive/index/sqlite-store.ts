/**
 * The index in SQLite, synchronously: runs in a worker, because a commit waits for the disk. WAL with
 * synchronous FULL, so that a commit that returned survives a power cut.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Fault } from "../../base/errors.ts";
import { micros, millis } from "../../base/units.ts";
import type {
  PackChain,
  PackSelection,
  PackSummary,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../../fragment/fragment.ts";
import {
  MAX_PACK_SPAN_MS,
  PAGE_PACKS,
  type PackPage,
  type PackRow,
  type PageKey,
  type TrackSetRow,
} from "./fragment-index.ts";
import { readTotals } from "./fragment-list.ts";
import { chainIn, chainPack, type Queries } from "./sqlite-chains.ts";
import { MIGRATIONS } from "./sqlite-schema.ts";

type Row = Record<string, unknown>;

/** A fragment received before a range may reach into it by its length. */
const RECEIVED_SLACK_MS = 60_000;

const UPSERT = `INSERT INTO packs (stream, pack_id, track_set, sealed, produced_start, produced_end,
  received_first, received_last, first_sequence, last_sequence, bytes, totals, fragments)
  VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
  ON CONFLICT (stream, pack_id) DO UPDATE SET sealed = excluded.sealed,
  produced_start = excluded.produced_start, produced_end = excluded.produced_end,
  received_first = excluded.received_first, received_last = excluded.received_last,
  first_sequence = excluded.first_sequence, last_sequence = excluded.last_sequence,
  bytes = excluded.bytes, totals = excluded.totals, fragments = excluded.fragments`;

/** A pack that grows at its end, as nearly all do: of its keys only the last sequence changes. */
const GROW = `UPDATE packs SET produced_end = ?, received_last = ?, last_sequence = ?, bytes = ?,
  totals = ?, fragments = ? WHERE stream = ? AND pack_id = ? AND sealed = ? AND produced_start = ?
  AND received_first = ? AND first_sequence = ?`;

/** Columns of a summary: the fragment list stays where it is. */
const SUMMARY = `pack_id, track_set, sealed, produced_start, produced_end, received_first,
  received_last, first_sequence, last_sequence, bytes, totals`;

export class SqliteStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #queries: Queries = {
    all: (sql, ...values) => this.#all(sql, ...values),
    run: (sql, ...values) => this.#run(sql, ...values),
  };

  /** Throws `index.unavailable`. The first connection migrates; readers come after it. */
  constructor(path: string, { readOnly }: { readOnly: boolean }) {
    try {
      this.#db = new DatabaseSync(path, { readOnly });
      this.#db.exec("PRAGMA busy_timeout = 5000");
      if (readOnly) return;
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      this.#migrate();
    } catch (cause) {
      throw indexFault(cause);
    }
  }

  #migrate(): void {
    const [{ user_version: done = 0 } = {}] = this.#db.prepare("PRAGMA user_version").all();
    if (Number(done) > MIGRATIONS.length)
      throw new Fault("config.bad", `the index was written by a newer version (schema ${done})`);
    for (let i = Number(done); i < MIGRATIONS.length; i++)
      this.#transaction(() => this.#db.exec(`${MIGRATIONS[i]}; PRAGMA user_version = ${i + 1}`));
  }

  meta(name: string, value: string): string {
    this.#run("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", name, value);
    return String(this.#all("SELECT value FROM meta WHERE name = ?", name)[0]?.value);
  }

  createStream(info: StreamInfo): void {
    const { name, createdMs, retentionHours, mediaType, version } = info;
    const made = this.#run(
      `INSERT INTO streams (name, created_ms, retention_hours, media_type, version)
       VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ...[name, createdMs, retentionHours, mediaType ?? null, version],
    );
    if (made === 0) throw new Fault("stream.exists", `there is a stream ${name} already`);
  }

  stream(name: string): StreamInfo | undefined {
    const row = this.#all("SELECT * FROM streams WHERE name = ?", name)[0];
    return row === undefined ? undefined : streamOf(row);
  }

  streams(): StreamInfo[] {
    return this.#all("SELECT * FROM streams ORDER BY name").map(streamOf);
  }

  deleteStream(name: string): void {
    this.#transaction(() => {
      this.#run("INSERT OR IGNORE INTO garbage SELECT pack_id FROM packs WHERE stream = ?", name);
      this.#run("DELETE FROM chains WHERE stream = ?", name);
      this.#run("DELETE FROM packs WHERE stream = ?", name);
      this.#run("DELETE FROM streams WHERE name = ?", name);
    });
  }

  commit(rows: readonly PackRow[], trackSets: readonly TrackSetRow[]): void {
    this.#transaction(() => {
      for (const { id, timestampScaleNs, tracksElement } of trackSets)
        this.#run(
          "INSERT OR IGNORE INTO track_sets VALUES (?, ?, ?)",
          id,
          timestampScaleNs,
          tracksElement,
        );
      for (const row of rows) {
        if (this.#run(GROW, ...grownValues(row)) === 0) this.#run(UPSERT, ...packValues(row));
        if (row.sealed) chainPack(this.#queries, row);
      }
    });
  }

  packs(stream: string, selection: PackSelection, after?: PageKey): PackPage {
    const { order, where, values } = conditions(selection);
    const page = after === undefined ? "" : `AND (${order}, first_sequence) > (?, ?)`;
    const rows = this.#all(
      `SELECT ${SUMMARY}, ${order} AS page_order FROM packs WHERE stream = ? AND ${where} ${page}
       ORDER BY ${order}, first_sequence LIMIT ${PAGE_PACKS}`,
      ...[stream, ...values, ...(after === undefined ? [] : [after.order, after.firstSequence])],
    );
    const last = rows.length === PAGE_PACKS ? rows.at(-1) : undefined;
    const next =
      last === undefined
        ? undefined
        : { order: Number(last.page_order), firstSequence: Number(last.first_sequence) };
    return { packs: rows.map(summaryOf), next };
  }

  chain(stream: string, { fromMs, toMs }: TimeRange): PackChain | undefined {
    return chainIn(this.#queries, stream, { fromUs: clampUs(fromMs), toUs: clampUs(toMs) });
  }

  pack(stream: string, packId: string): PackRow | undefined {
    const row = this.#all(
      "SELECT * FROM packs WHERE stream = ? AND pack_id = ?",
      stream,
      packId,
    )[0];
    return row === undefined ? undefined : packRowOf(row);
  }

  openPacks(): PackRow[] {
    return this.#all("SELECT * FROM packs WHERE sealed = 0").map(packRowOf);
  }

  trackSet(id: string): TrackSetRow | undefined {
    const row = this.#all("SELECT * FROM track_sets WHERE id = ?", id)[0];
    if (row === undefined) return undefined;
    const tracksElement = row.tracks as Uint8Array;
    return { id, timestampScaleNs: Number(row.scale_ns), tracksElement };
  }

  /**
   * No scan: the first and last start are steps into an index, the bytes are kept by triggers, and the last end
   * is that of a pack which begins no further before the last start than a pack is long.
   */
  extent(stream: string): StreamExtent | undefined {
    const one = (what: string, where = "", ...values: number[]) =>
      this.#all(`SELECT ${what} AS v FROM packs WHERE stream = ? ${where}`, stream, ...values)[0]
        ?.v;
    const start = one("min(produced_start)");
    if (start === null || start === undefined) return undefined;
    const lastStart = Number(one("max(produced_start)")) - MAX_PACK_SPAN_MS * 1000;
    const lastFirst = Number(one("max(received_first)")) - MAX_PACK_SPAN_MS - RECEIVED_SLACK_MS;
    const bytes = this.#all("SELECT bytes FROM streams WHERE name = ?", stream)[0]?.bytes;
    return {
      producedStartUs: micros(Number(start)),
      producedEndUs: micros(Number(one("max(produced_end)", "AND produced_start >= ?", lastStart))),
      receivedFirstMs: millis(Number(one("min(received_first)"))),
      receivedLastMs: millis(
        Number(one("max(received_last)", "AND received_first >= ?", lastFirst)),
      ),
      bytes: Number(bytes ?? 0),
    };
  }

  lastSequence(stream: string): number {
    const row = this.#all("SELECT max(last_sequence) AS v FROM packs WHERE stream = ?", stream)[0];
    return Number(row?.v ?? 0);
  }

  garbage(): string[] {
    return this.#all("SELECT pack_id FROM garbage").map((row) => String(row.pack_id));
  }

  forgetGarbage(packIds: readonly string[]): void {
    this.#transaction(() => {
      for (const id of packIds) this.#run("DELETE FROM garbage WHERE pack_id = ?", id);
    });
  }

  close(): void {
    this.#db.close();
  }

  #transaction(run: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      run();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }
}

/** Anything the database throws, as `index.unavailable` (a full disk: `store.full`). */
export function indexFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { message } = error as Error;
  const full = /full/i.test(message);
  return new Fault(full ? "store.full" : "index.unavailable", `index: ${message}`, {
    cause: error,
  });
}

/**
 * A pack spans at most `MAX_PACK_SPAN_MS`, so those that overlap a range begin in it or shortly before:
 * an index range, not a scan of all that is older.
 */
function conditions(selection: PackSelection): {
  order: string;
  where: string;
  values: number[];
} {
  if (selection.by === "sequence")
    return { order: "first_sequence", where: "last_sequence > ?", values: [selection.after] };
  const { fromMs, toMs } = selection.range;
  if (selection.clock === "producer") {
    const [from, to] = [clampUs(fromMs), clampUs(toMs)];
    const where = "produced_start >= ? AND produced_start < ? AND produced_end > ?";
    return { order: "produced_start", where, values: [from - MAX_PACK_SPAN_MS * 1000, to, from] };
  }
  const where = "received_first >= ? AND received_first < ? AND received_last > ?";
  const before = fromMs - RECEIVED_SLACK_MS;
  return {
    order: "received_first",
    where,
    values: [before - MAX_PACK_SPAN_MS, toMs, before],
  };
}

/** Milliseconds as microseconds that SQLite and JavaScript both hold exactly. */
function clampUs(ms: number): number {
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / 2);
  return Math.min(limit, Math.max(-limit, ms * 1000));
}

function packValues(row: PackRow): SQLInputValue[] {
  return [
    ...[row.stream, row.packId, row.trackSetId, row.sealed ? 1 : 0],
    ...[row.producedStartUs, row.producedEndUs, row.receivedFirstMs, row.receivedLastMs],
    ...[row.firstSequence, row.lastSequence, row.bytes, row.totals, row.fragments],
  ];
}

function grownValues(row: PackRow): SQLInputValue[] {
  return [
    ...[row.producedEndUs, row.receivedLastMs, row.lastSequence, row.bytes],
    ...[row.totals, row.fragments, row.stream, row.packId, row.sealed ? 1 : 0],
    ...[row.producedStartUs, row.receivedFirstMs, row.firstSequence],
  ];
}

function packRowOf(row: Row): PackRow {
  return {
    stream: String(row.stream),
    packId: String(row.pack_id),
    trackSetId: String(row.track_set),
    sealed: Number(row.sealed) === 1,
    producedStartUs: Number(row.produced_start),
    producedEndUs: Number(row.produced_end),
    receivedFirstMs: Number(row.received_first),
    receivedLastMs: Number(row.received_last),
    firstSequence: Number(row.first_sequence),
    lastSequence: Number(row.last_sequence),
    bytes: Number(row.bytes),
    totals: row.totals as Uint8Array,
    fragments: row.fragments as Uint8Array,
  };
}

function summaryOf(row: Row): PackSummary {
  return {
    packId: String(row.pack_id),
    trackSetId: String(row.track_set),
    sealed: Number(row.sealed) === 1,
    producedStartUs: micros(Number(row.produced_start)),
    producedEndUs: micros(Number(row.produced_end)),
    receivedFirstMs: millis(Number(row.received_first)),
    receivedLastMs: millis(Number(row.received_last)),
    firstSequence: Number(row.first_sequence),
    lastSequence: Number(row.last_sequence),
    bytes: Number(row.bytes),
    totals: readTotals(row.totals as Uint8Array),
  };
}

function streamOf(row: Row): StreamInfo {
  return {
    name: String(row.name),
    createdMs: millis(Number(row.created_ms)),
    retentionHours: Number(row.retention_hours),
    version: String(row.version),
    ...(row.media_type === null ? {} : { mediaType: String(row.media_type) }),
  };
}
