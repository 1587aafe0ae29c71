/** Times of a live source as times of day: anchored at its first frame, drawn slowly to the wall clock. */
import type { Clock } from "../../../src/base/clock.ts";
import { type Micros, micros } from "../../../src/base/units.ts";

/** Beyond this difference it is anchored anew, µs: the clock was set, or the camera began again. */
const JUMP_US = 5_000_000;
/** Smaller differences above this are corrected slowly, µs. */
const DRIFT_US = 100_000;
/** By so much per frame at most, µs. */
const SLEW_US = 20;

export class WallClock {
  readonly #clock: Clock;
  #originUs: number | undefined;
  #latestUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The source was started again: its times begin anywhere. */
  restart(): void {
    this.#originUs = undefined;
  }

  /** Time of day of a frame that has just come, µs since the Unix epoch. */
  stamp(mediaUs: number): Micros {
    const nowUs = this.#clock.now() * 1000;
    const errorUs = this.#originUs === undefined ? 0 : nowUs - (this.#originUs + mediaUs);
    if (this.#originUs === undefined || Math.abs(errorUs) > JUMP_US)
      // Never back into what was sent already.
      this.#originUs = Math.max(nowUs, this.#latestUs + 1000) - mediaUs;
    else if (Math.abs(errorUs) > DRIFT_US) this.#originUs += Math.sign(errorUs) * SLEW_US;
    const timeUs = micros(Math.round(this.#originUs + mediaUs));
    this.#latestUs = Math.max(this.#latestUs, timeUs);
    return timeUs;
  }
}
