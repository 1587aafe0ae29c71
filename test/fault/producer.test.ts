/** The producer SDK for real: networks that break, servers and producers that are killed, a long outage. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProducerEvent } from "../../producer-sdk/src/events.ts";
import { DiskStore } from "../../producer-sdk/src/node/disk-store.ts";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { frames } from "../../src/media/mkv/consumer.ts";
import type { Track } from "../../src/media/track.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { oracleBlocks } from "../support/ebml-oracle.ts";
import { NodeProgram } from "../support/node-program.ts";
import { notDurable } from "../support/outcome.ts";
import { random } from "../support/random.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;
const KEPT_CAMERA = join(import.meta.dirname, "../support/kept-camera.ts");
/** The second camera that is killed is so much later. */
const SECOND_MS = 1_000_000;
const FPS = 25;
/** Frames from key frame to key frame. */
const GROUP = 50;
const TRACKS: readonly Track[] = [
  {
    ...{ number: 1, type: "video", codecId: "V_TEST", encoding: "plain" },
    video: { width: 640, height: 360 },
  },
];

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of buffers that something still holds. */
function bytesInMemory(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

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

suite("a producer and a network that breaks", { timeout: 300_000 }, () => {
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

  test("ten minutes without a server at 4 Mbit/s: bridged from the disk, memory stays small", async (t) => {
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
    const before = bytesInMemory();
    camera.put(producer, 600 * FPS);
    const { waiting, waitingBytes, waitingUs } = producer.stats;
    assert.equal(waiting, (600 * FPS) / GROUP);
    assert.ok(waitingUs > 599e6 && waitingBytes > (600 * 4e6 * 0.95) / 8, `${waitingBytes} bytes`);
    const grownMb = (bytesInMemory() - before) / 1e6;
    assert.ok(grownMb < 48, `${grownMb} MB more in memory`);
    t.diagnostic(`${(waitingBytes / 1e6).toFixed(0)} MB kept, ${grownMb.toFixed(1)} MB in memory`);
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

/** Every whole frame in the files of the folder, in their order, as an independent parser sees them. */
function keptIn(dir: string): string[] {
  const names = readdirSync(dir).filter((name) => name.endsWith(".mkv"));
  return names.sort().flatMap((name) => {
    const startMs = Number(/-(\d+)\.mkv$/.exec(name)?.[1]) / 1000;
    const blocks = oracleBlocks(readFileSync(join(dir, name)));
    return blocks.map(({ timeMs, payload }) => `${startMs + timeMs} ${hash(payload)}`);
  });
}

const timeOf = (frame: string | undefined) => Number(frame?.split(" ")[0]);

/** Lines that are whole: the last one may be cut by the kill. */
const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

suite("a producer that is killed", { timeout: 300_000 }, () => {
  test("all that was handed over is stored or in its folder, and is stored once by the next one", async (t) => {
    using dir = tempDir("producer-killed");
    const data = join(dir.path, "data");
    const kept = join(dir.path, "kept");
    const logs = [join(dir.path, "first.log"), join(dir.path, "second.log")] as const;
    await using first = await startServerProcess(data);
    const camera = (log: string, startMs: number) =>
      new NodeProgram(KEPT_CAMERA, first.url, kept, log, String(startMs));
    {
      using killed = camera(logs[0], START_MS);
      await killed.said(/(persisted[\s\S]*){3}/);
      await first.kill();
      await killed.said(/(group[\s\S]*){4}/, { from: killed.out.length });
      await killed.kill();
    }
    {
      // Killed again before anything it found could be sent.
      using killed = camera(logs[1], START_MS + SECOND_MS);
      await killed.said(/group 3/);
      await killed.kill();
    }
    const left = keptIn(kept);
    assert.equal(new Set(left).size, left.length, "nothing is kept twice");
    const port = new URL(first.url).port;
    await using second = await startServerProcess(data, ["--http-port", port]);
    const stored = await archived(second.url);
    assert.equal(new Set(stored).size, stored.length, "nothing is stored twice");
    const all = new Set([...stored, ...left]);
    const union = [...all];
    const handed = logs.map(linesOf);
    const known = new Set(handed.flat());
    assert.deepEqual(
      handed.flat().filter((frame) => !all.has(frame)),
      [],
      "nothing is missing",
    );
    // At the kill a frame may have been handed over and not be in the log yet.
    const extra = union.filter((frame) => !known.has(frame));
    assert.ok(extra.length <= 2, `${extra}`);
    const lasts = handed.map((frames) => timeOf(frames.at(-1)));
    for (const frame of extra) assert.ok(lasts.includes(timeOf(frame) - 1000 / FPS), frame);

    const next = new Producer({
      ...{ url: second.url, stream: "cam", tracks: TRACKS, clock: realClock },
      store: new DiskStore({ dir: kept }),
    });
    const outcome = await next.end(60_000);
    assert.equal(notDurable(outcome), 0, JSON.stringify(outcome));
    assert.deepEqual(await archived(second.url), union, "each once, in order");
    assert.deepEqual(keptIn(kept), []);
    t.diagnostic(`${handed.map((f) => f.length)} frames handed over, ${left.length} kept`);
    await second.kill();
  });
});
