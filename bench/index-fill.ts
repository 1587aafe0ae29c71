/** Ten years of packs in an index within minutes: rows as a camera's packs have them, written to the tables themselves. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import postgres from "postgres";
import type { FragmentIndex } from "../src/archive/index/fragment-index.ts";
import { writeTotals } from "../src/archive/index/fragment-list.ts";
import { addSums, type Sums, writeSums } from "../src/archive/index/sql/chains.ts";
import { countAllHours } from "../src/archive/index/sql/hours.ts";
import type { Answer, Query } from "../src/archive/index/sql/step.ts";
import { formatPackId } from "../src/archive/pack-id.ts";
import { millis } from "../src/base/units.ts";
import { packFingerprint } from "../src/native/fingerprint.ts";

export const START_MS = 1_790_000_000_000;
export const PACK_MS = 60_000;
const FRAGMENTS = 30;
const TRACK_SET = {
  id: "00112233445566778899aabbccddeeff",
  timestampScaleNs: 1_000_000,
  tracksElement: new Uint8Array(200),
};

/** Columns that `rowOf` gives, in order. */
const COLUMNS = `stream, serial, salt, day, track_set, node, state, produced_start, produced_end,
  received_first, received_last, first_sequence, last_sequence, bytes, list_offset, list_bytes,
  totals, chain, sums`;
type Value = Query["values"][number];

/** Cameras, and what they have recorded so far. */
export class Recorder {
  readonly #sums: (Sums | undefined)[];
  readonly cameras: number;
  minute = 0;

  constructor(cameras: number) {
    this.cameras = cameras;
    this.#sums = Array.from({ length: cameras });
  }

  /** One pack of every camera. */
  next(): Value[][] {
    const n = this.minute++;
    return this.#sums.map((_, camera) => this.#row(camera, n));
  }

  #row(camera: number, n: number): Value[] {
    const startMs = START_MS + n * PACK_MS + camera * 7;
    const [serial, salt] = [n * FRAGMENTS + 1, (n * 2_654_435_761 + camera * 40_503) % 2 ** 32];
    const day = Math.floor(startMs / 86_400_000);
    const packId = formatPackId({ stream: nameOf(camera), day, serial, salt });
    const media = 21_000_000 + ((n * 7919) % 3_000_000);
    const video = { track: 1, fragments: 30, frames: 1500, keyframes: 30, payloadBytes: media };
    const audio = { track: 2, fragments: 30, frames: 2813, keyframes: 2813, payloadBytes: 480_000 };
    const totals = { fragments: 30, blocksBytes: media + 510_000, tracks: [video, audio] };
    const fingerprint = packFingerprint({ packId, trackSetId: TRACK_SET.id, totals });
    const before = this.#sums[camera];
    const sums =
      before === undefined ? { totals, fingerprint } : addSums(before, { totals, fingerprint });
    this.#sums[camera] = sums;
    return [
      ...[camera + 1, serial, salt - 2 ** 31, day, 1, 0, 2],
      ...[
        startMs * 1000,
        (startMs + PACK_MS) * 1000 + ((n * 31) % 900),
        startMs + 80,
        startMs + 58_090,
      ],
      ...[serial, serial + FRAGMENTS - 1, media + 530_000, media + 520_000, 1800],
      ...[writeTotals(totals), 1, writeSums(sums)],
    ];
  }
}

export function nameOf(camera: number): string {
  return `camera-${String(camera).padStart(4, "0")}`;
}

/** Streams and the track set, through the port. */
export async function makeStreams(index: FragmentIndex, cameras: number): Promise<void> {
  for (let camera = 0; camera < cameras; camera++)
    await index.createStream({
      ...{ name: nameOf(camera), createdMs: millis(START_MS), retentionHours: 87_600 },
      ...{ retentionBytes: 0, version: "1" },
    });
  await index.commit({ trackSets: [TRACK_SET] });
}

/** What the rows make true of streams and chains. */
function summaries(recorder: Recorder): string[] {
  const last = "(SELECT max(serial) FROM packs q WHERE q.stream = p.stream)";
  return [
    `UPDATE streams SET last_sequence = ${recorder.minute * FRAGMENTS}, sequence_span = ${FRAGMENTS - 1},
     bytes = (SELECT sum(bytes) FROM packs p WHERE p.stream = streams.id)`,
    "DELETE FROM chains",
    `INSERT INTO chains (stream, chain, start_us, track_set, end_us, last_start, last_sequence, sums)
     SELECT stream, 1, (SELECT min(produced_start) FROM packs q WHERE q.stream = p.stream), 1,
     produced_end, produced_start, last_sequence, sums FROM packs p WHERE serial = ${last}`,
  ];
}

export function fillSqlite(path: string, recorder: Recorder, minutes: number): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -300000");
  const insert = db.prepare(`INSERT INTO packs (${COLUMNS}) VALUES (${"?,".repeat(18)}?)`);
  db.exec("BEGIN");
  while (recorder.minute < minutes) {
    for (const row of recorder.next()) insert.run(...row);
    if (recorder.minute % 4000 === 0) db.exec("COMMIT; BEGIN");
  }
  for (const sql of summaries(recorder)) db.exec(sql);
  const prepared: Prepared = new Map();
  const step = countAllHours();
  for (let state = step.next([]); !state.done; )
    state = step.next(state.value.map((query) => answer(db, prepared, query)));
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

export async function fillPostgres(
  url: string,
  recorder: Recorder,
  minutes: number,
): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const out: Writable = await sql.unsafe(`COPY packs (${COLUMNS}) FROM STDIN`).writable();
  while (recorder.minute < minutes) {
    const lines = recorder.next().map((row) => row.map(copyText).join("\t"));
    if (!out.write(`${lines.join("\n")}\n`)) await new Promise((done) => out.once("drain", done));
  }
  out.end();
  await finished(out);
  for (const text of summaries(recorder)) await sql.unsafe(text);
  await sql.unsafe("ANALYZE");
  await sql.begin(async (db) => {
    const step = countAllHours();
    for (let state = step.next([]); !state.done; ) {
      const answers = state.value.map(async ({ sql: text, values }) => {
        let place = 0;
        const numbered = text.replaceAll("?", () => `$${++place}`);
        const rows = await db.unsafe(numbered, [...values], { prepare: true });
        return { rows: [...rows], changes: rows.count };
      });
      state = step.next(await Promise.all(answers));
    }
  });
  await sql.end();
}

type Prepared = Map<string, StatementSync>;

function answer(db: DatabaseSync, prepared: Prepared, { sql, values }: Query): Answer {
  const statement = prepared.get(sql) ?? db.prepare(sql);
  prepared.set(sql, statement);
  if (statement.columns().length > 0) return { rows: statement.all(...values), changes: 0 };
  return { rows: [], changes: Number(statement.run(...values).changes) };
}

function copyText(value: Value): string {
  return value instanceof Uint8Array ? `\\\\x${Buffer.from(value).toString("hex")}` : String(value);
}
