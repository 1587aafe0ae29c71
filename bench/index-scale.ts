/**
 * How large and how fast an index is when it has years of packs. Fills an engine with packs of a minute of N cameras, lists
 * thinned, and asks it what the server asks:
 *
 *     node bench/index-scale.ts --engine sqlite --cameras 20 --years 0.5
 *
 * Cameras × years is what counts: 20 × 0.5 are as many packs as one camera has in ten years, 5.26 million.
 */
import { spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import postgres from "postgres";
import type { FragmentIndex } from "../src/archive/index/fragment-index.ts";
import { PostgresIndex } from "../src/archive/index/postgres-index.ts";
import { SqliteIndex } from "../src/archive/index/sqlite-index.ts";
import { millis } from "../src/base/units.ts";
import type { FragmentReader } from "../src/fragment/fragment.ts";
import { coverage } from "../src/play/coverage.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { random } from "../test/support/random.ts";
import { tempDir } from "../test/support/temp-dir.ts";
import {
  fillPostgres,
  fillSqlite,
  makeStreams,
  nameOf,
  PACK_MS,
  Recorder,
  START_MS,
} from "./index-fill.ts";

const DECADE_PACKS = (10 * 365.25 * 86_400_000) / PACK_MS;
const DAY_PACKS = 86_400_000 / PACK_MS;

interface Filled {
  fill(recorder: Recorder, minutes: number): Promise<void>;
  open(): Promise<FragmentIndex>;
  bytes(): Promise<number>;
  /** What writes to the index dies at once. */
  crash(): Promise<void>;
  remove(): Promise<void>;
}

async function sqlite(): Promise<Filled> {
  const dir = tempDir("index-scale");
  const path = join(dir.path, "index.sqlite");
  return {
    fill: async (recorder, minutes) => fillSqlite(path, recorder, minutes),
    open: () => SqliteIndex.open(path),
    bytes: async () => statSync(path).size,
    crash: () => killWriter(path),
    remove: async () => dir[Symbol.dispose](),
  };
}

/** A process that commits to the file and is killed amid it. */
function killWriter(path: string): Promise<void> {
  const store = new URL("../src/archive/index/sqlite-store.ts", import.meta.url).href;
  const program = `const { SqliteStore } = await import(${JSON.stringify(store)});
    const store = new SqliteStore(${JSON.stringify(path)}, { readOnly: false });
    for (let i = 0; ; i++) {
      store.call("putNode", [{ id: "n" + (i % 5000), url: "", rtmpUrl: "", seenMs: i, status: "x".repeat(400) }]);
      if (i === 5000) process.stdout.write("ready");
    }`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.once("data", () => child.kill("SIGKILL"));
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

async function inPostgres(): Promise<Filled> {
  const server = await startPostgres();
  const url = await server.newDatabase();
  return {
    fill: (recorder, minutes) => fillPostgres(url, recorder, minutes),
    // Smaller than the server's own limit: what is filled may be less than it.
    open: () => PostgresIndex.open(url, { loose: { minBytes: 1 << 20 } }),
    async bytes() {
      const sql = postgres(url, { max: 1 });
      const [row] = await sql`SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`;
      const sizes = await sql`SELECT c.relname, pg_relation_size(c.oid) AS bytes FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
        AND pg_relation_size(c.oid) > 10000000`;
      for (const { relname, bytes } of sizes)
        console.log(`  ${relname}: ${Math.round(bytes / 1e6)} MB`);
      await sql.end();
      return Number(row?.bytes);
    },
    async crash() {
      const pid = Number(
        readFileSync(join(server.folder, "data/postmaster.pid"), "utf8").split("\n")[0],
      );
      process.kill(pid, "SIGKILL");
      await timed("  start of the server", () => server.start());
    },
    remove: () => server.remove(),
  };
}

async function timed<T>(name: string, run: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await run();
  console.log(`${name}: ${Math.round(performance.now() - from)} ms`);
  return result;
}

function percentiles(name: string, times: number[]): void {
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  console.log(`${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${times.length})`);
}

async function seeks(index: FragmentIndex, { cameras, minute }: Recorder): Promise<void> {
  const next = random(5);
  const [found, resolved, sequences]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < 500; i++) {
    const stream = nameOf(Math.floor(next() * cameras));
    const at = Math.floor((0.1 + 0.8 * next()) * minute);
    const fromMs = millis(START_MS + at * PACK_MS + 30_000);
    const range = { fromMs, toMs: millis(fromMs + 1) };
    let from = performance.now();
    const { packs } = await index.packs(stream, { by: "time", clock: "producer", range });
    found.push(performance.now() - from);
    from = performance.now();
    const row = await index.pack(stream, packs[0]?.packId ?? "");
    resolved.push(performance.now() - from);
    if (row === undefined) throw new Error(`nothing of ${stream} at ${fromMs}`);
    from = performance.now();
    await index.packs(stream, { by: "sequence", after: row.firstSequence });
    sequences.push(performance.now() - from);
  }
  percentiles("the pack at a random time", found);
  percentiles("its row", resolved);
  percentiles("a page behind a random sequence", sequences);
}

async function month(index: FragmentIndex, recorder: Recorder): Promise<void> {
  const fromMs = millis(START_MS + Math.floor(recorder.minute / 3) * PACK_MS);
  const range = { fromMs, toMs: millis(fromMs + 30 * 86_400_000) };
  let packs = 0;
  await timed("30 days of one stream, all summaries", async () => {
    let page = await index.packs(nameOf(0), { by: "time", clock: "producer", range });
    for (;;) {
      packs += page.packs.length;
      if (page.next === undefined) return;
      page = await index.packs(nameOf(0), { by: "time", clock: "producer", range }, page.next);
    }
  });
  const chain = await timed("their chain", () => index.chain(nameOf(0), range));
  console.log(`  ${packs} packs, chain of ${chain?.totals.fragments} fragments`);
}

/** What the page asks for a month of one camera, 2000 pixels wide. */
async function monthShown(index: FragmentIndex, { cameras, minute }: Recorder): Promise<void> {
  const next = random(7);
  const times: number[] = [];
  let stretches = 0;
  for (let i = 0; i < 40; i++) {
    const stream = nameOf(Math.floor(next() * cameras));
    const at = Math.floor(0.7 * next() * minute);
    const fromMs = millis(START_MS + at * PACK_MS + 12_345);
    const range = { fromMs, toMs: millis(fromMs + 30 * 86_400_000) };
    const from = performance.now();
    const { ranges } = await coverage({
      ...{ reader: readerOf(index), stream, range, clock: "producer", resolutionMs: 1_296_000 },
    });
    times.push(performance.now() - from);
    stretches += ranges.length;
  }
  percentiles(`30 days of one stream, coverage (${stretches} stretches)`, times);
}

/** Of packs without media. */
function readerOf(index: FragmentIndex): FragmentReader {
  const none = () => Promise.reject(new Error("coverage looked at media"));
  return {
    async *packs(stream, selection) {
      let page = await index.packs(stream, selection);
      for (; page.next !== undefined; page = await index.packs(stream, selection, page.next))
        yield page.packs;
      yield page.packs;
    },
    chain: (...args) => index.chain(...args),
    stretches: (...args) => index.stretches(...args),
    fragments: async () => [],
    ...{ trackSet: none, read: none },
    gaps: (...args) => index.gaps(...args),
    extent: (stream) => index.extent(stream),
  };
}

async function removeDay(index: FragmentIndex, camera: number): Promise<void> {
  const stream = nameOf(camera);
  const receivedBeforeMs = START_MS + (DAY_PACKS + 1) * PACK_MS;
  let packs = 0;
  await timed("a day of one stream removed", async () => {
    for (;;) {
      const old = await index.oldPacks({ stream, receivedBeforeMs, limit: 200 });
      if (old.length === 0) return;
      const packIds = old.map(({ packId }) => packId);
      const removal = { stream, packIds, cause: "age", who: "retention" } as const;
      packs += (await index.remove({ ...removal, atMs: millis(START_MS) })).packIds.length;
    }
  });
  console.log(`  ${packs} packs; gaps: ${(await index.gaps(stream, EVER, 10)).length}`);
}

const EVER = { fromMs: millis(0), toMs: millis(START_MS * 2) };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: "sqlite" },
      cameras: { type: "string", default: "20" },
      years: { type: "string", default: "0.05" },
    },
  });
  const minutes = Math.round((Number(values.years) * 365.25 * 86_400_000) / PACK_MS);
  const recorder = new Recorder(Number(values.cameras));
  const filled = values.engine === "postgres" ? await inPostgres() : await sqlite();
  try {
    let index = await filled.open();
    await makeStreams(index, recorder.cameras);
    await timed("a tenth of it filled", () => filled.fill(recorder, Math.round(minutes / 10)));
    await removeDay(index, 1);
    await timed("all of it filled", () => filled.fill(recorder, minutes));
    const packs = recorder.cameras * minutes;
    const bytes = await filled.bytes();
    const decade = (bytes / packs) * DECADE_PACKS;
    console.log(
      `${packs} packs, ${Math.round(bytes / 1e6)} MB: ${(bytes / packs).toFixed(0)} bytes per pack`,
    );
    console.log(`one camera, ten years: ${(decade / 1e9).toFixed(2)} GB`);
    // As the server does every hour, when there is something to do.
    const tidied = await timed("tidied", () => index.tidy());
    if (tidied.length > 0) {
      const left = ((await filled.bytes()) / packs) * DECADE_PACKS;
      console.log(`${tidied.length} indexes built anew; ten years: ${(left / 1e9).toFixed(2)} GB`);
    }
    await seeks(index, recorder);
    await monthShown(index, recorder);
    await month(index, recorder);
    await removeDay(index, 2);
    await index.close();
    await filled.crash();
    index = await timed("open after kill -9, and a query", async () => {
      const again = await filled.open();
      await again.extent(nameOf(0));
      return again;
    });
    await index.close();
  } finally {
    await filled.remove();
  }
}

await main();
