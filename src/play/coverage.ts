/**
 * Which stretches of a range hold media, and the gaps between them, at any zoom.
 *
 * Fragments are whole: a stretch may begin before the range and end after it. Times are cut to whole ms.
 * The end of a fragment is an estimate, so within a run a gap shorter than one of its frames is none.
 * Nothing else is rounded: every gap of `resolutionMs` or more is listed.
 *
 * A gap between two stretches on the producer's clock is told with its cause, in pieces where causes differ
 * (gap-causes.ts). Before the first stretch and after the last, only what was written down is a gap, and the hole that
 * is open: from the end of the newest media until now, when no producer is connected. Causes are written
 * down on the producer's clock: on the server's they are those of the media that is missing in the gap.
 */
import { Fault } from "../base/errors.ts";
import type { ClockName, FragmentReader, TimeRange } from "../fragment/fragment.ts";
import { type Density, density } from "./density.ts";
import {
  type CausedGap,
  causedGaps,
  causedServerGaps,
  type Hole,
  type ServerHole,
} from "./gap-causes.ts";
import { goesOn, type Stretch, walked, wholeHours, wholeMs } from "./stretches.ts";

/** Most stretches in one answer. Beyond it a coarser resolution is asked for. */
export const MAX_RANGES = 20_000;

/** A producer that is gone for less may only be late, ms. */
const LATE_MS = 1000;

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
  /** When the question is asked, server time, if no producer is connected: then the hole since the newest media is open. */
  readonly openUntilMs?: number | undefined;
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
  const ends = await newestEnd(options);
  const holes = withOpen(options, holesOf(ranges, range), ends);
  if (clock === "producer") return { ranges, gaps: await causedGaps({ reader, stream }, holes) };
  const mapped = new Mapping(cover.edges, ends);
  return {
    ranges,
    gaps: await causedServerGaps(
      { reader, stream },
      holes.map((hole) => mapped.of(hole)),
    ),
  };
}

/** Where the newest media of the stream ends, ms, on each clock; undefined: there is none. */
interface NewestEnd {
  readonly producer: number;
  readonly server: number;
}

async function newestEnd(options: CoverageOptions): Promise<NewestEnd | undefined> {
  const { reader, stream, clock, openUntilMs } = options;
  if (clock === "producer" && openUntilMs === undefined) return undefined;
  const extent = await reader.extent(stream);
  if (extent === undefined) return undefined;
  const { producedEndUs, receivedLastMs } = extent;
  return { producer: Math.floor(producedEndUs / 1000), server: receivedLastMs };
}

/** The last hole is open from the newest media until now; behind now there is nothing to tell of. */
function withOpen(
  { clock, openUntilMs, resolutionMs }: CoverageOptions,
  holes: readonly Hole[],
  ends: NewestEnd | undefined,
): readonly Hole[] {
  const last = holes.at(-1);
  if (openUntilMs === undefined || ends === undefined || last === undefined || last.between)
    return holes;
  const from = Math.max(last.from, ends[clock]);
  const to = Math.min(last.to, openUntilMs);
  if (to - from < Math.max(1, resolutionMs, LATE_MS)) return holes;
  const before = { ...last, to: from };
  const after = { ...last, from: to };
  const open = { from, to, between: true, open: true };
  return [...holes.slice(0, -1), before, open, after].filter((hole) => hole.from < hole.to);
}

/** Where the missing media of a hole on the server's clock would be on the producer's: between its neighbours. */
class Mapping {
  readonly #byTo: ReadonlyMap<number, ProducerEdges>;
  readonly #byFrom: ReadonlyMap<number, ProducerEdges>;
  readonly #first: ProducerEdges | undefined;
  readonly #last: ProducerEdges | undefined;
  readonly #ends: NewestEnd | undefined;

  constructor(edges: readonly ProducerEdges[], ends: NewestEnd | undefined) {
    this.#byTo = new Map(edges.map((edge) => [edge.to, edge]));
    this.#byFrom = new Map(edges.map((edge) => [edge.from, edge]));
    this.#first = edges[0];
    this.#last = edges.at(-1);
    this.#ends = ends;
  }

  of(hole: Hole): ServerHole {
    const [before, after] = [this.#byTo.get(hole.from), this.#byFrom.get(hole.to)];
    if (before !== undefined && after !== undefined)
      return { ...hole, producedFrom: before.producedTo, producedTo: after.producedFrom };
    const apart = this.#apart(hole);
    return { ...hole, producedFrom: hole.from - apart, producedTo: hole.to - apart };
  }

  /** At an end of the range the clocks are as far apart as at the nearest media. */
  #apart({ from }: Hole): number {
    const [first, last, ends] = [this.#first, this.#last, this.#ends];
    if (last !== undefined && last.to <= from) return last.to - last.producedTo;
    if (first !== undefined) return first.from - first.producedFrom;
    return ends === undefined ? 0 : ends.server - ends.producer;
  }
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

/** A covered range of the server's clock, and where its ends are on the producer's, ms. */
interface ProducerEdges {
  readonly from: number;
  readonly to: number;
  readonly producedFrom: number;
  readonly producedTo: number;
}

/** Takes stretches in order of their start and joins them. */
class Cover {
  readonly #resolutionMs: number;
  readonly #ranges: CoveredRange[] = [];
  #open: { from: number; to: number; fragments: number; bytes: number } | undefined;
  #produced: { from: number; to: number } | undefined;
  #last: Stretch | undefined;
  /** One for each range on the server's clock, in order. */
  readonly edges: ProducerEdges[] = [];

  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  add(stretch: Stretch): void {
    const open = this.#open;
    if (open === undefined || !this.#joins(open.to, stretch)) {
      this.#close();
      const { from, to, fragments, bytes } = stretch;
      this.#open = { from, to, fragments, bytes };
      this.#produced = stretch.produced && { ...stretch.produced };
    } else {
      open.to = Math.max(open.to, stretch.to);
      open.fragments += stretch.fragments;
      open.bytes += stretch.bytes;
      if (this.#produced !== undefined && stretch.produced !== undefined)
        this.#produced.to = Math.max(this.#produced.to, stretch.produced.to);
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
    const { from, to } = this.#open;
    if (this.#produced !== undefined)
      this.edges.push({
        from,
        to,
        producedFrom: this.#produced.from,
        producedTo: this.#produced.to,
      });
    this.#open = undefined;
  }
}
