/** RTMP's milliseconds made to go on past their wraps. Pure. */

const WRAP_24 = 2 ** 24;
/** Encoders that never send extended timestamps wrap after 4 h 40 min: a step back by 2^24, give or take this. */
const NEAR_MS = 60_000;

/**
 * 32 bits wrap after 49.7 days. Every time is taken as the nearest to the one before (the half-range rule), so it may
 * also go back a little: sound and picture do not come in one order.
 */
export class RtmpClock {
  #last: number | undefined;
  #total = 0;

  /** Milliseconds since the first one. */
  next(timestamp: number): number {
    const last = this.#last ?? timestamp;
    let step = (timestamp - last) | 0;
    if (last < WRAP_24 && Math.abs(step + WRAP_24) < NEAR_MS) step += WRAP_24;
    this.#last = timestamp;
    this.#total += step;
    return this.#total;
  }
}
