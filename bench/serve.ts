/**
 * What serving costs: HLS segments and the bodies of GetMedia against nginx, which sends the same bytes as files, in CPU seconds of the
 * server per GB; and how long the first byte of each output takes, of an archive of a minute, a day and a month. Package: nginx-light.
 * `--throughput` or `--first-byte` does one half.
 *
 * Segments are asked for as a player does, the picture's and the sound's of one time after each other. All of them are more than the
 * server keeps of those it made, so that the picture's are made anew each time; the newest are not.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesAt, mediaUrisOf, readPlaylist, textAt } from "../test/support/hls-client.ts";
import { addPacks, makeStream } from "../test/support/index-packs.ts";
import { makeMedia } from "../test/support/media.ts";
import { putMedia } from "../test/support/put-media.ts";
import { startServerProcess, startTestServer } from "../test/support/server.ts";
import { compare, judge, median, race, report, type Sample } from "./harness.ts";
import { benchFolder } from "./media.ts";
import { requireNginx, startNginx } from "./nginx.ts";
import { cpuSeconds } from "./process-cpu.ts";

const START_MS = 1_790_000_000_000;
const ROUNDS = 3;
/** Bytes fetched in a round, at least: CPU time is told in hundredths of a second, and nginx needs 0.15 s for a GB. */
const ROUND_BYTES = 1.5e9;
/** Segments that many viewers of one time ask for. */
const NEWEST = 10;

async function put(url: string, startMs: number, times: number): Promise<void> {
  const file = readFileSync(await makeMedia("long"));
  for (let i = 0; i < times; i++) {
    const call = putMedia({ url, stream: "cam", startMs: startMs + i * 21_000 });
    await call.write(file);
    call.end();
    if ((await call.acks).at(-1)?.EventType !== "PERSISTED") throw new Error("not stored");
  }
}

/** Fetches all of them again and again; CPU seconds of that process per GB, and MB per second. */
async function fetched(pid: number, list: readonly (() => Promise<number>)[]): Promise<Sample> {
  for (const get of list) await get();
  const [cpu, began] = [cpuSeconds(pid), performance.now()];
  let bytes = 0;
  while (bytes < ROUND_BYTES) for (const get of list) bytes += await get();
  const seconds = (performance.now() - began) / 1000;
  return {
    cpuPerGb: (cpuSeconds(pid) - cpu) / (bytes / 1e9),
    mbPerSecond: bytes / 1e6 / seconds,
  };
}

/** Read and thrown away. */
async function length(url: string, init?: RequestInit): Promise<number> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  let bytes = 0;
  for await (const part of answer.body ?? []) bytes += part.length;
  return bytes;
}

async function segmentsOf(url: string): Promise<string[]> {
  const query = `from=${START_MS}&to=${START_MS + 600_000}`;
  const master = `${url}/v1/streams/cam/hls/index.m3u8?${query}`;
  const lists: string[][] = [];
  for (const uri of mediaUrisOf(await textAt(master))) {
    const address = new URL(uri, master);
    const { segments } = readPlaylist(await textAt(address));
    lists.push(segments.map((one) => new URL(one.uri, address).href));
  }
  const [pictures = []] = lists;
  return pictures.flatMap((_, i) => lists.flatMap((list) => list[i] ?? []));
}

