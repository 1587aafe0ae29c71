/**
 * Stretches of media of a range in order, from as little as is needed: fragments, whole packs, or whole hours that the
 * index has joined already.
 */
import { millis } from "../base/units.ts";
import {
  type ClockName,
  type FragmentReader,
  MAX_PACK_SPAN_MS,
  type PackStretch,
  type PackSummary,
  type StoredFragment,
  type TimeRange,
} from "../fragment/fragment.ts";
import { spanOf } from "./order.ts";
import { type Step, steps } from "./walk.ts";

const HOUR_MS = 3_600_000;
/** Of fewer hours, packs are as quickly looked at one by one. */
const MIN_HOURS = 3;
/** The index joins packs that are this close. */
export const MIN_JOIN_MS = 1000;

/** Ms since the Unix epoch on the clock asked for; half open. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  readonly bytes: number;
  /** Session and run, and the longest gap that is only an inexact end, ms. */
  readonly run?: string;
  readonly slackMs: number;
}

export interface StretchOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly range: TimeRange;
  readonly clock: ClockName;
}

/**
 * Pack by pack, and fragment by fragment in packs that are not to be taken whole; in order. `longestWholeMs`: of packs that
 * are taken as they are.
 */
export async function* walked(
  { reader, stream, clock }: StretchOptions,
  { range, longestWholeMs = -1, leaveOut = () => false }: WalkedOptions,
): AsyncGenerator<Stretch, undefined> {
  if (range.fromMs >= range.toMs) return;
  const takeWhole = (pack: PackSummary) =>
    clock === "producer" && pack.producedEndUs - pack.producedStartUs <= longestWholeMs * 1000;
  const selection = { by: "time", clock, range } as const;
  for await (const step of steps({ reader, stream }, selection, { takeWhole, leaveOut }))
    yield* stretchesOf(step, clock);
}

export interface WalkedOptions {
  readonly range: TimeRange;
  readonly longestWholeMs?: number;
  readonly leaveOut?: (pack: PackSummary) => boolean;
}

/** Whole hours as the index joins them, and what lies before and after them. */
export interface Hours {
  readonly stretches: readonly PackStretch[];
  /** The parts of the range outside of those hours, in order. Leave out what `stretches` holds. */
  readonly ends: readonly WalkedOptions[];
}

/** Undefined where it is not known, or does not pay. */
export async function wholeHours(
  { reader, stream, range, clock }: StretchOptions,
  joinMs: number,
): Promise<Hours | undefined> {
  if (clock !== "producer" || joinMs < MIN_JOIN_MS) return undefined;
  const fromMs = millis(Math.ceil(range.fromMs / HOUR_MS) * HOUR_MS);
  // A pack of the last of them may reach beyond it, but not beyond the range: there only some of its fragments count.
  const toMs = millis(Math.floor((range.toMs - MAX_PACK_SPAN_MS) / HOUR_MS) * HOUR_MS);
  if (toMs - fromMs < MIN_HOURS * HOUR_MS) return undefined;
  const stretches = await reader.stretches(stream, { fromMs, toMs }, joinMs);
  if (stretches === undefined) return undefined;
  // A pack belongs to the hour it begins in. Those that begin before the first one may reach into it.
  const untilMs = millis(Math.min(range.toMs, fromMs + MAX_PACK_SPAN_MS));
  const ends = [
    {
      range: { fromMs: range.fromMs, toMs: untilMs },
      leaveOut: (pack: PackSummary) => pack.producedStartUs >= fromMs * 1000,
    },
    {
      range: { fromMs: toMs, toMs: range.toMs },
      leaveOut: (pack: PackSummary) => pack.producedStartUs < toMs * 1000,
    },
  ];
  return { stretches, ends };
}

function* stretchesOf(step: Step, clock: ClockName): Generator<Stretch> {
  if (step.kind === "pack") yield stretchOfPack(step.pack);
  else for (const fragment of step.fragments) yield stretchOf(fragment, clock);
}

function stretchOfPack(pack: PackSummary): Stretch {
  const { producedStartUs: startUs, producedEndUs: endUs, bytes, totals } = pack;
  return { ...wholeMs({ startUs, endUs }), fragments: totals.fragments, bytes, slackMs: 0 };
}

export function stretchOf({ info, size }: StoredFragment, clock: ClockName): Stretch {
  const { startUs, endUs } = spanOf(info, clock);
  const frames = info.totals.reduce((most, one) => Math.max(most, one.frames), 1);
  const slackMs = (endUs - startUs) / 1000 / frames;
  const run = `${info.session} ${info.run}`;
  return { ...wholeMs({ startUs, endUs }), fragments: 1, bytes: size, run, slackMs };
}

export function wholeMs({ startUs, endUs }: { startUs: number; endUs: number }) {
  const from = Math.floor(startUs / 1000);
  return { from, to: Math.max(from + 1, Math.floor(endUs / 1000)) };
}

/** Whether nothing is missing between a stretch that ended at `endMs` and the next: an end within a run is inexact. */
export function goesOn(last: Stretch | undefined, endMs: number, next: Stretch): boolean {
  const gapMs = next.from - endMs;
  if (gapMs <= 0) return true;
  return last?.run !== undefined && last.run === next.run && gapMs < last.slackMs;
}
