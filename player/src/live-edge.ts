/**
 * Keeps live playback just behind the newest frame. Pure: told when frames arrive, says how fast to play.
 *
 * What counts is the trough: the least that was buffered ahead of the playhead over the last second, sampled
 * just before each append. It is held at a margin, whatever size the chunks arrive in. The numbers were
 * measured with Chromium 156: below these margins playback stalls, above them it is only later.
 */

/** Seconds buffered ahead that the trough is held at. AAC arrives in larger steps and needs more. */
export const MARGIN_S = { video: 0.06, audio: 0.11 } as const;
/** The margin never grows beyond this, seconds. */
export const MAX_MARGIN_S = 1;
/** Farther behind than margin + this: seek instead of playing faster. Seconds. */
export const SEEK_S = 0.7;
/** Fastest and slowest rate: audible changes of pitch begin beyond. */
export const MAX_RATE = 1.1;
export const MIN_RATE = 0.95;

/** The trough is taken over so many ms. */
const WINDOW_MS = 1000;
/** Inside of this error the rate is 1: above, and below the margin, seconds. */
const FAST_S = 0.015;
const SLOW_S = -0.012;
/** Without a stall for so long, the margin shrinks again. */
const CALM_MS = 8000;
/** Part of the excess margin that goes per second when calm. */
const DECAY_PER_S = 0.05;

export type EdgeAction =
  | { readonly kind: "rate"; readonly rate: number }
  /** Seek to so many seconds before the end of the buffer. */
  | { readonly kind: "seek"; readonly beforeEndS: number };

export class LiveEdge {
  readonly #baseS: number;
  #marginS: number;
  #samples: { atMs: number; aheadS: number }[] = [];
  #calmSinceMs: number | undefined;
  #decidedMs: number | undefined;

  constructor(hasAudio: boolean) {
    this.#baseS = hasAudio ? MARGIN_S.audio : MARGIN_S.video;
    this.#marginS = this.#baseS;
  }

  /** Where the trough is held now, seconds. */
  get marginS(): number {
    return this.#marginS;
  }

  /** The least buffered ahead over the last second, or `undefined` before the first sample. */
  get troughS(): number | undefined {
    if (this.#samples.length === 0) return undefined;
    return this.#samples.reduce((least, { aheadS }) => Math.min(least, aheadS), Infinity);
  }

  /** Just before an append: `aheadS` is end of buffer minus playhead. `nowMs` never goes back. */
  sample(nowMs: number, aheadS: number): void {
    this.#samples.push({ atMs: nowMs, aheadS });
    this.#expire(nowMs);
  }

  /** Playback ran dry. Not to be called for the wait before the first picture or during a seek. */
  stalled(nowMs: number): void {
    this.#marginS = Math.min(MAX_MARGIN_S, this.#marginS * 1.3 + 0.02);
    this.#calmSinceMs = nowMs;
  }

  /** After a seek the samples of before say nothing. */
  moved(): void {
    this.#samples = [];
  }

  /** What to do now. Call it a few times a second. */
  decide(nowMs: number): EdgeAction {
    this.#decay(nowMs);
    this.#expire(nowMs);
    const trough = this.troughS;
    if (trough === undefined) return { kind: "rate", rate: 1 };
    const errorS = trough - this.#marginS;
    if (errorS > SEEK_S) return { kind: "seek", beforeEndS: this.#marginS };
    return { kind: "rate", rate: rateFor(errorS) };
  }

  #expire(nowMs: number): void {
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
  }

  #decay(nowMs: number): void {
    const passedMs = nowMs - (this.#decidedMs ?? nowMs);
    this.#decidedMs = nowMs;
    this.#calmSinceMs ??= nowMs;
    if (nowMs - this.#calmSinceMs < CALM_MS) return;
    const excess = this.#marginS - this.#baseS;
    this.#marginS -= excess * Math.min(1, (DECAY_PER_S * passedMs) / 1000);
  }
}

/** Playback rate for an error of the trough, seconds: proportional, with a dead zone and hard ends. */
export function rateFor(errorS: number): number {
  if (errorS > FAST_S) return Math.min(MAX_RATE, 1.02 + (errorS - FAST_S) * 0.4);
  if (errorS < SLOW_S) return Math.max(MIN_RATE, 0.99 + (errorS - SLOW_S) * 0.5);
  return 1;
}
