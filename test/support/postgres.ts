/** A real PostgreSQL server on a folder of its own, for the tests of one file. Port and data are its own. */
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { run } from "./run.ts";

export interface PostgresServer {
  readonly folder: string;
  /** Of a database that is new and empty. */
  newDatabase(): Promise<string>;
  /** Ends it at once, as kill -9 does not: connections break, what was committed stays. */
  stop(): Promise<void>;
  /** Kill -9 of the server and all its processes. */
  kill(): Promise<void>;
  /** Kill -9 of one process that serves a connection: the server ends the others, replays its log and goes on. */
  killBackend(): Promise<void>;
  /** All its processes stand still, as on a machine that vanished, until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

const script = (name: string) => fileURLToPath(new URL(`../engines/${name}.sh`, import.meta.url));
const PASSWORD = "archivesecret";

/** `fsync`: for runs in which it is killed. Most tests do without: each database begins with a hundred files. */
export async function startPostgres({ fsync = false } = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "streambank-pg-"));
  // The server is another user's process when the tests are root's.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const start = async () => {
    await run("env", [`FSYNC=${fsync ? "on" : "off"}`, script("pg-up"), folder, String(port)]);
  };
  await start();
  const url = (database: string) => `postgres://archive:${PASSWORD}@127.0.0.1:${port}/${database}`;
  let databases = 0;
  return {
    folder,
    async newDatabase() {
      const name = `t${++databases}`;
      const admin = postgres(url("postgres"), { max: 1 });
      await admin.unsafe(`CREATE DATABASE ${name}`);
      await admin.end();
      return url(name);
    },
    freeze: () => signalAll(folder, "SIGSTOP"),
    thaw: () => signalAll(folder, "SIGCONT"),
    start,
    kill: () => signalAll(folder, "SIGKILL"),
    async killBackend() {
      const { stdout } = await run("pgrep", ["-P", postmaster(folder), "-f", "postgres: archive"]);
      signalIfAlive(Number(stdout.split("\n")[0]), "SIGKILL");
    },
    async stop() {
      await run(script("pg-down"), [folder, "--now"]);
    },
    async remove() {
      await run(script("pg-down"), [folder, "--now", "--purge"]);
    },
  };
}

function postmaster(folder: string): string {
  return readFileSync(join(folder, "data/postmaster.pid"), "utf8").split("\n")[0] ?? "";
}

async function signalAll(folder: string, signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): Promise<void> {
  const pid = postmaster(folder);
  const { stdout } = await run("pgrep", ["-P", pid]);
  for (const one of [pid, ...stdout.trim().split("\n")]) signalIfAlive(Number(one), signal);
}

/** An autovacuum worker may have ended since it was listed. */
function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
