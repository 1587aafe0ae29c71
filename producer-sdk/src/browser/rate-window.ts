/** Frames and bits of the last seconds. Pure. */
import type { Clock } from "../../../src/base/clock.ts";

const SPAN_MS = 3000;

export class RateWindow {
  readonly #clock: Clock;
  readonly #since: number;
  #entries: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.elapsed();
  }

  add(bytes: number): void {
    this.#entries.push({ atMs: this.#clock.elapsed(), bytes });
  }

  /** Per second, over the last three seconds or since the start. */
  get rates(): { readonly frames: number; readonly bits: number } {
    const now = this.#clock.elapsed();
    this.#entries = this.#entries.filter(({ atMs }) => atMs > now - SPAN_MS);
    const seconds = Math.min(SPAN_MS, now - this.#since) / 1000;
    if (seconds <= 0) return { frames: 0, bits: 0 };
    const bytes = this.#entries.reduce((sum, entry) => sum + entry.bytes, 0);
    return { frames: this.#entries.length / seconds, bits: (bytes * 8) / seconds };
  }
}
