/**
 * Which stretches of a range hold media, and the gaps between them, at any zoom.
 *
 * Fragments are whole: a stretch may begin before the range and end after it. Times are cut to whole ms.
 * The end of a fragment is an estimate, so within a run a gap shorter than one of its frames is none.
 * Nothing else is rounded: every gap of `resolutionMs` or more is listed.
 *
 * A gap between two stretches on the producer's clock is told with its cause, in pieces where causes differ
 * (gap-causes.ts). Before the first stretch and after the last, only what was written down is a gap. Causes are written
 * down on the producer's clock: on the server's a gap has none.
 */
import { Fault } from "../base/errors.ts";
import type { ClockName, FragmentReader, TimeRange } from "../fragment/fragment.ts";
import { type Density, density } from "./density.ts";
import { type CausedGap, causedGaps, type Hole } from "./gap-causes.ts";
import { goesOn, type Stretch, walked, wholeHours, wholeMs } from "./stretches.ts";

/** Most stretches in one answer. Beyond it a coarser resolution is asked for. */
export const MAX_RANGES = 20_000;

export interface Coverage {
  readonly ranges: readonly CoveredRange[];
  readonly gaps: readonly Gap[];
  /** When parts were asked for: how much of each is recorded, unmerged. */
  readonly density?: Density;
}

/** Ms since the Unix epoch on the clock asked for; half open. Counts are of whole fragments. */
export interface CoveredRange {
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  /** In the archive. */
  readonly bytes: number;
}

/** From the end of one range to the start of the next, or a piece of that. `no-media`: why is not known. */
export type Gap = CausedGap;

export interface CoverageOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly range: TimeRange;
  readonly clock: ClockName;
  /** Gaps shorter than this are merged, ms, ≥ 0. A pack shorter than it costs no look at its fragments. */
  readonly resolutionMs: number;
  /** In so many parts of equal length it is told how much is recorded; 0, the default: not at all. */
  readonly buckets?: number;
}

/** Throws `stream.not-found`; `request.too-large` over `MAX_RANGES` stretches. */
export async function coverage(options: CoverageOptions): Promise<Coverage> {
  const { buckets = 0 } = options;
  const listed = await list(options);
  return buckets === 0 ? listed : { ...listed, density: await density(options, buckets) };
}

async function list(options: CoverageOptions): Promise<Coverage> {
  const { reader, stream, range, clock, resolutionMs } = options;
  const cover = new Cover(resolutionMs);
  // Nothing shorter than the resolution can be seen, so a pack shorter than it has no hole to look for.
  const longestWholeMs = resolutionMs;
  const summed = await summedStretches(options);
  if (summed !== undefined) for (const stretch of summed) cover.add(stretch);
  else for await (const stretch of walked(options, { range, longestWholeMs })) cover.add(stretch);
  const ranges = cover.end();
  const holes = holesOf(ranges, range);
  if (clock === "producer") return { ranges, gaps: await causedGaps({ reader, stream }, holes) };
  const between = holes.filter((hole) => hole.between);
  return { ranges, gaps: between.map(({ from, to }) => ({ from, to, cause: "no-media" })) };
}

/**
 * As `walked`, but whole hours come from the index, already joined. Undefined where that does not pay, or where a pack is
 * longer than the resolution: then its fragments have to be looked at.
 */
async function summedStretches(options: CoverageOptions): Promise<Stretch[] | undefined> {
  const { resolutionMs } = options;
  const hours = await wholeHours(options, resolutionMs);
  if (hours === undefined) return undefined;
  if (hours.stretches.some(({ longestUs }) => longestUs > resolutionMs * 1000)) return undefined;
  const out: Stretch[] = hours.stretches.map((one) => ({ ...wholeMs(one), ...one, slackMs: 0 }));
  for (const end of hours.ends)
    for await (const one of walked(options, { ...end, longestWholeMs: resolutionMs }))
      out.push(one);
  return out.sort((a, b) => a.from - b.from);
}

/** What is left of the range, in order. */
function holesOf(ranges: readonly CoveredRange[], { fromMs, toMs }: TimeRange): Hole[] {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined)
    return [{ from: fromMs, to: toMs, between: false }];
  const holes = [
    { from: fromMs, to: first.from, between: false },
    ...ranges.slice(1).map(({ from }, i) => {
      return { from: ranges[i]?.to ?? from, to: from, between: true };
    }),
    { from: last.to, to: toMs, between: false },
  ];
  return holes.filter(({ from, to }) => from < to);
}

/** Takes stretches in order of their start and joins them. */
class Cover {
  readonly #resolutionMs: number;
  readonly #ranges: CoveredRange[] = [];
  #open: { from: number; to: number; fragments: number; bytes: number } | undefined;
  #last: Stretch | undefined;

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  add(stretch: Stretch): void {
    const open = this.#open;
    if (open === undefined || !this.#joins(open.to, stretch)) {
      this.#close();
      const { from, to, fragments, bytes } = stretch;
      this.#open = { from, to, fragments, bytes };
    } else {
      open.to = Math.max(open.to, stretch.to);
      open.fragments += stretch.fragments;
      open.bytes += stretch.bytes;
    }
    this.#last = stretch;
  }

  end(): readonly CoveredRange[] {
    this.#close();
    return this.#ranges;
  }

  #joins(openTo: number, stretch: Stretch): boolean {
    return stretch.from - openTo < this.#resolutionMs || goesOn(this.#last, openTo, stretch);
  }

  #close(): void {
    if (this.#open === undefined) return;
    if (this.#ranges.length >= MAX_RANGES)
      throw new Fault(
        "request.too-large",
        `more than ${MAX_RANGES} stretches of media: ask for a shorter range or a coarser resolution`,
      );
    this.#ranges.push(this.#open);
    this.#open = undefined;
  }
}
