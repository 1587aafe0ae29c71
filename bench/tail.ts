/**
 * Live latency, sender to viewer, at 1 and at 200 viewers, against a bare `ws` fan-out of messages of
 * the same sizes at the same moments. Claim: p99 at 200 viewers is at most 1.5 times the bare one's.
 *
 * Each server is a process of its own; all viewers are in another one. The camera (30 pictures a second, 2 Mbit/s,
 * and AAC-like audio) runs inside the server, so that only the way out is measured. Rounds alternate A and B.
 *
 *     node bench/tail.ts [rounds] [seconds per round]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { realClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Rope } from "../src/base/rope.ts";
import { micros, millis } from "../src/base/units.ts";
import { FRAME_HEADER_BYTES } from "../src/live/encoders/frames-encoder.ts";
import { LiveHub } from "../src/live/hub.ts";
import { handleTailSocket } from "../src/play/tail/tail-socket.ts";
import { trackSetOf } from "../test/support/live.ts";
import { TailArchive } from "../test/support/tail-archive.ts";

const BAR = 1.5;
const PICTURE_MS = 1000 / 30;
const AUDIO_MS = 1024 / 48;
const KEY_EVERY = 60;
const SIZES = { key: 40_000, delta: 7700, audio: 350 };

/** ms, on a clock all processes of a machine share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

type Publish = (frame: { track: number; key: boolean; payload: Uint8Array }) => void;

/** Calls `publish` on time for ever, catching up when a timer was late. */
function runCamera(publish: Publish): void {
  const start = now();
  let [pictures, sounds] = [0, 0];
  setInterval(() => {
    const t = now() - start;
    for (; pictures * PICTURE_MS <= t; pictures++) {
      const key = pictures % KEY_EVERY === 0;
      publish({ track: 1, key, payload: stamped(key ? SIZES.key : SIZES.delta) });
    }
    for (; sounds * AUDIO_MS <= t; sounds++)
      publish({ track: 2, key: true, payload: stamped(SIZES.audio) });
  }, 2);
}

function stamped(size: number): Uint8Array {
  const bytes = Buffer.alloc(size, 7);
  bytes.writeDoubleBE(now(), 0);
  return bytes;
}

