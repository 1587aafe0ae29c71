/** Times of a capture device as times of day. Every device has its own: camera and microphone count from different starts. */
import type { Clock } from "../../../src/base/clock.ts";
import { DriftClock } from "../drift-clock.ts";

const LIMITS = { jumpUs: 2_000_000, driftUs: 50_000 };

/** Anchored at the device's first frame. Pure. */
export class TrackClock {
  readonly #drift: DriftClock;
  /** By track: a recorder has put several on one clock. */
  readonly #lastUs = new Map<number, number>();

  constructor(clock: Clock) {
    this.#drift = new DriftClock(clock, LIMITS);
  }

  /** Time of day of a frame that has just come, whole µs since the Unix epoch; later than the one before on its track. */
  stamp(deviceUs: number, track = 0): number {
    if (this.#lastUs.size === 0) this.#drift.anchorNow(deviceUs, 0);
    else this.#drift.measure(deviceUs, 0);
    const lastUs = this.#lastUs.get(track) ?? 0;
    const timeUs = Math.max(this.#drift.timeOf(deviceUs), lastUs + 1);
    this.#lastUs.set(track, timeUs);
    return timeUs;
  }
}
