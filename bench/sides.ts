/** One run of one side of a race: a fresh process on an empty folder that is sent the recording several times. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { freemem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Sample } from "./harness.ts";
import { benchFolder } from "./media.ts";
import { cpuSeconds } from "./process-cpu.ts";

/** A server runs for months: what counts is the last time, when the code of both sides is compiled. */
const WARM_UPS = 2;
/** More than a run writes and holds, bytes. */
const FREE_BYTES = 1536 << 20;
const MEBI = 1 << 20;

export interface Side {
  readonly pid: number;
  /** Forgets what was sent, and is ready for the same again. */
  clear(): Promise<void>;
  stop(): Promise<unknown>;
}

export interface Run<S extends Side> {
  start(folder: string): Promise<S>;
  /** Sends `bytes` once; resolves when all of it is where it belongs. */
  send(side: S): Promise<void>;
  readonly bytes: number;
  /** Sends before the one that is measured. Default 2. */
  readonly warmUps?: number;
  /** Fetches free pages before what is measured. */
  readonly touchPages?: boolean;
}

/** CPU seconds of the side's process per GB as `cpuPerGb`, and `mbPerSecond`. */
export async function measureSide<S extends Side>(run: Run<S>): Promise<Sample> {
  const { start, send, bytes, warmUps = WARM_UPS, touchPages = false } = run;
  const folder = mkdtempSync(join(benchFolder, "run-"));
  try {
    const side = await start(folder);
    try {
      for (let i = 0; i < warmUps; i++) {
        await send(side);
        await side.clear();
      }
      if (touchPages) touchFreePages();
      const cpuBefore = cpuSeconds(side.pid);
      const began = performance.now();
      await send(side);
      const seconds = (performance.now() - began) / 1000;
      const cpu = cpuSeconds(side.pid) - cpuBefore;
      return { cpuPerGb: cpu / (bytes / 1e9), mbPerSecond: bytes / 1e6 / seconds };
    } finally {
      await side.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A virtual machine may give free pages back to its host. Whoever writes to one next pays for fetching it, and the
 * kernel books that as CPU time of the process: up to 5 s per GB, or nothing, by chance. So they are fetched before.
 */
function touchFreePages(): void {
  const count = Math.floor(Math.min(FREE_BYTES, freemem() / 2) / MEBI);
  const script = `for (let i = 0, all = []; i < ${count}; i++) all.push(Buffer.alloc(${MEBI}, 1))`;
  spawnSync(process.execPath, ["-e", script]);
}

/** Of the loopback interface; free when it was looked at. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** bare-side.ts, with these arguments behind the folder. */
export async function startBareServer(folder: string, ...args: readonly string[]) {
  const file = join(import.meta.dirname, "bare-side.ts");
  const node = ["--disable-warning=ExperimentalWarning", file, folder, ...args];
  const child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const stop = () => {
    child.kill("SIGINT");
    return once(child, "exit");
  };
  return { url, pid: child.pid ?? -1, stop };
}