async function serve(kind: "streambank" | "bare"): Promise<void> {
  const server = createServer();
  const wss = new WebSocketServer({ server, perMessageDeflate: false });
  if (kind === "bare") {
    runCamera(({ payload }) => {
      const message = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
      message.set(payload, FRAME_HEADER_BYTES);
      const options = { binary: true, compress: false };
      for (const ws of wss.clients) ws.send(message, options);
    });
  } else {
    const hub = new LiveHub({ clock: realClock });
    const parts = { hub, reader: new TailArchive(), clock: realClock, log: silentLogger };
    wss.on("connection", (ws) => handleTailSocket(ws, { stream: "cam", format: "frames" }, parts));
    const publisher = hub.open("cam", "bench");
    publisher.tracks(trackSetOf(["video", "audio"]));
    let sequence = 0;
    runCamera(({ track, key, payload }) => {
      const nowMs = realClock.now();
      const number = { sequence, receivedMs: nowMs, salt: 0 };
      if (track === 1 && key) publisher.fragment({ ...number, sequence: ++sequence }, 0);
      const timeUs = micros(nowMs * 1000);
      publisher.frame({ track, key, timeUs, payload: Rope.of(payload) }, millis(nowMs));
    });
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send?.({ port: (server.address() as AddressInfo).port });
}

interface Job {
  readonly port: number;
  readonly viewers: number;
  readonly seconds: number;
}

/** Connects, lets the join settle, measures every message of every viewer, leaves. */
async function view({ port, viewers, seconds }: Job): Promise<number[]> {
  const latencies: number[] = [];
  let measuring = false;
  const sockets = Array.from({ length: viewers }, () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    ws.on("message", (data: Buffer, binary) => {
      if (binary && measuring) latencies.push(now() - data.readDoubleBE(FRAME_HEADER_BYTES));
    });
    return ws;
  });
  await Promise.all(sockets.map((ws) => once(ws, "open")));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  measuring = true;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  measuring = false;
  for (const ws of sockets) ws.terminate();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return latencies;
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

function percentiles(values: number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

function start(role: string): ChildProcess {
  const execArgv = ["--disable-warning=ExperimentalWarning", ...process.execArgv];
  return fork(import.meta.filename, ["--role", role], { execArgv });
}

async function ask<T>(child: ChildProcess, message?: Job): Promise<T> {
  const answer = once(child, "message");
  if (message !== undefined) child.send(message);
  return (await answer)[0] as T;
}

export interface TailResult {
  readonly viewers: number;
  readonly ours: Percentiles;
  readonly bare: Percentiles;
  readonly ratioP50: number;
  readonly ratioP99: number;
}

/** Medians over the rounds; each ratio is the median of the ratios of neighbouring runs. */
export async function run(
  options: { rounds?: number; seconds?: number } = {},
): Promise<TailResult[]> {
  const { rounds = 5, seconds = 4 } = options;
  const [ours, bare, viewers] = [start("streambank"), start("bare"), start("viewers")];
  try {
    const [a, b] = await Promise.all([ask<Job>(ours), ask<Job>(bare)]);
    const results: TailResult[] = [];
    for (const count of [1, 200]) {
      const runs: { ours: Percentiles; bare: Percentiles }[] = [];
      for (let round = 0; round < rounds; round++) {
        const one = async (port: number) =>
          ask<Percentiles>(viewers, { port, viewers: count, seconds });
        const oursFirst = round % 2 === 0;
        const first = await one(oursFirst ? a.port : b.port);
        const second = await one(oursFirst ? b.port : a.port);
        runs.push(oursFirst ? { ours: first, bare: second } : { ours: second, bare: first });
      }
      results.push(summary(count, runs));
    }
    return results;
  } finally {
    for (const child of [ours, bare, viewers]) child.kill("SIGKILL");
  }
}

function summary(
  viewers: number,
  runs: readonly { ours: Percentiles; bare: Percentiles }[],
): TailResult {
  const of = (side: "ours" | "bare"): Percentiles => ({
    p50: median(runs.map((r) => r[side].p50)),
    p99: median(runs.map((r) => r[side].p99)),
    count: runs.reduce((sum, r) => sum + r[side].count, 0),
  });
  return {
    viewers,
    ours: of("ours"),
    bare: of("bare"),
    ratioP50: median(runs.map((r) => r.ours.p50 / r.bare.p50)),
    ratioP99: median(runs.map((r) => r.ours.p99 / r.bare.p99)),
  };
}

async function main(): Promise<void> {
  const role = process.argv[process.argv.indexOf("--role") + 1];
  if (role === "streambank" || role === "bare") return serve(role);
  if (role === "viewers") {
    process.on("message", (job) => {
      view(job as Job).then(
        (latencies) => process.send?.(percentiles(latencies)),
        (error) => {
          throw error;
        },
      );
    });
    return;
  }
  const [rounds, seconds] = process.argv.slice(2).map(Number);
  for (const r of await run({ rounds: rounds ?? 5, seconds: seconds ?? 4 })) {
    const side = (p: Percentiles) => `p50 ${p.p50.toFixed(2)} p99 ${p.p99.toFixed(2)} ms`;
    console.log(
      `tail, ${r.viewers} viewers: streambank ${side(r.ours)}; bare ws ${side(r.bare)}; ` +
        `ratio p50 ${r.ratioP50.toFixed(2)} p99 ${r.ratioP99.toFixed(2)} ` +
        `(bar p99 at 200: ${BAR}); ${r.ours.count} + ${r.bare.count} messages`,
    );
  }
}

if (import.meta.main) await main();
