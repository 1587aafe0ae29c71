/** The producer SDK for real: networks that break, servers and producers that are killed, a long outage. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { ProducerEvent } from "../../producer-sdk/src/events.ts";
import { DiskStore } from "../../producer-sdk/src/node/disk-store.ts";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { frames } from "../../src/media/mkv/consumer.ts";
import type { Track } from "../../src/media/track.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { notDurable } from "../support/outcome.ts";
import { ProducerProcess } from "../support/producer-process.ts";
import { random } from "../support/random.ts";
import { run } from "../support/run.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const FPS = 25;
/** Frames from key frame to key frame. */
const GROUP = 50;
const TRACKS: readonly Track[] = [
  {
    ...{ number: 1, type: "video", codecId: "V_TEST", encoding: "plain" },
    video: { width: 640, height: 360 },
  },
];

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64");

/** A camera whose frames are all different, put as fast as it is asked to. */
function aCamera({ bytes = 2000, seed = 1 } = {}) {
  const made: string[] = [];
  const noise = random(seed);
  return {
    made,
    put(producer: Producer, count: number) {
      for (let i = 0; i < count; i++) {
        const at = made.length;
        const data = new Uint8Array(Math.ceil(bytes * (0.5 + noise())));
        new DataView(data.buffer).setUint32(0, at);
        for (let n = 4; n < data.length; n += 97) data[n] = noise() * 256;
        const timestampUs = (START_MS + (at * 1000) / FPS) * 1000;
        producer.putFrame({ track: 1, data, timestampUs, key: at % GROUP === 0 });
        made.push(`${timestampUs / 1000} ${hash(data)}`);
      }
    },
  };
}

async function archived(url: string, stream = "cam"): Promise<string[]> {
  const range = `from=${START_MS - 1000}&to=${START_MS + 3_600_000}`;
  const answer = await fetch(`${url}/v1/streams/${stream}/clip.mkv?${range}`);
  assert.equal(answer.status, 200, await (answer.ok ? "" : answer.text()));
  const out: string[] = [];
  assert.ok(answer.body);
  let dateMs = 0;
  for await (const frame of frames(answer.body)) {
    if (out.length === 0) dateMs = START_MS - frame.timeUs / 1000;
    out.push(`${Math.round(frame.timeUs / 1000 + dateMs)} ${hash(frame.payload.toBytes())}`);
  }
  return out;
}

