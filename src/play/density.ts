/**
 * How much of each part of a range is recorded, whatever gaps a coarse list of stretches merges: for drawing.
 *
 * Exact where the packs of the range are few enough to look at their fragments. Beyond that the spans of packs are exact
 * to a second, and how much of such a span holds media is taken from packs spread evenly over all of it.
 */
import { millis } from "../base/units.ts";
import {
  goesOn,
  MIN_JOIN_MS,
  type Stretch,
  type StretchOptions,
  stretchOf,
  walked,
  wholeHours,
  wholeMs,
} from "./stretches.ts";
import { listOf } from "./walk.ts";

/** Most parts of one answer. */
export const MAX_BUCKETS = 8192;
/** Of so many packs the fragments are looked at: about a day of an hour's sixty. */
const EXACT_PACKS = 1500;
/** Of more packs so many are looked at. */
const SAMPLES = 160;

export interface Density {
  /** Of one part, ms; the parts begin where the range does. */
  readonly bucketMs: number;
  /** Ms of each part for which there is media. */
  readonly recordedMs: readonly number[];
  /** Not every pack was looked into. */
  readonly sampled: boolean;
}

/** Throws `stream.not-found`. */
export async function density(options: StretchOptions, buckets: number): Promise<Density> {
  const { range } = options;
  const parts = new Parts(range.fromMs, range.toMs, buckets);
  const hours = await wholeHours(options, MIN_JOIN_MS);
  const packs = hours?.stretches.reduce((sum, one) => sum + one.packs, 0) ?? 0;
  if (hours === undefined || packs <= EXACT_PACKS) {
    for await (const stretch of walked(options, { range })) parts.add(stretch);
    return parts.end(false);
  }
  const spans = hours.stretches.map((one): Stretch => ({ ...wholeMs(one), ...one, slackMs: 0 }));
  const fills = await sampledFills(options, spans);
  const pieces = spans.flatMap((span) => fills.split(span));
  // At the ends single fragments were looked at.
  for (const end of hours.ends)
    for await (const stretch of walked(options, end)) pieces.push({ ...stretch, fill: 1 });
  for (const piece of pieces.sort((a, b) => a.from - b.from)) parts.add(piece, piece.fill);
  return parts.end(true);
}

/** Adds stretches in order of their start to parts of equal length. */
class Parts {
  readonly #fromMs: number;
  readonly #bucketMs: number;
  readonly #recorded: Float64Array;
  #endMs = Number.NEGATIVE_INFINITY;
  #last: Stretch | undefined;

  constructor(fromMs: number, toMs: number, buckets: number) {
    this.#fromMs = fromMs;
    this.#bucketMs = Math.max(0, toMs - fromMs) / buckets;
    this.#recorded = new Float64Array(buckets);
  }

  add(stretch: Stretch, fill = 1): void {
    const from = goesOn(this.#last, this.#endMs, stretch) ? this.#endMs : stretch.from;
    const start = Number.isFinite(from) ? from : stretch.from;
    if (stretch.to > start) this.#spread(start, stretch.to, fill);
    this.#endMs = Math.max(this.#endMs, stretch.to);
    this.#last = stretch;
  }

  end(sampled: boolean): Density {
    // Sums of parts of ms are off by less than this.
    const recordedMs = Array.from(this.#recorded, (ms) => Math.round(ms * 10) / 10);
    return { bucketMs: this.#bucketMs, recordedMs, sampled };
  }

  #spread(fromMs: number, toMs: number, fill: number): void {
    const [bucketMs, count] = [this.#bucketMs, this.#recorded.length];
    if (bucketMs === 0) return;
    const from = Math.max(0, (fromMs - this.#fromMs) / bucketMs);
    const to = Math.min(count, (toMs - this.#fromMs) / bucketMs);
    for (let i = Math.floor(from); i < to; i++) {
      const part = Math.min(to, i + 1) - Math.max(from, i);
      this.#recorded[i] = (this.#recorded[i] ?? 0) + part * bucketMs * fill;
    }
  }
}

interface Piece extends Stretch {
  readonly fill: number;
}

interface Fills {
  /** In pieces for each of which one pack tells. */
  split(span: Stretch): Piece[];
}

/** How full packs are, from some of them at equal distances along what is covered. */
async function sampledFills(options: StretchOptions, spans: readonly Stretch[]): Promise<Fills> {
  const total = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const everyMs = Math.max(1, total / SAMPLES);
  /** Each tells for what is covered up to `untilMs`. */
  const samples: { readonly untilMs: number; readonly fill: number }[] = [];
  let passed = 0;
  for (const { from, to } of spans) {
    const begins = passed;
    passed += to - from;
    while ((samples.length + 0.5) * everyMs < passed) {
      const atMs = from + (samples.length + 0.5) * everyMs - begins;
      const untilMs = Math.min(to, from + (samples.length + 1) * everyMs - begins);
      samples.push({ untilMs, fill: (await fillAt(options, Math.floor(atMs))) ?? 1 });
    }
  }
  return {
    split: (span) => {
      const pieces: Piece[] = [];
      let at = span.from;
      while (at < span.to) {
        const sample = samples[firstAfter(samples, at)];
        const to = Math.min(span.to, sample?.untilMs ?? span.to);
        const fill = sample?.fill ?? samples.at(-1)?.fill ?? 1;
        pieces.push({ ...span, from: at, to, fill });
        at = to;
      }
      return pieces;
    },
  };
}

function firstAfter(samples: readonly { readonly untilMs: number }[], ms: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.untilMs ?? 0) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Which part of the pack at this time holds media; undefined where there is none any more. */
async function fillAt(options: StretchOptions, atMs: number): Promise<number | undefined> {
  const { reader, stream, clock } = options;
  const range = { fromMs: millis(atMs), toMs: millis(atMs + 1) };
  for await (const page of reader.packs(stream, { by: "time", clock, range })) {
    const [pack] = page;
    if (pack === undefined) continue;
    const { from, to } = wholeMs({ startUs: pack.producedStartUs, endUs: pack.producedEndUs });
    const inside = new Parts(from, to, 1);
    const list = await listOf({ reader, stream }, pack);
    const stretches = list.map((fragment) => stretchOf(fragment, clock));
    for (const one of stretches.sort((a, b) => a.from - b.from)) inside.add(one);
    return Math.min(1, (inside.end(true).recordedMs[0] ?? 0) / (to - from));
  }
  return undefined;
}
