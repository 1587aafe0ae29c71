/**
 * Times of a live source as times of day. A source that starts gives at once what it held back while it looked at
 * the stream, so its first frames are older than their arrival says: they are held until it has come to the present, and
 * the frame that came with the least delay is the anchor. After that only its distance from the wall clock over many
 * frames counts: a network that stalls moves nothing.
 */
import type { Clock } from "../../../src/base/clock.ts";
import { micros } from "../../../src/base/units.ts";
import type { Frame } from "../../../src/media/track.ts";

/** First frames are held until so long after the first one, ms… */
const HOLD_MS = 500;
/** …or until they span so much, µs. */
const HOLD_US = 10_000_000;
/** What the least delay is measured over, ms. */
const WINDOW_MS = 10_000;
/** Beyond this difference it is anchored anew, µs: the clock was set, or the camera began again. */
const JUMP_US = 5_000_000;
/** Smaller differences above this are corrected slowly, µs. */
const DRIFT_US = 100_000;
/** By so much per frame at most, µs. */
const SLEW_US = 20;

export class WallClock {
  readonly #clock: Clock;
  #held: Frame[] = [];
  #heldSince = 0;
  /** Time of day of the source's time 0, µs; `undefined` while frames are held. */
  #originUs: number | undefined;
  /** Least of time of day now − (origin + media) so far: of those held, and of the window. */
  #leastUs = Number.POSITIVE_INFINITY;
  #windowSince = 0;
  #slewUs = 0;
  #lastMediaUs = 0;
  /** Latest that was given. */
  #latestUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The source was started again: its times begin anywhere. */
  restart(): void {
    this.#originUs = undefined;
    this.#leastUs = Number.POSITIVE_INFINITY;
    this.#held = [];
  }

  /** A frame that has just come. Returns those whose time of day is known now: `timeUs` is µs since the Unix epoch. */
  accept(frame: Frame): Frame[] {
    const { timeUs: mediaUs } = frame;
    const isJump = Math.abs(mediaUs - this.#lastMediaUs) > JUMP_US;
    this.#lastMediaUs = mediaUs;
    if (this.#originUs === undefined) return this.#hold(frame);
    if (isJump) return [...this.#anchorAt(mediaUs), this.#stamped(frame)];
    this.#measure(mediaUs);
    return [this.#stamped(frame)];
  }

  /** Those that are still held: nothing more comes. */
  flush(): Frame[] {
    const [first] = this.#held;
    if (first === undefined) return [];
    const held = this.#held;
    this.#held = [];
    const earliestUs = Math.min(...held.map(({ timeUs }) => timeUs));
    // Never back into what was given before a restart.
    this.#originUs = Math.max(this.#leastUs, this.#latestUs + 1000 - earliestUs);
    this.#newWindow();
    return held.map((frame) => this.#stamped(frame));
  }

  #hold(frame: Frame): Frame[] {
    const now = this.#clock.elapsed();
    if (this.#held.length === 0) this.#heldSince = now;
    const firstUs = this.#held[0]?.timeUs ?? frame.timeUs;
    this.#held.push(frame);
    this.#leastUs = Math.min(this.#leastUs, this.#clock.now() * 1000 - frame.timeUs);
    const isLong = Math.abs(frame.timeUs - firstUs) >= HOLD_US;
    return isLong || now - this.#heldSince >= HOLD_MS ? this.flush() : [];
  }

  /** The source's own time jumped: this frame is from now. */
  #anchorAt(mediaUs: number): [] {
    this.#originUs = Math.max(this.#clock.now() * 1000, this.#latestUs + 1000) - mediaUs;
    this.#newWindow();
    return [];
  }

  #measure(mediaUs: number): void {
    const originUs = this.#originUs ?? 0;
    const errorUs = this.#clock.now() * 1000 - (originUs + mediaUs);
    this.#leastUs = Math.min(this.#leastUs, errorUs);
    // Nothing comes before it was: the clock was set back.
    if (errorUs < -JUMP_US) this.#anchorAt(mediaUs);
    this.#originUs = (this.#originUs ?? 0) + this.#slewUs;
    if (this.#clock.elapsed() - this.#windowSince < WINDOW_MS) return;
    if (this.#leastUs > JUMP_US) this.#anchorAt(mediaUs);
    const isDrift = Math.abs(this.#leastUs) > DRIFT_US;
    const slewUs = isDrift ? Math.sign(this.#leastUs) * SLEW_US : 0;
    this.#newWindow();
    this.#slewUs = slewUs;
  }

  #newWindow(): void {
    this.#windowSince = this.#clock.elapsed();
    this.#leastUs = Number.POSITIVE_INFINITY;
    this.#slewUs = 0;
  }

  #stamped(frame: Frame): Frame {
    const timeUs = micros(Math.round((this.#originUs ?? 0) + frame.timeUs));
    this.#latestUs = Math.max(this.#latestUs, timeUs);
    return { ...frame, timeUs };
  }
}