function eventsOf(producer: Producer) {
  const seen: ProducerEvent[] = [];
  const waiters = new Set<() => void>();
  producer.on((event) => {
    seen.push(event);
    for (const look of [...waiters]) look();
  });
  const count = (kind: ProducerEvent["kind"]) => seen.filter((e) => e.kind === kind).length;
  return {
    count,
    /** Resolves when there have been so many. */
    until: (kind: ProducerEvent["kind"], times: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (count(kind) < times) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
  };
}

/** A port that is free now: for a server that comes later. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

suite("a producer and a network that breaks", { timeout: 60_000 }, () => {
  test("cut in the middle of frames, and acks lost: every frame once, in order", async () => {
    await using server = await startTestServer({ createMissing: true });
    const plan = [
      { afterBytes: 30_011 },
      { afterBytes: 150_777 },
      { afterBytes: 310_001, deaf: true },
      { afterBytes: 400_003 },
      { afterBytes: 250_003, deaf: true },
      { afterBytes: 777 },
    ];
    await using proxy = await startCuttingProxy(server.port, plan);
    const url = `http://127.0.0.1:${proxy.port}`;
    const common = { tracks: TRACKS, clock: realClock, random: () => 0 };
    const producer = new Producer({ url, stream: "cam", ...common });
    const { until, count } = eventsOf(producer);
    const camera = aCamera();
    camera.put(producer, 210);
    for (let i = 1; i <= plan.length; i++) {
      await until("disconnected", i);
      camera.put(producer, 130);
    }
    assert.equal(notDurable(await producer.end()), 0);
    assert.equal(proxy.cuts, plan.length);
    assert.equal(count("dropped"), 0);
    assert.deepEqual(await archived(server.url), camera.made);
  });

  test("the server is killed and started again: every frame once, in order", async () => {
    using dir = tempDir("producer-fault");
    await using first = await startServerProcess(dir.path, ["--create-missing"]);
    const common = { tracks: TRACKS, clock: realClock, random: () => 0 };
    const producer = new Producer({ url: first.url, stream: "cam", ...common });
    const { until } = eventsOf(producer);
    const camera = aCamera({ seed: 2 });
    camera.put(producer, 320);
    await until("persisted", 3);
    camera.put(producer, 215);
    await first.kill();
    camera.put(producer, 100);
    const port = new URL(first.url).port;
    await using second = await startServerProcess(dir.path, ["--http-port", port]);
    camera.put(producer, 100);
    assert.equal(notDurable(await producer.end()), 0);
    assert.deepEqual(await archived(second.url), camera.made);
    await second.kill();
  });

  test("ten minutes without a server at 4 Mbit/s: bridged from the disk, memory stays small", async () => {
    using dir = tempDir("producer-outage");
    const port = await freePort();
    const producer = new Producer({
      ...{ url: `http://127.0.0.1:${port}`, stream: "cam", create: true },
      ...{ tracks: TRACKS, clock: realClock, random: () => 0 },
      store: new DiskStore({ dir: join(dir.path, "kept") }),
    });
    const { until, count } = eventsOf(producer);
    await until("disconnected", 1);
    const camera = aCamera({ bytes: 20_000, seed: 3 });
    camera.put(producer, 600 * FPS);
    const { waiting, waitingBytes, waitingUs } = producer.stats;
    assert.equal(waiting, (600 * FPS) / GROUP);
    assert.ok(waitingUs > 599e6 && waitingBytes > (600 * 4e6 * 0.95) / 8, `${waitingBytes} bytes`);
    globalThis.gc?.();
    const { arrayBuffers } = process.memoryUsage();
    assert.ok(arrayBuffers < waitingBytes / 3, `${arrayBuffers} bytes in memory`);
    const data = join(dir.path, "data");
    await using server = await startServerProcess(data, ["--http-port", String(port)]);
    assert.equal(notDurable(await producer.end(60_000)), 0);
    assert.equal(count("dropped"), 0);
    assert.deepEqual(await archived(server.url), camera.made);
    const left = readdirSync(join(dir.path, "kept")).filter((name) => name.endsWith(".mkv"));
    assert.deepEqual(left, []);
    await server.kill();
  });
});

/** Until the server has something of the stream. */
async function stored(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/v1/streams/cam/fragments`);
    const { fragments = [] } = (await answer.json()) as { fragments?: unknown[] };
    if (fragments.length > 0) return;
  }
}

/** Until the folder has so many fragments. */
async function keptMore(dir: string, count: number, signal: AbortSignal): Promise<void> {
  while (readdirSync(dir).filter((name) => name.endsWith(".mkv")).length < count) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

suite("a producer that is killed", { ...needs("ffmpeg"), timeout: 60_000 }, () => {
  test("what it kept is sent by the next one: nothing is missing and nothing is there twice", async (t) => {
    using dir = tempDir("producer-killed");
    const data = join(dir.path, "data");
    const short = join(dir.path, "short.mkv");
    await run("ffmpeg", ["-v", "error", "-i", SAMPLE, "-t", "2", "-c", "copy", "-an", short]);
    await using first = await startServerProcess(data);
    const to = ["--create", "--server", first.url, "--buffer", join(dir.path, "kept")];
    const args = [short, "--loop", "--stream", "cam", ...to];
    using killed = new ProducerProcess(...args);
    await stored(first.url, t.signal);
    await first.kill();
    await keptMore(join(dir.path, "kept", "cam.kept"), 2, t.signal);
    await killed.kill();
    const port = new URL(first.url).port;
    await using second = await startServerProcess(data, ["--http-port", port]);
    using next = new ProducerProcess(...args);
    await next.said(/^cam: live/m);
    assert.equal(await next.stop(), 0, next.out + next.err);
    const [, sent] = /ended, (\d+) frames sent/.exec(next.out) ?? [];
    const answer = await fetch(`${second.url}/v1/streams/cam/clip.mkv?from=0&to=9000000000000`);
    const got = oracleFrames(new Uint8Array(await answer.arrayBuffer())).map(({ sha }) => sha);
    const source = oracleFrames(readFileSync(short)).map(({ sha }) => sha);
    const ofFirst = got.length - Number(sent);
    const round = (length: number) => Array.from({ length }, (_, i) => source[i % source.length]);
    assert.deepEqual(got, [...round(ofFirst), ...round(Number(sent))]);
    assert.ok(ofFirst > 2 * FPS, `${ofFirst} frames of the killed producer`);
    await second.kill();
  });
});
