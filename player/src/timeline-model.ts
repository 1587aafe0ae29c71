/**
 * The timeline as numbers: which stretch of time is shown, where its ticks are, and how much of each pixel
 * column is recorded. Pure; the canvas draws what this says. Times are ms since the Unix epoch.
 */

/** What is shown: half open. */
export interface View {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Shortest and longest stretch: 10 s to 10 years. */
export const MIN_SPAN_MS = 10_000;
export const MAX_SPAN_MS = 10 * 366 * 86_400_000;
/** A gap is at least this wide on screen, so that none vanishes. Pixels. */
export const GAP_PX = 2;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND],
  ...[MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  ...[HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY],
];

export function spanOf(view: View): number {
  return view.toMs - view.fromMs;
}

/** Pixels from the left edge; outside of the view below 0 or above `width`. */
export function xOf(view: View, width: number, ms: number): number {
  return ((ms - view.fromMs) / spanOf(view)) * width;
}

export function timeAt(view: View, width: number, x: number): number {
  return view.fromMs + (x / Math.max(1, width)) * spanOf(view);
}

/** Makes the span `factor` times as long; the time at `x` stays where it is. */
export function zoom(view: View, factor: number, x: number, width: number): View {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanOf(view) * factor));
  const part = x / Math.max(1, width);
  const pinned = timeAt(view, width, x);
  const fromMs = pinned - part * span;
  return { fromMs, toMs: fromMs + span };
}

/** Moves the view by pixels: positive shows later times. */
export function pan(view: View, pixels: number, width: number): View {
  const ms = (pixels / Math.max(1, width)) * spanOf(view);
  return { fromMs: view.fromMs + ms, toMs: view.toMs + ms };
}

/** A view of this length in which `nowMs` stands at 9/10 of the width. */
export function viewUpTo(nowMs: number, spanMs: number): View {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, spanMs));
  return { fromMs: nowMs - span * 0.9, toMs: nowMs + span * 0.1 };
}

export interface Ticks {
  readonly stepMs: number;
  readonly times: readonly number[];
}

/**
 * Ticks at round times of day, at least `minPx` apart. `offsetMs` is the zone's offset from UTC at a time. Where clocks
 * are put back, the ticks of the hour that comes twice stand twice; where they are put on, those left out are missing.
 */
export function ticks(
  view: View,
  width: number,
  { minPx, offsetMs }: { minPx: number; offsetMs: (ms: number) => number },
): Ticks {
  const least = (minPx / Math.max(1, width)) * spanOf(view);
  const stepMs = STEPS.find((step) => step >= least) ?? (STEPS.at(-1) as number);
  const change = clockChange(view, offsetMs);
  if (change === undefined)
    return { stepMs, times: ticksWith(view, stepMs, offsetMs(view.fromMs)) };
  const before = { fromMs: view.fromMs, toMs: change.atMs };
  const after = { fromMs: change.atMs, toMs: view.toMs };
  const times = [
    ...ticksWith(before, stepMs, offsetMs(view.fromMs)),
    ...ticksWith(after, stepMs, offsetMs(view.toMs)),
  ];
  return { stepMs, times };
}

function ticksWith(view: View, stepMs: number, offset: number): number[] {
  const times: number[] = [];
  const first = Math.ceil((view.fromMs + offset) / stepMs) * stepMs;
  for (let local = first; local - offset < view.toMs; local += stepMs) times.push(local - offset);
  return times;
}

/**
 * Where the zone's clocks change within the view, and by how much: 3,600,000 when they are put on. Only for views that end
 * with another offset than they begin with: over half a year an hour is less than a pixel.
 */
export function clockChange(
  view: View,
  offsetMs: (ms: number) => number,
): { atMs: number; byMs: number } | undefined {
  const before = offsetMs(view.fromMs);
  const byMs = offsetMs(view.toMs) - before;
  if (byMs === 0) return undefined;
  let [low, high] = [view.fromMs, view.toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(middle) === before) low = middle;
    else high = middle;
  }
  return { atMs: Math.ceil(high), byMs };
}

/**
 * How much of each pixel column is recorded, 0 to 1. Ranges are in order and do not overlap. Never rounded
 * up, so that a camera that records now and then does not look as if it always did.
 */
export function columns(view: View, width: number, ranges: readonly Span[]): Float32Array {
  const out = new Float32Array(Math.max(0, Math.floor(width)));
  for (const { from, to } of ranges) {
    const start = Math.max(0, xOf(view, out.length, from));
    const end = Math.min(out.length, xOf(view, out.length, to));
    if (end <= start) continue;
    const last = Math.min(out.length - 1, Math.floor(end));
    for (let x = Math.floor(start); x <= last; x++) {
      const part = Math.min(end, x + 1) - Math.max(start, x);
      out[x] = Math.min(1, (out[x] ?? 0) + Math.max(0, part));
    }
  }
  return out;
}

/** Where gaps are drawn, in pixels: each at least `GAP_PX` wide, in the middle of where it is. */
export function notches(
  view: View,
  width: number,
  gaps: readonly Span[],
): { x: number; w: number }[] {
  const out: { x: number; w: number }[] = [];
  for (const { from, to } of gaps) {
    if (to <= view.fromMs || from >= view.toMs) continue;
    const start = xOf(view, width, from);
    const exact = xOf(view, width, to) - start;
    const w = Math.max(GAP_PX, exact);
    const x = start - (w - exact) / 2;
    const before = out.at(-1);
    if (before !== undefined && x < before.x + before.w && w === GAP_PX) continue;
    out.push({ x, w });
  }
  return out;
}

/**
 * Of the notches those that the columns do not show by themselves: narrow ones in columns that are else recorded. Where gaps
 * are closer together than pixels, notches would hide what is recorded: there the strength of the columns tells it.
 */
export function visibleNotches(
  marks: readonly { x: number; w: number }[],
  parts: Float32Array,
): { x: number; w: number }[] {
  return marks.filter(({ x, w }) => {
    if (w > GAP_PX) return false;
    const beside = [x - 2, x - 1, x + w + 1, x + w + 2].map((at) => parts[Math.floor(at)] ?? 1);
    return beside.reduce((sum, part) => sum + part, 0) / beside.length > 0.75;
  });
}

/** The stretches between ranges. */
export function gapsBetween(ranges: readonly Span[]): Span[] {
  return ranges.slice(1).flatMap((range, i) => {
    const before = ranges[i];
    return before === undefined || range.from <= before.to
      ? []
      : [{ from: before.to, to: range.from }];
  });
}

/** The range that holds `ms`, if one does. */
export function rangeAt(ranges: readonly Span[], ms: number): Span | undefined {
  return ranges.find(({ from, to }) => from <= ms && ms < to);
}
