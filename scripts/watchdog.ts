/**
 * Says which test files are overdue. node:test's own timeout only sends SIGTERM, which its test process answers by
 * waiting; a server left over by a failed test then holds the run for ever.
 */
import type { TestEvent } from "node:test/reporters";

/** Beyond node:test's own timeout, so that it can say what it knows. */
const GRACE_MS = 10_000;

export class Watchdog {
  readonly #running = new Map<string, NodeJS.Timeout>();
  readonly #timeoutMs: number;
  readonly #overdue: (file: string) => void;

  /** `overdue` is called once for a file that has not ended `timeoutMs` (and a little grace) after its start. */
  constructor(options: {
    timeoutMs: number;
    graceMs?: number;
    overdue: (file: string) => void;
  }) {
    this.#timeoutMs =
      options.timeoutMs + (options.graceMs ?? Math.min(GRACE_MS, options.timeoutMs));
    this.#overdue = options.overdue;
  }

  take(event: TestEvent): void {
    if (event.type !== "test:dequeue" && event.type !== "test:complete") return;
    const { name, file } = event.data;
    if (file === undefined || name !== file) return;
    clearTimeout(this.#running.get(file));
    this.#running.delete(file);
    if (event.type === "test:complete") return;
    this.#running.set(
      file,
      setTimeout(() => this.#overdue(file), this.#timeoutMs),
    );
  }

  [Symbol.dispose](): void {
    for (const timer of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }
}
