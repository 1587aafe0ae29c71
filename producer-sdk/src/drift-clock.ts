/**
 * A source's own clock as time of day: anchored once, then drawn slowly to the wall clock. What counts is the frame of
 * the last seconds that came with the least delay, so a network or a machine that stalls moves nothing.
 */
import type { Clock } from "../../src/base/clock.ts";

/** What the least delay is measured over, ms. */
const WINDOW_MS = 10_000;
/** By so much per frame at most, µs. */
const SLEW_US = 20;

export interface DriftLimits {
  /** Beyond this difference it is anchored anew, µs: the clock was set, or the source began again. */
  readonly jumpUs: number;
  /** Smaller differences above this are corrected slowly, µs. */
  readonly driftUs: number;
}

export class DriftClock {
  readonly #clock: Clock;
  readonly #limits: DriftLimits;
  #originUs = 0;
  /** Of the window: least of time of day now − what the clock says. */
  #leastUs = Number.POSITIVE_INFINITY;
  #windowSince = 0;
  #slewUs = 0;

  constructor(clock: Clock, limits: DriftLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** From now on the source's time 0 is this time of day, µs. */
  anchor(originUs: number): void {
    this.#originUs = originUs;
    this.#newWindow();
  }

  /** A frame is from now; never from before `earliestUs`. */
  anchorNow(mediaUs: number, earliestUs: number): void {
    this.anchor(Math.max(this.#clock.now() * 1000, earliestUs) - mediaUs);
  }

  /** Whole µs since the Unix epoch. */
  timeOf(mediaUs: number): number {
    return Math.round(this.#originUs + mediaUs);
  }

  /** A frame has just come. When it has to be anchored anew, that is not from before `earliestUs`. */
  measure(mediaUs: number, earliestUs: number): void {
    const { jumpUs } = this.#limits;
    const errorUs = this.#clock.now() * 1000 - (this.#originUs + mediaUs);
    this.#leastUs = Math.min(this.#leastUs, errorUs);
    this.#originUs += this.#slewUs;
    // Nothing comes before it was: the clock was set back.
    if (errorUs < -jumpUs) this.anchorNow(mediaUs, earliestUs);
    if (this.#clock.elapsed() - this.#windowSince < WINDOW_MS) return;
    const leastUs = this.#leastUs;
    if (leastUs > jumpUs) this.anchorNow(mediaUs, earliestUs);
    else this.#newWindow();
    const isDrift = Math.abs(leastUs) > this.#limits.driftUs && leastUs <= jumpUs;
    this.#slewUs = isDrift ? Math.sign(leastUs) * SLEW_US : 0;
  }

  #newWindow(): void {
    this.#windowSince = this.#clock.elapsed();
    this.#leastUs = Number.POSITIVE_INFINITY;
    this.#slewUs = 0;
  }
}
