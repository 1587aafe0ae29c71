/**
 * What is recorded, ready to be drawn at any zoom: sums along time, made once when coverage comes and looked up by halves.
 * What a pixel costs does not depend on how many ranges there are. Pure. Times are ms since the Unix epoch.
 */
import type { Density, Span } from "./coverage-types.ts";
import { spanOf, type View } from "./timeline-model.ts";

/** Missing less than this in one part is rounding, ms. */
const ROUNDING_MS = 1;

export class RecordedIndex {
  readonly ranges: readonly Span[];
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  /** Recorded before each range. */
  readonly #before: Float64Array;
  readonly #density: Density | undefined;
  /** Missing inside ranges, up to the start of each part. */
  readonly #missing: Float64Array;

  /** `ranges`: in order, not overlapping; they may hide short gaps, which `density` counts. */
  constructor(ranges: readonly Span[], density?: Density) {
    this.ranges = ranges;
    const count = ranges.length;
    this.#from = new Float64Array(count);
    this.#to = new Float64Array(count);
    this.#before = new Float64Array(count);
    let sum = 0;
    for (const [i, { from, to }] of ranges.entries()) {
      this.#from[i] = from;
      this.#to[i] = to;
      this.#before[i] = sum;
      sum += to - from;
    }
    this.#density = density;
    this.#missing = density === undefined ? new Float64Array(0) : this.#missingOf(density);
  }

  /** The range that holds `ms`. */
  at(ms: number): Span | undefined {
    const range = this.ranges[this.#upTo(ms)];
    return range !== undefined && ms < range.to ? range : undefined;
  }

  /** The ranges before and after a time at which there is none. */
  around(ms: number): { readonly before: Span | undefined; readonly after: Span | undefined } {
    const at = this.#upTo(ms);
    return { before: this.ranges[at], after: this.ranges[at + 1] };
  }

  /** Recorded between two times, ms. */
  recorded(fromMs: number, toMs: number): number {
    const whole = this.#ranged(toMs) - this.#ranged(fromMs);
    const missing = this.#missed(toMs) - this.#missed(fromMs);
    return Math.min(toMs - fromMs, Math.max(0, whole - missing));
  }

  /** How much of each pixel column is recorded, 0 to 1; never rounded up. */
  columns(view: View, width: number): Float64Array {
    const out = new Float64Array(Math.max(0, Math.floor(width)));
    const columnMs = spanOf(view) / Math.max(1, out.length);
    let [whole, missed] = [this.#ranged(view.fromMs), this.#missed(view.fromMs)];
    for (let x = 0; x < out.length; x++) {
      const end = view.fromMs + (x + 1) * columnMs;
      const [wholeNext, missedNext] = [this.#ranged(end), this.#missed(end)];
      const part = (wholeNext - whole - (missedNext - missed)) / columnMs;
      out[x] = Math.min(1, Math.max(0, part));
      [whole, missed] = [wholeNext, missedNext];
    }
    return out;
  }

  /** The last range that begins at or before `ms`; −1: none does. */
  #upTo(ms: number): number {
    let [low, high] = [0, this.#from.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#from[middle] as number) <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** In ranges before `ms`. */
  #ranged(ms: number): number {
    const i = this.#upTo(ms);
    if (i < 0) return 0;
    const [from, to] = [this.#from[i] as number, this.#to[i] as number];
    return (this.#before[i] as number) + Math.min(ms, to) - from;
  }

  #missed(ms: number): number {
    const density = this.#density;
    if (density === undefined || density.bucketMs <= 0) return 0;
    const place = (ms - density.fromMs) / density.bucketMs;
    const last = this.#missing.length - 1;
    if (place <= 0) return 0;
    if (place >= last) return this.#missing[last] as number;
    const i = Math.floor(place);
    const [here, next] = [this.#missing[i] as number, this.#missing[i + 1] as number];
    return here + (next - here) * (place - i);
  }

  #missingOf({ fromMs, bucketMs, recordedMs }: Density): Float64Array {
    const out = new Float64Array(recordedMs.length + 1);
    let before = this.#ranged(fromMs);
    for (const [i, recorded] of recordedMs.entries()) {
      const whole = this.#ranged(fromMs + (i + 1) * bucketMs);
      const missing = whole - before - recorded;
      out[i + 1] = (out[i] as number) + (missing < ROUNDING_MS ? 0 : missing);
      before = whole;
    }
    return out;
  }
}

/** A gap is at least this wide on screen, so that none vanishes. Pixels. */
export const GAP_PX = 2;
/** Gaps nearer to each other than this would hide what is between them. */
const CROWD_PX = 8;

export interface Notch {
  /** Left edge, pixels; it is `GAP_PX` wide. */
  readonly x: number;
  /** Others are so near that it may only be hinted at. */
  readonly crowded: boolean;
}

/**
 * Gaps that the strength of the columns does not show by itself: shorter than two columns, in the middle of what is recorded.
 * `leastMs`: what counts as missing.
 */
export function notches(parts: Float64Array, columnMs: number, leastMs = 0.5): Notch[] {
  const least = Math.max(1e-9, leastMs / columnMs);
  const out: { x: number; crowded: boolean }[] = [];
  for (let x = 0; x < parts.length; x++) {
    if (1 - (parts[x] as number) < least) continue;
    let [end, missing, moment] = [x, 0, 0];
    for (; end < parts.length && 1 - (parts[end] as number) >= least; end++) {
      const part = 1 - (parts[end] as number);
      missing += part;
      moment += part * (end + 0.5);
    }
    if (end - x <= 3 && missing < GAP_PX && isRecorded(parts, x, end)) {
      const at = Math.round(moment / missing - GAP_PX / 2);
      const before = out.at(-1);
      const crowded = before !== undefined && at - before.x < CROWD_PX;
      if (crowded) before.crowded = true;
      out.push({ x: Math.max(0, at), crowded });
    }
    x = end;
  }
  return out;
}

/** Mostly, on both sides of columns `from` to `to`. */
function isRecorded(parts: Float64Array, from: number, to: number): boolean {
  const beside = [from - 2, from - 1, to, to + 1].map((at) => parts[at] ?? 1);
  return beside.reduce((sum, part) => sum + part, 0) / beside.length > 0.75;
}
