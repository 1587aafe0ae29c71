/** Waiting between tries: doubling, with jitter, so that many clients do not come at once. */
import { type Clock, sleep } from "../base/clock.ts";

const FIRST_MS = 250;
const MAX_MS = 10_000;

export class Pauses {
  readonly #clock: Clock;
  #tries = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It works again. */
  reset(): void {
    this.#tries = 0;
  }

  /** Half to the whole of 0.25, 0.5, 1, 2, 4, 8, 10, 10… s. `told` is called first with how long, ms. */
  wait(signal: AbortSignal | undefined, told: (ms: number) => void): Promise<void> {
    const most = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(this.#tries++, 16));
    const ms = Math.round(most * (0.5 + Math.random() / 2));
    told(ms);
    return sleep(this.#clock, ms, signal);
  }
}
