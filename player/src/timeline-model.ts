/**
 * The timeline as numbers: which stretch of time is shown, and where its ticks are. What is recorded: recorded-index.ts.
 * Pure; the canvas draws what this says. Times are ms since the Unix epoch.
 */

/** What is shown: half open. */
export interface View {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Shortest and longest stretch: 10 s to 10 years. */
export const MIN_SPAN_MS = 10_000;
export const MAX_SPAN_MS = 10 * 366 * 86_400_000;

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
