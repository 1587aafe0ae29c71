/**
 * Rows as an export has them, whatever engine they are in: docs/formats/index.md. Chains are not in it, they are made
 * again as the packs come back.
 */
import { Fault } from "../../../base/errors.ts";
import { micros, millis } from "../../../base/units.ts";
import type { ExportKind, ExportPage, ExportRow, PackRow } from "../fragment-index.ts";
import type { EventType } from "../index-events.ts";
import type { AuditRow, GapRow } from "../index-ledger.ts";
import { writePacks } from "./commit.ts";
import { hookOf } from "./events.ts";
import { addHold, holdOf } from "./holds.ts";
import { auditOf, gapOf, importAudit, importGap } from "./ledger.ts";
import { addTrackSets, trackSetOf } from "./numbers.ts";
import { keyValues, OF_PACK, packKey, packRowOf, WHOLE } from "./pack-rows.ts";
import { importRecord, recordOf } from "./records.ts";
import { all, type Dialect, first, query, type Row, run, type Step, send } from "./step.ts";
import { attributesText, lockStreams, streamOf } from "./streams.ts";

/** Kinds whose rows have one unique value to go by. */
interface Plain {
  readonly table: string;
  readonly by: string;
  readonly number?: true;
  rowOf(row: Row): object;
}

const PLAIN: Readonly<Record<Exclude<ExportKind, "packs">, Plain>> = {
  streams: {
    ...{ table: "streams", by: "name" },
    rowOf: (row) => {
      const info = streamOf(row);
      return { ...info, attributes: attributesText(info), lastSequence: Number(row.last_sequence) };
    },
  },
  trackSets: { table: "track_sets", by: "id", rowOf: trackSetOf },
  gaps: { table: "gaps", by: "id", number: true, rowOf: gapOf },
  holds: { table: "holds", by: "id", rowOf: holdOf },
  audit: { table: "audit", by: "id", number: true, rowOf: auditOf },
  hooks: { table: "hooks", by: "id", rowOf: hookOf },
  // No kind and no id has a line break in it.
  records: { table: "records", by: "kind || '\n' || id", rowOf: recordOf },
};

export function* exportRows(
  kind: ExportKind,
  after: string | undefined,
  limit: number,
): Step<ExportPage> {
  if (kind === "packs") return yield* exportPacks(after, limit);
  const { table, by, number, rowOf } = PLAIN[kind];
  const where = after === undefined ? "" : `WHERE ${by} > ?`;
  const from = after === undefined ? [] : [number ? Number(after) : after];
  const rows = yield* all(
    `SELECT *, ${by} AS place FROM ${table} ${where} ORDER BY ${by} LIMIT ?`,
    ...[...from, limit],
  );
  const next = rows.length < limit ? undefined : String(rows.at(-1)?.place);
  return { rows: rows.map((row) => toExport(rowOf(row))), next };
}

/** Stream by stream, in order of their sequences. The place: stream, first sequence, serial, salt. */
function* exportPacks(after: string | undefined, limit: number): Step<ExportPage> {
  const place = after === undefined ? undefined : parsePlace(after);
  const stream = yield* first(
    `SELECT id, name FROM streams WHERE name ${place?.rest ? ">=" : ">"} ? ORDER BY name LIMIT 1`,
    place?.stream ?? "",
  );
  if (stream === undefined) return { rows: [], next: undefined };
  const [where, values] = place?.rest
    ? [
        "AND p.first_sequence >= ? AND (p.first_sequence, p.serial, p.salt) > (?, ?, ?)",
        [place.rest[0] ?? 0, ...place.rest],
      ]
    : ["", []];
  const rows = yield* all(
    `SELECT ${WHOLE} FROM packs p WHERE p.stream = ? ${where}
     ORDER BY p.first_sequence, p.serial, p.salt LIMIT ?`,
    ...[Number(stream.id), ...values, limit],
  );
  const last = rows.at(-1);
  const { first_sequence: sequence, serial, salt } = last ?? {};
  const rest = rows.length === limit ? ` ${sequence} ${serial} ${salt}` : "";
  return { rows: rows.map((row) => toExport(packRowOf(row))), next: `${stream.name}${rest}` };
}

function parsePlace(text: string): { stream: string; rest: number[] | undefined } {
  const [stream = "", ...rest] = text.split(" ");
  return { stream, rest: rest.length === 0 ? undefined : rest.map(Number) };
}

/** Bytes as base64, a list as JSON, what is not there as null. */
function toExport(row: object): ExportRow {
  const value = (one: unknown) => {
    if (one === undefined) return null;
    if (one instanceof Uint8Array) return Buffer.from(one).toString("base64");
    return Array.isArray(one) ? JSON.stringify(one) : (one as string | number | boolean);
  };
  return Object.fromEntries(Object.entries(row).map(([name, one]) => [name, value(one)]));
}

/** Throws `request.bad` where a row is not of its kind. */
export function* importRows(db: Dialect, kind: ExportKind, rows: readonly ExportRow[]): Step<void> {
  const read = rows.map((row) => new ImportedRow(kind, row));
  if (kind === "packs") return yield* importPacks(db, read.map(importedPack));
  if (kind === "trackSets") return yield* addTrackSets(read.map(importedTrackSet));
  for (const row of read)
    if (kind === "streams") yield* importStream(db, row);
    else if (kind === "gaps") yield* importGap(importedGap(row));
    else if (kind === "holds") yield* addHold(db, importedHold(row));
    else if (kind === "audit") yield* importAudit(importedAudit(row));
    else if (kind === "records") yield* importRecord(importedRecord(row));
    else yield* importHook(row);
}

