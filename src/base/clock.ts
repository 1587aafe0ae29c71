/** Time as a dependency. Browser-safe. Only the outermost file of a program makes the real one. */
import { type Millis, millis } from "./units.ts";

/** Stops a timer. Calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Wall clock, ms since the Unix epoch: may jump. For timestamps people read. */
  now(): Millis;
  /** Never goes back. Fractions of a millisecond allowed. For durations and deadlines. */
  elapsed(): number;
  /** Calls `run` once, `ms` milliseconds from now. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): CancelTimer;
}

/** The machine's own clocks. */
export const realClock: Clock = {
  now: () => millis(Date.now()),
  elapsed: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms) as unknown as number | { unref(): void };
    if (typeof timer === "object") timer.unref();
    return () => clearTimeout(timer as number);
  },
};

/** Resolves after `ms` on the given clock, or at once when the signal aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** ISO 8601 in UTC with milliseconds, for people. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds since the Unix epoch of an ISO 8601 text, or NaN. Callers check the shape first. */
export function isoMillis(text: string): number {
  return Date.parse(text);
}
