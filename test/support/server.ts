/** A real server for a test: free port, its own temporary data folder, gone when the test ends. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type Config, readConfig } from "../../src/server/config.ts";
import { type RunningServer, startServer } from "../../src/server/start.ts";
import { tempDir } from "./temp-dir.ts";

export { tempDir };

/** Of passwords in tests: they are guessed in no time. */
export const CHEAP = { N: 16, r: 2, p: 1 } as const;

/** In this process. */
export async function startTestServer(over: Partial<Config> = {}): Promise<RunningServer> {
  const dir = over.dataDir === undefined ? tempDir("data") : undefined;
  const defaults = readConfig({ flags: {}, env: {} });
  const config = {
    ...defaults,
    httpPort: 0,
    rtmpPort: 0,
    dataDir: dir?.path ?? defaults.dataDir,
    ...over,
  };
  const server = await startServer({
    ...{ config, clock: realClock, log: silentLogger, passwordCost: CHEAP },
  });
  const close = async () => {
    await server.close();
    dir?.[Symbol.dispose]();
  };
  return { ...server, close, [Symbol.asyncDispose]: close };
}

/** Disposed of, it is killed: a test that fails leaves no server behind. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to its first 200 on /healthz, ms. */
  readonly readyMs: number;
  /** What it has written on its standard output. */
  said(): string;
  /** SIGKILL: no clean-up of any kind. */
  kill(): Promise<void>;
  /** SIGINT, as Ctrl-C does. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** As its own process, the way an operator starts it. */
export async function startServerProcess(
  dataDir: string,
  extra: readonly string[] = [],
  { main = MAIN }: { readonly main?: string } = {},
): Promise<ServerProcess> {
  const started = realClock.elapsed();
  const flags = ["--disable-warning=ExperimentalWarning", main, "serve"];
  const args = [...flags, "--data-dir", dataDir, "--http-port", "0", "--rtmp-port", "0", ...extra];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let said = "";
  let text = "";
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString("utf8");
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (piece: Buffer) => {
      text += piece.toString("utf8");
      const found = /Player: (http:\/\/[^/\s]+)\//.exec(text);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  const answer = await fetch(`${url}/healthz`);
  if (answer.status !== 200) throw new Error(`healthz answered ${answer.status}`);
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return {
    url,
    pid: child.pid ?? -1,
    readyMs: realClock.elapsed() - started,
    said: () => text,
    kill,
    [Symbol.asyncDispose]: kill,
    async stop() {
      child.kill("SIGINT");
      return exited;
    },
  };
}

/** Runs the CLI as its own process; resolves with its exit code and what it said. */
export function cli(
  args: readonly string[],
  input?: Uint8Array,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const flags = ["--disable-warning=ExperimentalWarning", MAIN, ...args];
  const child = spawn(process.execPath, flags, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (piece: Buffer) => {
    out += piece.toString("utf8");
  });
  child.stderr.on("data", (piece: Buffer) => {
    err += piece.toString("utf8");
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}
