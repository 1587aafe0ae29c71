/**
 * Times of a capture device as times of day. Every device has its own: camera and microphone count from different starts.
 * Anchored at its first frame, then drawn slowly to the wall clock by the frame of the last seconds that came with
 * the least delay. Pure.
 */
import type { Clock } from "../../../src/base/clock.ts";

/** What the least delay is measured over, ms. */
const WINDOW_MS = 10_000;
/** Beyond this difference it is anchored anew, µs: the device slept, or the clock was set. */
const JUMP_US = 2_000_000;
/** Smaller differences above this are corrected slowly, µs. */
const DRIFT_US = 50_000;
/** By so much per frame at most, µs. */
const SLEW_US = 20;

export class TrackClock {
  readonly #clock: Clock;
  #originUs: number | undefined;
  /** By track: a recorder has put several on one clock. */
  readonly #lastUs = new Map<number, number>();
  #leastUs = Number.POSITIVE_INFINITY;
  #windowSince = 0;
  #slewUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Time of day of a frame that has just come, whole µs since the Unix epoch; later than the one before on its track. */
  stamp(deviceUs: number, track = 0): number {
    const nowUs = this.#clock.now() * 1000;
    this.#originUs ??= this.#anchor(nowUs - deviceUs);
    const errorUs = nowUs - (this.#originUs + deviceUs);
    this.#leastUs = Math.min(this.#leastUs, errorUs);
    if (errorUs < -JUMP_US) this.#originUs = this.#anchor(nowUs - deviceUs);
    if (this.#clock.elapsed() - this.#windowSince >= WINDOW_MS) this.#correct(nowUs - deviceUs);
    this.#originUs += this.#slewUs;
    const lastUs = this.#lastUs.get(track) ?? 0;
    const timeUs = Math.max(Math.round(this.#originUs + deviceUs), lastUs + 1);
    this.#lastUs.set(track, timeUs);
    return timeUs;
  }

  #correct(anchorUs: number): void {
    const leastUs = this.#leastUs;
    if (leastUs > JUMP_US) this.#originUs = this.#anchor(anchorUs);
    else this.#anchor(0);
    this.#slewUs = Math.abs(leastUs) > DRIFT_US ? Math.sign(leastUs) * SLEW_US : 0;
  }

  /** Begins to measure anew. */
  #anchor(originUs: number): number {
    this.#windowSince = this.#clock.elapsed();
    this.#leastUs = Number.POSITIVE_INFINITY;
    this.#slewUs = 0;
    return originUs;
  }
}
