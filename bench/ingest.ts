/**
 * PutMedia of our server against the bare server of bare-side.ts: same bytes, same client, same disk. Two claims:
 * CPU seconds of the server process per GB, and MB/s until the answer has ended (after the last PERSISTED).
 * Each run has a fresh process and an empty folder, and sends the recording several times: a server runs for months, so
 * what counts is the last time, when both sides' code is compiled. What was stored before is deleted before the
 * next, so that the kernel has pages to reuse. Sealing that happens after the answer is not in it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { putMedia } from "../test/support/put-media.ts";
import { startServerProcess } from "../test/support/server.ts";
import { judge, race, report, type Sample } from "./harness.ts";
import { benchFolder, type Recording, recording } from "./media.ts";
import { cpuSeconds } from "./process-cpu.ts";

const CLIENT_CHUNK = 1 << 20;
const ROUNDS = 5;
const WARM_UPS = 2;

interface Side {
  readonly url: string;
  readonly pid: number;
  create(stream: string): Promise<void>;
  remove(stream: string): Promise<void>;
  stop(): Promise<unknown>;
}

/** Starts one side on an empty folder, sends it the recording, measures, cleans up. */
async function measure(
  input: Recording,
  start: (folder: string) => Promise<Side>,
): Promise<Sample> {
  const folder = mkdtempSync(join(benchFolder, "run-"));
  try {
    const side = await start(folder);
    try {
      for (let i = 0; i < WARM_UPS; i++) {
        await side.create("warm-up");
        await send(input, side, "warm-up");
        await side.remove("warm-up");
      }
      await side.create("measured");
      return await send(input, side, "measured");
    } finally {
      await side.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function send(input: Recording, { url, pid }: Side, stream: string): Promise<Sample> {
  const file = await open(input.path);
  const cpuBefore = cpuSeconds(pid);
  const began = performance.now();
  const call = putMedia({ url, stream, startMs: Date.now() - 3_600_000 });
  for (let at = 0; at < input.bytes; at += CLIENT_CHUNK) {
    const size = Math.min(CLIENT_CHUNK, input.bytes - at);
    const { buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, at);
    await Promise.race([call.write(buffer), call.acks]);
  }
  call.end();
  const acks = await call.acks;
  const seconds = (performance.now() - began) / 1000;
  const cpu = cpuSeconds(pid) - cpuBefore;
  await file.close();
  const persisted = acks.filter((ack) => ack.EventType === "PERSISTED").length;
  const errors = acks.filter((ack) => ack.EventType === "ERROR");
  // A few of the bare side's batches are longer than a fragment, by what a chunk has too much.
  if (errors.length > 0 || persisted < input.clusters.length * 0.9)
    throw new Error(
      `${persisted} of ${input.clusters.length} stored; ${JSON.stringify(errors[0])}`,
    );
  return { cpuPerGb: cpu / (input.bytes / 1e9), mbPerSecond: input.bytes / 1e6 / seconds };
}

async function startOurs(folder: string): Promise<Side> {
  const server = await startServerProcess(folder);
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${server.url}/v1/streams${path}`, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    ...server,
    create: (name) => call("POST", "", { name, retentionHours: 24 }),
    remove: (name) => call("DELETE", `/${name}`),
  };
}

async function startBare(folder: string, batchBytes: number): Promise<Side> {
  const file = join(import.meta.dirname, "bare-side.ts");
  const args = ["--disable-warning=ExperimentalWarning", file, folder, String(batchBytes)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const stop = () => {
    child.kill("SIGINT");
    return once(child, "exit");
  };
  const create = async () => {};
  const remove = async (name: string) => {
    for (const kind of ["media", "index"]) await rm(join(folder, `${name}-${kind}`));
  };
  return { url, pid: child.pid ?? -1, create, remove, stop };
}

const input = await recording();
const batchBytes = Math.floor(input.bytes / input.clusters.length);
const bare = (folder: string) => startBare(folder, batchBytes);
// With --self the bare server is held against itself: how far from 1 that comes out is the noise of this machine.
const ours = process.argv.includes("--self") ? bare : startOurs;
const samples = await race({
  runs: ROUNDS,
  a: () => measure(input, ours),
  b: () => measure(input, bare),
});
const cpu = "PutMedia CPU per GB against a bare copy";
report(judge({ name: cpu, unit: "s", bar: { op: "<=", ratio: 1.25 } }, "cpuPerGb", samples));
const rate = "PutMedia rate against a bare copy";
report(judge({ name: rate, unit: "MB/s", bar: { op: ">=", ratio: 0.8 } }, "mbPerSecond", samples));
