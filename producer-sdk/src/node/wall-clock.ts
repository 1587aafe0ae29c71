/**
 * Times of a live source as times of day. A source that starts gives at once what it held back while it looked at
 * the stream, so its first frames are older than their arrival says: they are held until it has come to the present, and
 * the frame that came with the least delay is the anchor.
 */
import type { Clock } from "../../../src/base/clock.ts";
import { micros } from "../../../src/base/units.ts";
import type { Frame } from "../../../src/media/track.ts";
import { DriftClock } from "../drift-clock.ts";

/** First frames are held until so long after the first one, ms… */
const HOLD_MS = 500;
/** …or until they span so much, µs. */
const HOLD_US = 10_000_000;
const LIMITS = { jumpUs: 5_000_000, driftUs: 100_000 };
/** What follows a restart is later than what came before it by this, µs. */
const STEP_US = 1000;

export class WallClock {
  readonly #clock: Clock;
  readonly #drift: DriftClock;
  /** `undefined`: the anchor is known. */
  #held: Frame[] | undefined = [];
  #heldSince = 0;
  /** Least of time of day now − media, of those held. */
  #leastUs = Number.POSITIVE_INFINITY;
  #lastMediaUs = 0;
  /** Latest that was given. */
  #latestUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#drift = new DriftClock(clock, LIMITS);
  }

  /** The source was started again: its times begin anywhere. */
  restart(): void {
    this.#held = [];
    this.#leastUs = Number.POSITIVE_INFINITY;
  }

  /** A frame that has just come. Returns those whose time of day is known now: `timeUs` is µs since the Unix epoch. */
  accept(frame: Frame): Frame[] {
    const { timeUs: mediaUs } = frame;
    const isJump = Math.abs(mediaUs - this.#lastMediaUs) > LIMITS.jumpUs;
    this.#lastMediaUs = mediaUs;
    if (this.#held !== undefined) return this.#hold(frame, this.#held);
    const earliestUs = this.#latestUs + STEP_US;
    // The source's own time jumped: this frame is from now.
    if (isJump) this.#drift.anchorNow(mediaUs, earliestUs);
    else this.#drift.measure(mediaUs, earliestUs);
    return [this.#stamped(frame)];
  }

  /** Those that are still held: nothing more comes. */
  flush(): Frame[] {
    const held = this.#held ?? [];
    if (held.length === 0) return [];
    this.#held = undefined;
    const earliestUs = Math.min(...held.map(({ timeUs }) => timeUs));
    // Never back into what was given before a restart.
    this.#drift.anchor(Math.max(this.#leastUs, this.#latestUs + STEP_US - earliestUs));
    return held.map((frame) => this.#stamped(frame));
  }

  #hold(frame: Frame, held: Frame[]): Frame[] {
    const now = this.#clock.elapsed();
    if (held.length === 0) this.#heldSince = now;
    held.push(frame);
    this.#leastUs = Math.min(this.#leastUs, this.#clock.now() * 1000 - frame.timeUs);
    const spanUs = frame.timeUs - (held[0]?.timeUs ?? 0);
    return Math.abs(spanUs) >= HOLD_US || now - this.#heldSince >= HOLD_MS ? this.flush() : [];
  }

  #stamped(frame: Frame): Frame {
    const timeUs = micros(this.#drift.timeOf(frame.timeUs));
    this.#latestUs = Math.max(this.#latestUs, timeUs);
    return { ...frame, timeUs };
  }
}
