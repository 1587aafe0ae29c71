/** Waiting between attempts that go on for ever: doubling, with jitter, to a bound. */
import type { CancelTimer, Clock } from "../base/clock.ts";

export interface BackOffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const BACK_OFF: BackOffLimits = { firstMs: 500, maxMs: 60_000 };

/** How long to wait after so many failures in a row, ms: between half and all of the doubled time. */
export function backOffMs(
  failures: number,
  { firstMs, maxMs }: BackOffLimits = BACK_OFF,
  random: () => number = Math.random,
): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return full * (0.5 + random() / 2);
}

/** One thing that is tried until it works. */
export class Retry {
  readonly #clock: Clock;
  readonly #limits: BackOffLimits;
  #failures = 0;
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock, limits: BackOffLimits = BACK_OFF) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Calls `run` after the time that so many failures ask for. One call waits at a time. */
  failed(run: () => void): void {
    this.#failures++;
    this.#cancel();
    this.#cancel = this.#clock.after(backOffMs(this.#failures, this.#limits), run);
  }

  worked(): void {
    this.#failures = 0;
    this.#cancel();
  }

  stop(): void {
    this.#cancel();
  }
}
