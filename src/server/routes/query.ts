/** Query strings of the reading routes: their tables, and as values. */
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { ClockName, TimeRange } from "../../fragment/fragment.ts";
import { MAX_BUCKETS } from "../../play/density.ts";
import { type Direction, MAX_FRAMES, MAX_RANGE_MS } from "../../play/key-frames.ts";
import { MAX_TIME_MS, timeRange } from "../../play/time.ts";
import {
  choice,
  flag,
  free,
  neededTime,
  type QueryValues,
  type RawQuery,
  readQuery,
  time,
  whole,
} from "./parameters.ts";

export { type RawQuery, refuseOthers, text } from "./parameters.ts";

export interface StreamParams {
  readonly name: string;
}

/** Which clock times are on. */
export const clock = choice<ClockName>(["producer", "server"], "which clock the times are on");
const open = {
  from: time(millis(0), "the beginning, in it; default: of all there is"),
  to: time(millis(MAX_TIME_MS), "the end, not in it; default: of all there is"),
};

/** A range that has to be named. */
export function namedRange(what: string) {
  const refusal = `${what} need from and to`;
  return {
    from: neededTime("the beginning, in it", refusal),
    to: neededTime("the end, not in it", refusal),
    clock,
  };
}

export const CLIP = {
  ...namedRange("clips"),
  layout: choice(
    ["fragmented", "plain"],
    "of MP4: `plain` has one table for all, of clip.mp4 alone",
  ),
} as const;

export function clipQuery(query: RawQuery) {
  const { layout, ...asked } = readQuery(CLIP, query);
  return { ...rangeOf(asked), layout };
}

export const COVERAGE = {
  ...{ ...open, clock },
  resolution: whole(
    { fallback: 0, min: 0, max: 31_536_000_000 },
    "gaps shorter than this many ms are joined",
  ),
  buckets: whole(
    { fallback: undefined, min: 1, max: MAX_BUCKETS },
    "how much is recorded of each of so many equal parts; default: not told",
  ),
} as const;

export function coverageQuery(query: RawQuery) {
  const { resolution, buckets, ...asked } = readQuery(COVERAGE, query);
  return { ...rangeOf(asked), resolutionMs: resolution, buckets: buckets ?? 0 };
}

const { clock: _, ...keyFrameRange } = namedRange("key frames");

export const KEY_FRAMES = {
  ...keyFrameRange,
  direction: choice<Direction>(["forward", "backward"], "in which they follow each other"),
  step: whole(
    { fallback: 0, min: 0, max: MAX_RANGE_MS },
    "two of them are at least so many ms apart; 0: every one",
  ),
  limit: whole({ fallback: 60, min: 1, max: MAX_FRAMES }, "at most so many"),
} as const;

/** Throws `request.bad-time` for a range that is too long. */
export function keyFramesQuery(query: RawQuery) {
  const { from, to, step: stepMs, ...asked } = readQuery(KEY_FRAMES, query);
  const range = timeRange(from, to);
  if (range.toMs - range.fromMs > MAX_RANGE_MS)
    throw new Fault(
      "request.bad-time",
      `key frames are of at most ${MAX_RANGE_MS / 1000} s at once`,
    );
  return { ...asked, range, stepMs };
}

export const FRAGMENTS = {
  ...{ ...open, clock },
  limit: whole({ fallback: 1000, min: 1, max: 1000 }, "at most so many"),
  token: free("`nextToken` of the page before; range and clock are the same"),
} as const;

export function fragmentsQuery(query: RawQuery) {
  const { limit, token, ...asked } = readQuery(FRAGMENTS, query);
  return { ...rangeOf(asked), limit, ...(token === undefined ? {} : { token }) };
}

export const GAPS = {
  ...open,
  limit: whole({ fallback: 1000, min: 1, max: 10_000 }, "at most so many"),
} as const;

/** What was written down as without media. */
export function gapsQuery(query: RawQuery): { range: TimeRange; limit: number } {
  const { from, to, limit } = readQuery(GAPS, query);
  return { range: timeRange(from, to), limit };
}

export const AUDIT = {
  stream: free("of this stream alone"),
  before: whole(
    { fallback: undefined, min: 1, max: 999_999_999_999_999 },
    "older than the row of this id",
  ),
  limit: whole({ fallback: 100, min: 1, max: 1000 }, "at most so many"),
} as const;

export function auditQuery(query: RawQuery): { stream?: string; beforeId?: number; limit: number } {
  const { stream, before, limit } = readQuery(AUDIT, query);
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(before === undefined ? {} : { beforeId: before }),
    limit,
  };
}

export const HOLDS = { ended: flag(false, "those that have ended, too") } as const;

export function holdsQuery(query: RawQuery): QueryValues<typeof HOLDS> {
  return readQuery(HOLDS, query);
}

export const WHO = { who: free("for the audit, where nobody is asked who they are") } as const;

export function whoQuery(query: RawQuery): QueryValues<typeof WHO> {
  return readQuery(WHO, query);
}

function rangeOf({ from, to, clock: on }: QueryValues<ReturnType<typeof namedRange>>): {
  range: TimeRange;
  clock: ClockName;
} {
  return { range: timeRange(from, to), clock: on };
}