async function throughput(): Promise<void> {
  requireNginx("nginx-light");
  mkdirSync(benchFolder, { recursive: true });
  const folder = mkdtempSync(join(benchFolder, "serve-"));
  const server = await startServerProcess(join(folder, "data"), ["--create-missing"]);
  const root = join(folder, "files");
  mkdirSync(root);
  const nginx = await startNginx(
    folder,
    (port) =>
      `http { access_log off; sendfile on; server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  try {
    await put(server.url, START_MS, 5);
    const segments = await segmentsOf(server.url);
    for (const [i, url] of segments.entries())
      writeFileSync(join(root, `${i}`), await bytesAt(url));
    const list = await (await fetch(`${server.url}/v1/streams/cam/fragments`)).json();
    const { fragments } = list as { fragments: { number: string }[] };
    const body = JSON.stringify({
      ...{ StreamName: "cam", Fragments: fragments.map(({ number }) => number) },
    });
    const media = `${server.url}/getMediaForFragmentList`;
    const post = { method: "POST", body } as const;
    writeFileSync(join(root, "media"), Buffer.from(await (await fetch(media, post)).arrayBuffer()));
    const [gets, names] = [
      segments.map((url) => () => length(url)),
      segments.map((_, i) => `${i}`),
    ];
    for (const [name, bar, ours, theirs] of [
      ["HLS segments", 15, gets, names],
      ["HLS segments, the newest again and again", 12, gets.slice(-NEWEST), names.slice(-NEWEST)],
      ["media of fragments (GetMedia's body)", 15, [() => length(media, post)], ["media"]],
    ] as const) {
      const files = theirs.map((file) => () => length(`http://127.0.0.1:${nginx.port}/${file}`));
      const samples = await race({
        runs: ROUNDS,
        a: () => fetched(server.pid, ours),
        b: () => fetched(nginx.pid, files),
      });
      const claim = `${name}, CPU per GB against nginx with files`;
      report(judge({ name: claim, unit: "s", bar: { op: "<=", ratio: bar } }, "cpuPerGb", samples));
      const speeds = [samples.a, samples.b].map((side) =>
        median(side.map((s) => s.mbPerSecond ?? 0)),
      );
      console.log(`  one client: ${speeds.map((speed) => speed.toFixed(0)).join(" / ")} MB/s`);
    }
  } finally {
    await nginx.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const MINUTE_MS = 60_000;
/** Packs of a minute before what is asked for. */
const LENGTHS = { "a minute": 0, "a day": 1440, "a month": 43_200 } as const;
const BATCH = 500;

async function archiveOf(packs: number) {
  const server = await startTestServer();
  const { index } = server.parts.archive;
  await makeStream(index, "cam", { retentionHours: 87_600 });
  for (let at = 0; at < packs; at += BATCH) {
    const count = Math.min(BATCH, packs - at);
    const specs = Array.from({ length: count }, (_, i) => ({
      ...{ atMs: START_MS - (packs - at - i) * MINUTE_MS, bytes: 1000 },
    }));
    await addPacks(index, "cam", specs, at + 1);
  }
  await put(server.url, START_MS, 2);
  return server;
}

/** From the request to the first byte of the answer's body, ms. */
async function firstByte(url: string, init: RequestInit = {}): Promise<number> {
  const gone = new AbortController();
  const began = performance.now();
  const answer = await fetch(url, { ...init, signal: gone.signal });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  await answer.body?.getReader().read();
  const ms = performance.now() - began;
  gone.abort();
  return ms;
}

function outputsOf(url: string): Record<string, () => Promise<number>> {
  const stream = `${url}/v1/streams/cam`;
  const range = `from=${START_MS}&to=${START_MS + 40_000}`;
  const at = { StartSelectorType: "PRODUCER_TIMESTAMP", StartTimestamp: START_MS / 1000 };
  const body = JSON.stringify({ StreamName: "cam", StartSelector: at });
  return {
    "clip.mkv": () => firstByte(`${stream}/clip.mkv?${range}`),
    "clip.mp4": () => firstByte(`${stream}/clip.mp4?${range}`),
    GetMedia: () => firstByte(`${url}/getMedia`, { method: "POST", body }),
    "HLS playlist": () => firstByte(`${stream}/hls/index.m3u8?${range}`),
    "DASH manifest": () => firstByte(`${stream}/dash/manifest.mpd?${range}`),
    "list of fragments": () => firstByte(`${stream}/fragments?${range}`),
    image: () => firstByte(`${stream}/image.jpg?at=${START_MS + 1000}&exact=false&width=320`),
  };
}

/** Longer archives against the short one, in turns. */
async function firstBytes(): Promise<void> {
  const short = await archiveOf(LENGTHS["a minute"]);
  for (const name of ["a day", "a month"] as const) {
    const long = await archiveOf(LENGTHS[name]);
    const [ours, theirs] = [outputsOf(long.url), outputsOf(short.url)];
    for (const [output, a] of Object.entries(ours)) {
      const b = theirs[output] ?? a;
      for (let i = 0; i < 3; i++) await Promise.all([a(), b()]);
      await compare({
        ...{ name: `first byte of ${output}, ${name} against a minute`, unit: "ms", runs: 9, a, b },
        bar: { op: "<=", ratio: 3 },
      });
    }
    await long.close();
  }
  await short.close();
}

if (!process.argv.includes("--first-byte")) await throughput();
if (!process.argv.includes("--throughput")) await firstBytes();