/** A row of a file: values are checked as they are asked for. */
class ImportedRow {
  readonly #kind: ExportKind;
  readonly #row: ExportRow;

  constructor(kind: ExportKind, row: ExportRow) {
    this.#kind = kind;
    this.#row = row;
  }

  text(name: string): string {
    const value = this.#row[name];
    if (typeof value !== "string") throw this.#bad(name);
    return value;
  }

  number(name: string): number {
    const value = this.#row[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.#bad(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#row[name];
    if (typeof value !== "boolean") throw this.#bad(name);
    return value;
  }

  bytes(name: string): Uint8Array {
    return new Uint8Array(Buffer.from(this.text(name), "base64"));
  }

  has(name: string): boolean {
    return this.#row[name] !== null && this.#row[name] !== undefined;
  }

  #bad(name: string): Fault {
    return new Fault("request.bad", `an exported row of ${this.#kind} has no good ${name}`);
  }
}

function* importStream({ greatest }: Dialect, row: ImportedRow): Step<void> {
  const [name, lastSequence] = [row.text("name"), row.number("lastSequence")];
  yield* run(
    `INSERT INTO streams (name, created_ms, retention_hours, retention_bytes, media_type, version,
     attributes) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[name, row.number("createdMs"), row.number("retentionHours"), row.number("retentionBytes")],
    ...[row.has("mediaType") ? row.text("mediaType") : null, row.text("version")],
    row.has("attributes") ? row.text("attributes") : null,
  );
  // A number that has been given is never given again, wherever the stream goes on.
  yield* run(
    `UPDATE streams SET last_sequence = ${greatest}(last_sequence, ?) WHERE name = ?`,
    ...[lastSequence, name],
  );
}

function importedRecord(row: ImportedRow) {
  const [kind, id] = [row.text("kind"), row.text("id")];
  return { kind, id, body: row.text("body"), version: row.number("version") };
}

function importedTrackSet(row: ImportedRow) {
  const tracksElement = row.bytes("tracksElement");
  return { id: row.text("id"), timestampScaleNs: row.number("timestampScaleNs"), tracksElement };
}

function importedPack(row: ImportedRow): PackRow {
  return {
    stream: row.text("stream"),
    packId: row.text("packId"),
    trackSetId: row.text("trackSetId"),
    node: row.text("node"),
    sealed: row.flag("sealed"),
    archived: row.flag("archived"),
    producedStartUs: row.number("producedStartUs"),
    producedEndUs: row.number("producedEndUs"),
    receivedFirstMs: row.number("receivedFirstMs"),
    receivedLastMs: row.number("receivedLastMs"),
    firstSequence: row.number("firstSequence"),
    lastSequence: row.number("lastSequence"),
    bytes: row.number("bytes"),
    listOffset: row.number("listOffset"),
    listBytes: row.number("listBytes"),
    totals: row.bytes("totals"),
    fragments: row.has("fragments") ? row.bytes("fragments") : undefined,
  };
}

/** Throws `stream.not-found`. */
function* importPacks(db: Dialect, rows: readonly PackRow[]): Step<void> {
  const streams = yield* lockStreams(
    db,
    rows.map(({ stream }) => stream),
  );
  const there = yield* send(
    rows.map(({ packId, stream }) => {
      const key = packKey(packId, streams.get(stream) ?? { id: -1, name: stream });
      return query(`SELECT day FROM packs WHERE ${OF_PACK}`, ...keyValues(key));
    }),
  );
  const fresh = rows.filter((_, i) => there[i]?.rows.length === 0);
  if (fresh.length > 0) yield* writePacks(db, streams, fresh);
}

function importedGap(row: ImportedRow): GapRow {
  return {
    id: row.number("id"),
    stream: row.text("stream"),
    startUs: micros(row.number("startUs")),
    endUs: micros(row.number("endUs")),
    cause: row.text("cause") as GapRow["cause"],
    recordedMs: millis(row.number("recordedMs")),
    ...(row.has("detail") ? { detail: row.text("detail") } : {}),
  };
}

function importedHold(row: ImportedRow) {
  return {
    id: row.text("id"),
    stream: row.text("stream"),
    fromMs: millis(row.number("fromMs")),
    toMs: millis(row.number("toMs")),
    who: row.text("who"),
    why: row.text("why"),
    createdMs: millis(row.number("createdMs")),
    untilMs: row.has("untilMs") ? millis(row.number("untilMs")) : undefined,
  };
}

function importedAudit(row: ImportedRow): AuditRow {
  const number = (name: string) => (row.has(name) ? { [name]: row.number(name) } : {});
  const text = (name: string) => (row.has(name) ? { [name]: row.text(name) } : {});
  return {
    id: row.number("id"),
    atMs: millis(row.number("atMs")),
    ...{ action: row.text("action"), stream: row.text("stream"), who: row.text("who") },
    ...text("cause"),
    ...number("startUs"),
    ...number("endUs"),
    ...number("packs"),
    ...number("bytes"),
    ...text("detail"),
  };
}

function* importHook(row: ImportedRow): Step<void> {
  const types = JSON.stringify(JSON.parse(row.text("types")) as EventType[]);
  yield* run(
    `INSERT INTO hooks (id, url, secret, types, streams, created_ms, delivered_id)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[row.text("id"), row.text("url"), row.text("secret"), types, row.text("streams")],
    ...[row.number("createdMs"), row.number("deliveredId")],
  );
}
