/** One answer for all who ask for the same at the same time: the newest of a stream is looked up once for all viewers. */
import type { Clock } from "../../base/clock.ts";

interface Kept<T> {
  readonly value: Promise<T>;
  readonly at: number;
}

/** Answers kept; more are looked up each time. */
const MOST = 1000;

export class Shared<T> {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #kept = new Map<string, Kept<T>>();

  /** `ms`: how old an answer may be. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const now = this.#clock.elapsed();
    const found = this.#kept.get(key);
    if (found !== undefined && now - found.at < this.#ms) return found.value;
    const value = make();
    // One that failed is asked again.
    value.catch(() => this.#kept.delete(key));
    if (this.#kept.size >= MOST) this.#kept.clear();
    this.#kept.set(key, { value, at: now });
    return value;
  }
}
