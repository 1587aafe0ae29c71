/**
 * `serve --workers N`: one process that starts N servers over one data folder and starts those again that end. It carries no
 * media and opens no port: the kernel gives connections to the workers (docs/decisions/0012-nodes.md).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Config } from "../config.ts";
import type { CliContext } from "./context.ts";

export const MAX_WORKERS = 64;
/** A worker that ended is started again after so long; twice as long each time it did not get ready, ms. */
const RESTART_MS = 250;
const RESTART_MAX_MS = 15_000;
/** After the signal to stop a worker has so long, ms. */
const STOP_MS = 30_000;

export interface WorkersOptions {
  readonly count: number;
  readonly config: Config;
  /** Flags of the command line that are every worker's. */
  readonly flags: readonly string[];
  readonly context: CliContext;
}

/** Runs until the signal; resolves when all workers have ended. Throws `server.port-taken`, `config.bad`. */
export async function runWorkers(options: WorkersOptions): Promise<void> {
  const { config, context, count } = options;
  const { dataDir, host } = config;
  const httpPort = await sharedPort(config.httpPort, host);
  const rtmpPort = await sharedPort(config.rtmpPort, host);
  const keyFile = config.clusterKeyFile ?? makeKeyFile(dataDir);
  const workers = Array.from({ length: count }, (_, i) => {
    const args = workerFlags({ ...options, keyFile, httpPort, rtmpPort, number: i + 1 });
    return new Worker(args, context);
  });
  await Promise.race([Promise.all(workers.map((one) => one.ready)), aborted(context.signal)]);
  const scheme = config.tlsCert === undefined ? "http" : "https";
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  if (!context.signal.aborted)
    context.stdout.write(
      `Streambank is ready, ${count} workers. Player: ${config.publicUrl ?? `${scheme}://${name}:${httpPort}`}/\n`,
    );
  await aborted(context.signal);
  await Promise.all(workers.map((worker) => worker.stop()));
}

interface WorkerPlace extends WorkersOptions {
  readonly keyFile: string;
  readonly httpPort: number;
  readonly rtmpPort: number;
  /** From 1. */
  readonly number: number;
}

/** A folder of its own for what it writes, free ports of its own, and the ports that all share. */
function workerFlags(place: WorkerPlace): string[] {
  const { config, flags, keyFile, httpPort, rtmpPort, number } = place;
  const { dataDir, sharedDir } = config;
  return [
    ...flags,
    ...["--node", `${config.node ?? "node"}-${number}`, "--cluster-key-file", keyFile],
    ...["--data-dir", join(dataDir, `node-${number}`), "--shared-dir", sharedDir ?? dataDir],
    ...["--http-port", "0", "--rtmp-port", "0", "--rtmps-port", "0"],
    ...["--shared-http-port", String(httpPort), "--shared-rtmp-port", String(rtmpPort)],
  ];
}

/** The secret of workers that are told none; readable by their user alone. */
function makeKeyFile(dataDir: string): string {
  const path = join(dataDir, "cluster.key");
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(path))
    writeFileSync(path, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flush: true });
  return path;
}

/** The port itself once it is known to be free; 0 picks one. */
async function sharedPort(port: number, host: string): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const why = taken ? `port ${port} is taken` : `cannot listen on ${host}: ${cause.message}`;
      reject(new Fault(taken ? "server.port-taken" : "config.bad", why, { cause }));
    });
    probe.listen({ port, host }, () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
}

/** One worker, through all its processes. */
class Worker {
  readonly ready: Promise<void>;
  readonly #args: readonly string[];
  readonly #context: CliContext;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #waitMs = RESTART_MS;
  #stopping = false;
  #ended: Promise<void> = Promise.resolve();
  #cancel: CancelTimer = () => {};
  #isReady: () => void = () => {};

  constructor(args: readonly string[], context: CliContext) {
    this.#args = args;
    this.#context = context;
    this.#clock = context.clock;
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.#start();
  }

  /** As an operator would stop it; killed when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancel();
    const child = this.#child;
    child?.kill("SIGTERM");
    const cancel = this.#clock.after(STOP_MS, () => child?.kill("SIGKILL"));
    await this.#ended;
    cancel();
  }

  #start(): void {
    const main = process.argv[1] ?? "";
    const child = spawn(process.execPath, [...process.execArgv, main, "serve", ...this.#args], {
      env: { ...this.#context.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdout.on("data", (piece: Buffer) => {
      if (!piece.includes("Streambank is ready")) return;
      this.#waitMs = RESTART_MS;
      this.#isReady();
    });
    child.stderr.on("data", (piece: Buffer) => this.#context.stderr.write(piece));
    child.on("error", () => {});
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    void this.#ended.then(() => this.#again());
  }

  #again(): void {
    if (this.#stopping) return;
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, RESTART_MAX_MS);
    this.#context.stderr.write(
      `${JSON.stringify({ level: "error", event: "worker.ended", pid: this.#child?.pid, waitMs })}\n`,
    );
    this.#cancel = this.#clock.after(waitMs, () => this.#start());
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
