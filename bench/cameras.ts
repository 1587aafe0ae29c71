/**
 * How many cameras of 2 Mbit/s one server process carries with every fragment synced, over PutMedia and over RTMP, until it
 * falls behind: until a fragment is no longer durable soon after its last byte, or connections have to wait with
 * theirs. Next to it a bare Node server that appends the same bodies to a file per camera, with the same sync per fragment.
 * The cameras are one process of their own (camera-side.ts); it shares the machine's cores with the server.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startServerProcess } from "../test/support/server.ts";
import { feedOf } from "./camera-feed.ts";
import type { Step, StepResult } from "./camera-side.ts";
import { benchFolder, recording } from "./media.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { freePort, startBareServer } from "./sides.ts";

const SECONDS = 6;
const FIRST = 250;
/** The RTMP port takes no more connections. */
const MOST = 1000;
/** Steps between the last count that held and the first that did not. */
const BISECTIONS = 2;
/** What a camera may have to wait for its fragment to be durable, or with its bytes, ms. */
const TOLERANCE_MS = 1000;

interface Server {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  clear(prefix: string, cameras: number): Promise<void>;
  stop(): Promise<unknown>;
}

interface Held extends StepResult {
  readonly cameras: number;
  readonly serverCores: number;
}

async function startOurs(kind: "mkv" | "rtmp", folder: string): Promise<Server> {
  const rtmpPort = await freePort();
  const flags = ["--create-missing", "--rtmp-port", String(rtmpPort)];
  const server = await startServerProcess(folder, flags);
  const clear = async (prefix: string, cameras: number) => {
    const remove = (i: number) =>
      fetch(`${server.url}/v1/streams/${prefix}${i}`, { method: "DELETE" });
    for (let i = 0; i < cameras; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, j) => remove(i + j)));
  };
  const port = kind === "rtmp" ? rtmpPort : Number(new URL(server.url).port);
  return { ...server, port, clear };
}

async function startBare(folder: string, fragmentBytes: number): Promise<Server> {
  // A little less than a fragment, so that a batch is over with the fragment's last picture.
  const server = await startBareServer(folder, String(fragmentBytes - 4096), "media-only");
  const clear = async () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  };
  return { ...server, port: Number(new URL(server.url).port), clear };
}

/** Doubles until it does not hold, then halves the distance a few times. Returns the most that held. */
async function most(holds: (cameras: number) => Promise<Held | undefined>): Promise<Held> {
  let [good, bad]: [Held | undefined, number | undefined] = [undefined, undefined];
  for (let left = BISECTIONS; left > 0; ) {
    const known = good?.cameras ?? 0;
    if (known === MOST) break;
    const next: number =
      bad === undefined ? Math.min(MOST, 2 * known || FIRST) : Math.round((known + bad) / 2);
    if (bad !== undefined) left--;
    const held = await holds(next);
    if (held === undefined) bad = next;
    else good = held;
  }
  if (good === undefined) throw new Error("one camera is too many");
  return good;
}

/** One count of cameras, from a process of their own. */
async function measure(step: Step): Promise<StepResult> {
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  const sender = fork(join(import.meta.dirname, "camera-side.ts"), [], { execArgv });
  try {
    sender.send(step);
    const ended = [once(sender, "message"), once(sender, "exit")];
    const [result] = (await Promise.race(ended)) as [StepResult | number];
    if (typeof result === "number") throw new Error(`the cameras ended with ${result}`);
    return result;
  } finally {
    sender.kill("SIGKILL");
  }
}

async function tryStep(step: Step, server: Server): Promise<Held | undefined> {
  const cpuBefore = cpuSeconds(server.pid);
  const began = performance.now();
  const result = await measure(step);
  const serverCores = (cpuSeconds(server.pid) - cpuBefore) / ((performance.now() - began) / 1000);
  await setTimeout(500);
  await server.clear(step.prefix, step.cameras);
  const { durableMs, backlogMs, lateMs } = result;
  const ok = Math.max(durableMs, backlogMs, lateMs) <= TOLERANCE_MS;
  const held = { ...result, cameras: step.cameras, serverCores };
  console.error(`  ${step.cameras} ${ok ? "hold" : "do not"}: ${describe(held)}`);
  return ok ? held : undefined;
}

function describe({ durableMs, backlogMs, lateMs, serverCores, cores }: Held): string {
  const [durable, waiting, late] = [durableMs, backlogMs, lateMs].map((ms) => ms.toFixed(0));
  const used = `cores: server ${serverCores.toFixed(2)}, sender ${cores.toFixed(2)}`;
  return `durable after ${durable} ms (p99), bytes waiting ${waiting} ms, sender late ${late} ms; ${used}`;
}

async function search(
  kind: "mkv" | "rtmp",
  start: (folder: string) => Promise<Server>,
): Promise<Held> {
  const folder = mkdtempSync(join(benchFolder, "cameras-"));
  try {
    const server = await start(folder);
    const { port, url } = server;
    try {
      return await most((cameras) => {
        const prefix = `${kind}-${cameras}-`;
        return tryStep({ kind, port, url, prefix, cameras, seconds: SECONDS }, server);
      });
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { fragmentBytes } = feedOf("mkv", await recording(), 4);
const bare = await search("mkv", (folder) => startBare(folder, fragmentBytes));
for (const [kind, name] of [
  ["mkv", "PutMedia"],
  ["rtmp", "RTMP"],
] as const) {
  const ours = await search(kind, (folder) => startOurs(kind, folder));
  const ratio = (ours.cameras / bare.cameras).toFixed(2);
  console.log(
    `cameras of 2 Mbit/s over ${name}: ${ours.cameras}, bare server ${bare.cameras}: ${ratio}× (no bar)`,
  );
  console.log(`  ours: ${describe(ours)}`);
  console.log(`  bare: ${describe(bare)}`);
}
