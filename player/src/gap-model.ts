/** Where nothing is recorded, why, and what is on either side. Pure. Times are ms since the Unix epoch. */
import type { Gap, Span } from "./coverage-types.ts";
import type { RecordedIndex } from "./recorded-index.ts";
import { clockText, dateOf, lengthText } from "./time-text.ts";

/** What is newer than this may still be on its way to the archive: not called a gap, ms. */
export const ARRIVING_MS = 30_000;
/** Playback that leaves out less than this does it silently, ms. */
export const NOTICE_MS = 1500;

const CAUSES: Readonly<Record<string, string>> = {
  user: "deleted by a user",
  corrupt: "damaged",
  "node-lost": "a server was lost",
  space: "deleted for space",
  size: "over the stream's size limit",
  age: "older than the retention time",
  "disk-full": "the server's disk was full",
  error: "refused by the server",
  "clock-step": "the camera's clock was set",
  offline: "camera offline",
};

/** In words; an unknown cause as it is, no cause as an empty text. */
export function causeText(cause: string | undefined): string {
  if (cause === undefined || cause === "no-media") return "";
  return CAUSES[cause] ?? cause;
}

/** `14:02:00–14:31:00 (29 min): camera offline`. */
export function gapText({ from, to, cause }: Gap, zone: string | undefined): string {
  const day = dateOf(from, zone) === dateOf(to, zone) ? "" : `${dateOf(from, zone)} `;
  const why = causeText(cause);
  const times = `${day}${clockText(from, zone)}–${clockText(to, zone)} (${lengthText(to - from)})`;
  return `${times}${why === "" ? "" : `: ${why}`}`;
}

export interface Loaded {
  /** What was asked for. */
  readonly span: Span;
  readonly index: RecordedIndex;
  readonly gaps: readonly Gap[];
}

/** The gap that holds `ms`, as far as what was loaded tells; it ends where the loaded part does. */
export function gapAt({ span, index, gaps }: Loaded, ms: number, nowMs: number): Gap | undefined {
  if (ms < span.from || ms >= span.to || index.at(ms) !== undefined) return undefined;
  const { before, after } = index.around(ms);
  const from = before?.to ?? span.from;
  const to = after?.from ?? Math.min(span.to, nowMs);
  if (after === undefined && nowMs - from < ARRIVING_MS) return undefined;
  const told = gaps.find((gap) => gap.from <= ms && ms < gap.to);
  return told?.cause === undefined ? { from, to } : { from, to, cause: told.cause };
}

/** The range that begins next after `ms`. */
export function nextRange(ranges: readonly Span[], ms: number): Span | undefined {
  return ranges.find(({ from }) => from > ms);
}

/** The range before: the one `ms` is in, unless it has only just begun there (then the one before that). */
export function previousRange(ranges: readonly Span[], ms: number): Span | undefined {
  return ranges.findLast(({ from }) => from < ms - 3000);
}

/** What the timeline says of a place under the pointer: a gap and its cause, or that only a part of it is recorded. */
export function placeText(
  loaded: Loaded,
  { from, to }: Span,
  { nowMs, zone }: { nowMs: number; zone: string | undefined },
): string {
  const gap = gapAt(loaded, (from + to) / 2, nowMs);
  if (gap !== undefined) return `No recording ${gapText(gap, zone)}`;
  if (from < loaded.span.from || to > loaded.span.to || to > nowMs) return "";
  const part = loaded.index.recorded(from, to) / (to - from);
  if (part > 0.99) return "";
  const length = lengthText(to - from);
  return `${part < 0.01 ? "less than 1" : Math.round(part * 100)} % of ${length} recorded here`;
}

/** How much of a span is recorded, ms, and the gaps in it. */
export function inside(ranges: readonly Span[], span: Span): { ms: number; gaps: Span[] } {
  const gaps: Span[] = [];
  let ms = 0;
  let at = span.from;
  for (const range of ranges) {
    const from = Math.max(span.from, range.from);
    const to = Math.min(span.to, range.to);
    if (to <= from) continue;
    if (from > at) gaps.push({ from: at, to: from });
    ms += to - from;
    at = to;
  }
  if (at < span.to) gaps.push({ from: at, to: span.to });
  return { ms, gaps };
}
