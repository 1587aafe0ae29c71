/**
 * Whether this server should be given work. Each check is a small probe; the answers are kept for a second, so that any number of
 * probes from outside cost one look, and one that does not answer counts as failed.
 */
import type { Clock } from "../base/clock.ts";

export interface CheckResult {
  /** `warning`: something is wrong, but work can be done. */
  readonly state: "ok" | "warning" | "failed";
  /** For people; with every state but `ok`. */
  readonly reason?: string;
}

export interface Check {
  readonly name: string;
  /** A rejection is `failed`, with its message as the reason. */
  run(): Promise<CheckResult>;
}

export interface ReadyView {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

export interface ReadinessOptions {
  readonly clock: Clock;
  readonly checks: readonly Check[];
  /** How long an answer is kept. Default 1000. */
  readonly keepMs?: number;
  /** How long a check may take. Default 2000. */
  readonly timeoutMs?: number;
}

export class Readiness {
  readonly #options: ReadinessOptions;
  #looking: Promise<ReadyView> | undefined;
  #known: { readonly view: ReadyView; readonly atMs: number } | undefined;
  /** Checks that have not answered yet: a disk that hangs is not asked again and again. */
  readonly #running = new Map<Check, Promise<CheckResult>>();
  #closing = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** From now on not ready: the server stops. */
  close(): void {
    this.#closing = true;
  }

  /** Never rejects. */
  look(): Promise<ReadyView> {
    if (this.#closing) {
      const server = { state: "failed", reason: "the server is stopping" } as const;
      return Promise.resolve({ ready: false, checks: { server } });
    }
    const { clock, keepMs = 1000 } = this.#options;
    if (this.#known !== undefined && clock.elapsed() - this.#known.atMs < keepMs)
      return Promise.resolve(this.#known.view);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<ReadyView> {
    const { checks, clock } = this.#options;
    const results = await Promise.all(
      checks.map(async (check) => [check.name, await this.#run(check)] as const),
    );
    const ready = results.every(([, { state }]) => state !== "failed");
    const view = { ready, checks: Object.fromEntries(results) };
    this.#known = { view, atMs: clock.elapsed() };
    return view;
  }

  #run(check: Check): Promise<CheckResult> {
    const { clock, timeoutMs = 2000 } = this.#options;
    const running = this.#running.get(check) ?? this.#begin(check);
    return new Promise((resolve) => {
      const reason = `no answer within ${timeoutMs} ms`;
      const cancel = clock.after(timeoutMs, () => resolve({ state: "failed", reason }));
      void running.then((result) => {
        cancel();
        resolve(result);
      });
    });
  }

  #begin(check: Check): Promise<CheckResult> {
    const failed = (error: unknown): CheckResult => ({
      state: "failed",
      reason: (error as Error).message,
    });
    const running = check.run().catch(failed);
    this.#running.set(check, running);
    void running.then(() => this.#running.delete(check));
    return running;
  }
}
