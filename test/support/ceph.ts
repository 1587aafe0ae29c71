/**
 * A real S3 gateway (Ceph, its objects in memory) on 127.0.0.1 for a test file: test/engines/ceph-up.sh.
 * It ends with the test process however that ends: a guard waits for its end of a pipe.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./free-port.ts";
import { run } from "./run.ts";
import { tempDir } from "./temp-dir.ts";

const ENGINES = join(import.meta.dirname, "../engines");

export interface CephOptions {
  /** Default 1; 3: three copies, one of which may be killed. */
  readonly osds?: number;
  /** Default: memory. */
  readonly store?: "memstore" | "bluestore";
  /** Default 1. */
  readonly gateways?: number;
}

export class Ceph implements AsyncDisposable {
  /** One per gateway. */
  readonly endpoints: readonly string[];
  readonly accessKey: string;
  readonly secretKey: string;
  readonly #parts: CephParts;

  private constructor(parts: CephParts, said: string) {
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(said)?.[1] ?? "";
    this.endpoints = value("S3_ENDPOINTS").split(",");
    this.accessKey = value("S3_ACCESS_KEY");
    this.secretKey = value("S3_SECRET_KEY");
    this.#parts = parts;
  }

  static async start(options: CephOptions = {}): Promise<Ceph> {
    const { osds = 1, store = "memstore", gateways = 1 } = options;
    const folder = tempDir("ceph");
    const guard = spawn(
      "bash",
      ["-c", 'cat; exec bash "$0" "$1" --purge --now', join(ENGINES, "ceph-down.sh"), folder.path],
      // Of its own group: Ctrl-C on the tests must not end the one that cleans up behind them.
      { stdio: ["pipe", "ignore", "inherit"], detached: true },
    );
    const ended = new Promise<void>((resolve) => guard.once("close", () => resolve()));
    const stop = async () => {
      guard.stdin.end();
      await ended;
      folder[Symbol.dispose]();
    };
    const port = await freePorts(gateways + 1);
    const env = { OSDS: osds, STORE: store, OSD_GB: 4, RGWS: gateways };
    const parts = { dir: folder.path, port, env, stop };
    try {
      return new Ceph(parts, await up(parts));
    } catch (error) {
      await stop();
      throw error;
    }
  }

  get endpoint(): string {
    return this.endpoints[0] ?? "";
  }

  /** Sends a signal to a daemon: `client.rgw.0`, `osd.1`, `mon.a`. */
  signal(daemon: string, name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    const pid = Number(readFileSync(join(this.#parts.dir, "run", `${daemon}.pid`), "utf8"));
    process.kill(pid, name);
  }

  /** Starts what was killed; with objects in memory, gateways only. */
  async revive(): Promise<void> {
    await up(this.#parts);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.stop();
  }
}

interface CephParts {
  readonly dir: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string | number>>;
  stop(): Promise<void>;
}

/** What the script says: `NAME=value` lines. */
async function up({ dir, port, env }: CephParts): Promise<string> {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const script = join(ENGINES, "ceph-up.sh");
  return (await run("env", [...settings, "bash", script, dir, String(port)])).stdout;
}
