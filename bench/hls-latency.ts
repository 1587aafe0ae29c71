/**
 * How late low-latency HLS is: from the moment a picture is handed to a producer until a client that follows the playlist with
 * blocking reloads (RFC 8216bis §6.2.5.2) has the bytes of the part it is in; against a viewer of the tail WebSocket who watches the
 * same camera at the same time. When a picture was handed over stands in its bytes. A part holds 0.34 to 0.4 s of pictures, so its
 * first has to wait for its last: the claim is on the last, which is what server and playlist add.
 *
 *     node bench/hls-latency.ts [seconds]
 */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { WebSocket } from "ws";
import { Producer } from "../producer-sdk/src/index.ts";
import { openRecording } from "../producer-sdk/src/node.ts";
import { realClock, sleep } from "../src/base/clock.ts";
import { startServerProcess } from "../test/support/server.ts";
import { judge, percentile, report, type Sample } from "./harness.ts";
import { benchFolder } from "./media.ts";

const CAMERA = join(import.meta.dirname, "../samples/camera.mkv");
const PICTURE_MS = 1000 / 25;
const KEY_EVERY = 50;
const BYTES = { key: 40_000, delta: 7700 };
/** In front of the time in a picture's bytes; no NAL unit's start. */
const MARK = Buffer.from("handed over at: ");
const WINDOW_MS = 6000;
/** Before anything counts. */
const SETTLE_MS = 5000;

/** One NAL unit of so many bytes, with its length before it, as AVC has it in files. */
function picture(key: boolean): Uint8Array {
  const bytes = Buffer.alloc(key ? BYTES.key : BYTES.delta, 7);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  bytes[4] = key ? 0x65 : 0x41;
  MARK.copy(bytes, 5);
  bytes.writeDoubleBE(performance.now(), 5 + MARK.length);
  return bytes;
}

/** When each picture in these bytes was handed over. */
function* handedOver(bytes: Buffer): Generator<number> {
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1))
    yield bytes.readDoubleBE(at + MARK.length);
}

/** Pictures on time, until it is told to end. */
function startCamera(producer: Producer, track: number): () => void {
  const start = performance.now();
  const startUs = realClock.now() * 1000;
  let sent = 0;
  const timer = setInterval(() => {
    for (; sent * PICTURE_MS <= performance.now() - start; sent++) {
      const key = sent % KEY_EVERY === 0;
      const timestampUs = startUs + Math.round(sent * PICTURE_MS * 1000);
      producer.putFrame({ track, data: picture(key), timestampUs, key });
    }
  }, 2);
  return () => clearInterval(timer);
}

interface Seen {
  /** When it was handed over, and how long that was ago, ms. */
  readonly handedMs: number;
  readonly lateMs: number;
}

/** Every picture over the WebSocket. */
async function watchTail(url: string, seen: Map<number, number>): Promise<() => void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/streams/cam/tail`);
  socket.on("message", (data: Buffer, binary) => {
    if (!binary) return;
    for (const handedMs of handedOver(data)) seen.set(handedMs, performance.now() - handedMs);
  });
  await once(socket, "open");
  return () => socket.terminate();
}

interface Part {
  readonly first: Seen;
  readonly last: Seen;
}

const HINT = /PRELOAD-HINT:TYPE=PART,URI="v-(\d+)\.(\d+)\.m4s/;

/** Follows the playlist; every part it had to wait for. */
async function watchHls(url: string, parts: Part[], over: () => boolean): Promise<void> {
  const base = `${url}/v1/streams/cam/hls/`;
  const known = new Set<string>();
  let list = await (await fetch(`${base}v.m3u8`)).text();
  for (const uri of urisOf(list)) known.add(uri);
  while (!over()) {
    const [, msn, part] = HINT.exec(list) ?? [];
    if (msn === undefined) throw new Error(`no hint in ${list}`);
    list = await (await fetch(`${base}v.m3u8?_HLS_msn=${msn}&_HLS_part=${part}`)).text();
    for (const uri of urisOf(list)) {
      if (known.has(uri)) continue;
      known.add(uri);
      const bytes = Buffer.from(await (await fetch(base + uri)).arrayBuffer());
      const now = performance.now();
      const pictures = [...handedOver(bytes)].map((handedMs) => ({
        ...{ handedMs, lateMs: now - handedMs },
      }));
      const [first, last] = [pictures[0], pictures.at(-1)];
      if (first !== undefined && last !== undefined) parts.push({ first, last });
    }
  }
}

function urisOf(list: string): string[] {
  return [...list.matchAll(/#EXT-X-PART:[^\n]*URI="([^"]+)"/g)].map(([, uri]) => uri ?? "");
}

function sampleOf(values: readonly number[]): Sample {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
}

async function main(seconds: number): Promise<void> {
  mkdirSync(benchFolder, { recursive: true });
  const folder = mkdtempSync(join(benchFolder, "hls-latency-"));
  const server = await startServerProcess(join(folder, "data"), ["--create-missing"]);
  const recorded = await openRecording(CAMERA);
  const tracks = recorded.tracks.filter(({ type }) => type === "video");
  const producer = new Producer({ url: server.url, stream: "cam", tracks, clock: realClock });
  const stop = startCamera(producer, tracks[0]?.number ?? 1);
  const [tail, parts] = [new Map<number, number>(), [] as Part[]];
  try {
    await sleep(realClock, SETTLE_MS);
    const leave = await watchTail(server.url, tail);
    const from = performance.now() + SETTLE_MS;
    const to = from + seconds * 1000;
    await watchHls(server.url, parts, () => performance.now() > to);
    leave();
    tell(parts, tail, { from, to });
  } finally {
    stop();
    await producer.end(2000);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same pictures on both ways, stretch by stretch. */
function tell(
  parts: readonly Part[],
  tail: ReadonlyMap<number, number>,
  { from, to }: { from: number; to: number },
): void {
  const [hls, ws]: [Sample[], Sample[]] = [[], []];
  const firsts: number[] = [];
  for (let at = from; at < to; at += WINDOW_MS) {
    const inside = parts.filter(
      ({ last }) => last.handedMs >= at && last.handedMs < at + WINDOW_MS,
    );
    const both = inside.filter(({ last }) => tail.has(last.handedMs));
    if (both.length === 0) continue;
    hls.push(sampleOf(both.map(({ last }) => last.lateMs)));
    ws.push(sampleOf(both.map(({ last }) => tail.get(last.handedMs) ?? Number.NaN)));
    firsts.push(...inside.map(({ first }) => first.lateMs));
  }
  const name = "LL-HLS, the last picture of a part, against the tail WebSocket";
  const samples = { a: hls, b: ws };
  for (const [q, ratio] of [
    ["p50", 25],
    ["p95", 25],
  ] as const)
    report(judge({ name: `${name}, ${q}`, unit: "ms", bar: { op: "<=", ratio } }, q, samples));
  const [p50, p95] = [percentile(firsts, 0.5), percentile(firsts, 0.95)];
  console.log(
    `  the first picture of a part: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms; ${firsts.length} parts`,
  );
}

await main(Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 30));
