/**
 * The index's clock, by which leases end, as seen from here: read now and then, in between counted on by the steady
 * clock of this process. Neither wall clock of the nodes is used, so they may be wrong.
 */
import type { IndexLeases } from "../../archive/index/index-leases.ts";
import type { Clock } from "../../base/clock.ts";
import type { Millis } from "../../base/units.ts";

export class IndexTime {
  readonly #index: Pick<IndexLeases, "now">;
  readonly #clock: Clock;
  #readMs = Number.NEGATIVE_INFINITY;
  #askedAt = 0;

  constructor(index: Pick<IndexLeases, "now">, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  /** Asks. The answer is not later than the index's clock is when it arrives. Throws `index.unavailable`. */
  async read(): Promise<Millis> {
    const askedAt = this.#clock.elapsed();
    const readMs = await this.#index.now();
    [this.#askedAt, this.#readMs] = [askedAt, readMs];
    return readMs;
  }

  /**
   * The latest it can be there now, ms: the last answer is from after it was asked for. Minus infinity before the
   * first answer.
   */
  latest(): number {
    return this.#readMs + (this.#clock.elapsed() - this.#askedAt);
  }
}
