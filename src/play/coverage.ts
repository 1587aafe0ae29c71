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
import { millis } from "../base/units.ts";
import {
  type ClockName,
  type FragmentReader,
  MAX_PACK_SPAN_MS,
  type PackSummary,
  type StoredFragment,
  type TimeRange,
} from "../fragment/fragment.ts";
import { type CausedGap, causedGaps, type Hole } from "./gap-causes.ts";
import { spanOf } from "./order.ts";
import { type Step, steps } from "./walk.ts";

/** Most stretches in one answer. Beyond it a coarser resolution is asked for. */
export const MAX_RANGES = 20_000;

const HOUR_MS = 3_600_000;
/** Of fewer hours, packs are as quickly looked at one by one. */
const MIN_HOURS = 3;
/** The index joins packs that are this close. */
const MIN_JOIN_MS = 1000;

export interface Coverage {
  readonly ranges: readonly CoveredRange[];
  readonly gaps: readonly Gap[];
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
}

/** Throws `stream.not-found`; `request.too-large` over `MAX_RANGES` stretches. */
export async function coverage(options: CoverageOptions): Promise<Coverage> {
  const { reader, stream, range, clock, resolutionMs } = options;
  const cover = new Cover(resolutionMs);
  const summed = await summedStretches(options);
  if (summed !== undefined) for (const stretch of summed) cover.add(stretch);
  else for await (const stretch of walked(options, range, () => false)) cover.add(stretch);
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
  const { reader, stream, range, clock, resolutionMs } = options;
  if (clock !== "producer" || resolutionMs < MIN_JOIN_MS) return undefined;
  const fromMs = millis(Math.ceil(range.fromMs / HOUR_MS) * HOUR_MS);
  // A pack of the last of them may reach beyond it, but not beyond the range: there only some of its fragments count.
  const toMs = millis(Math.floor((range.toMs - MAX_PACK_SPAN_MS) / HOUR_MS) * HOUR_MS);
  if (toMs - fromMs < MIN_HOURS * HOUR_MS) return undefined;
  const hours = await reader.stretches(stream, { fromMs, toMs }, resolutionMs);
  if (hours === undefined) return undefined;
  if (hours.some(({ longestUs }) => longestUs > resolutionMs * 1000)) return undefined;
  // A pack belongs to the hour it begins in. Those that begin before the first one may reach into it.
  const untilMs = millis(Math.min(range.toMs, fromMs + MAX_PACK_SPAN_MS));
  const before = { fromMs: range.fromMs, toMs: untilMs };
  const after = { fromMs: toMs, toMs: range.toMs };
  const out: Stretch[] = hours.map((one) => ({ ...wholeMs(one), ...one, slackMs: 0 }));
  for await (const one of walked(options, before, (pack) => pack.producedStartUs >= fromMs * 1000))
    out.push(one);
  for await (const one of walked(options, after, (pack) => pack.producedStartUs < toMs * 1000))
    out.push(one);
  return out.sort((a, b) => a.from - b.from);
}

/** Pack by pack, and fragment by fragment where that can be seen; in order. */
async function* walked(
  { reader, stream, clock, resolutionMs }: CoverageOptions,
  range: TimeRange,
  leaveOut: (pack: PackSummary) => boolean,
): AsyncGenerator<Stretch, undefined> {
  if (range.fromMs >= range.toMs) return;
  // Nothing shorter than the resolution can be seen, so a pack shorter than it has no hole to look for.
  const takeWhole = (pack: PackSummary) =>
    clock === "producer" && pack.producedEndUs - pack.producedStartUs <= resolutionMs * 1000;
  const selection = { by: "time", clock, range } as const;
  for await (const step of steps({ reader, stream }, selection, { takeWhole, leaveOut }))
    yield* stretchesOf(step, clock);
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

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  readonly bytes: number;
  /** Session and run, and the longest gap that is only an inexact end, ms. */
  readonly run?: string;
  readonly slackMs: number;
}

function* stretchesOf(step: Step, clock: ClockName): Generator<Stretch> {
  if (step.kind === "pack") yield stretchOfPack(step.pack);
  else for (const fragment of step.fragments) yield stretchOf(fragment, clock);
}

function stretchOfPack(pack: PackSummary): Stretch {
  const { producedStartUs: startUs, producedEndUs: endUs, bytes, totals } = pack;
  return { ...wholeMs({ startUs, endUs }), fragments: totals.fragments, bytes, slackMs: 0 };
}

function stretchOf({ info, size }: StoredFragment, clock: ClockName): Stretch {
  const { startUs, endUs } = spanOf(info, clock);
  const frames = info.totals.reduce((most, one) => Math.max(most, one.frames), 1);
  const slackMs = (endUs - startUs) / 1000 / frames;
  const run = `${info.session} ${info.run}`;
  return { ...wholeMs({ startUs, endUs }), fragments: 1, bytes: size, run, slackMs };
}

function wholeMs({ startUs, endUs }: { startUs: number; endUs: number }) {
  const from = Math.floor(startUs / 1000);
  return { from, to: Math.max(from + 1, Math.floor(endUs / 1000)) };
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
    const gapMs = stretch.from - openTo;
    if (gapMs <= 0 || gapMs < this.#resolutionMs) return true;
    const last = this.#last;
    return last?.run !== undefined && last.run === stretch.run && gapMs < last.slackMs;
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
