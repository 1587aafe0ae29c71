/** Query strings of the reading routes as values. What they do not know, they refuse. */
import { Fault } from "../../base/errors.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { ClockName, TimeRange } from "../../fragment/fragment.ts";
import { MAX_BUCKETS } from "../../play/density.ts";
import { parseTime, timeRange } from "../../play/time.ts";

export interface StreamParams {
  readonly name: string;
}

/** Repeated parameters arrive as arrays; none of ours may be repeated. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The widest range there is: what a missing `from` or `to` means. */
const BEGINNING = millis(0);
const END = millis(8_640_000_000_000_000);

export function clipQuery(query: RawQuery): {
  range: TimeRange;
  clock: ClockName;
  layout: "fragmented" | "plain";
} {
  refuseOthers(query, ["from", "to", "clock", "layout"]);
  const layout = text(query, "layout") ?? "fragmented";
  if (layout !== "fragmented" && layout !== "plain")
    throw new Fault("request.bad", `layout: fragmented or plain, not ${layout}`);
  const from = text(query, "from");
  const to = text(query, "to");
  if (from === undefined || to === undefined)
    throw new Fault("request.bad-time", "a clip needs from and to");
  return { range: timeRange(parseTime(from), parseTime(to)), clock: clockOf(query), layout };
}

export function coverageQuery(query: RawQuery): {
  range: TimeRange;
  clock: ClockName;
  resolutionMs: number;
  buckets: number;
} {
  refuseOthers(query, ["from", "to", "clock", "resolution", "buckets"]);
  const resolutionMs = wholeOf(query, "resolution", { fallback: 0, min: 0, max: 31_536_000_000 });
  const buckets = wholeOf(query, "buckets", { fallback: 0, min: 1, max: MAX_BUCKETS });
  return { range: openRange(query), clock: clockOf(query), resolutionMs, buckets };
}

export function fragmentsQuery(query: RawQuery): {
  range: TimeRange;
  clock: ClockName;
  limit: number;
  token?: string;
} {
  refuseOthers(query, ["from", "to", "clock", "limit", "token"]);
  const limit = wholeOf(query, "limit", { fallback: 1000, min: 1, max: 1000 });
  const token = text(query, "token");
  return {
    range: openRange(query),
    clock: clockOf(query),
    limit,
    ...(token === undefined ? {} : { token }),
  };
}

/** What was written down as without media. */
export function gapsQuery(query: RawQuery): { range: TimeRange; limit: number } {
  refuseOthers(query, ["from", "to", "limit"]);
  const limit = wholeOf(query, "limit", { fallback: 1000, min: 1, max: 10_000 });
  return { range: openRange(query), limit };
}

export function auditQuery(query: RawQuery): { stream?: string; beforeId?: number; limit: number } {
  refuseOthers(query, ["stream", "before", "limit"]);
  const limit = wholeOf(query, "limit", { fallback: 100, min: 1, max: 1000 });
  const stream = text(query, "stream");
  const max = 999_999_999_999_999;
  const before = wholeOf(query, "before", { fallback: 0, min: 1, max });
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(before === 0 ? {} : { beforeId: before }),
    limit,
  };
}

export function holdsQuery(query: RawQuery): { ended: boolean } {
  refuseOthers(query, ["ended"]);
  const ended = text(query, "ended") ?? "false";
  if (ended === "true" || ended === "false") return { ended: ended === "true" };
  throw new Fault("request.bad", `ended: true or false, not ${ended}`);
}

export function whoQuery(query: RawQuery): { who: string | undefined } {
  refuseOthers(query, ["who"]);
  return { who: text(query, "who") };
}

function openRange(query: RawQuery): TimeRange {
  const bound = (name: string, fallback: Millis) => {
    const value = text(query, name);
    return value === undefined ? fallback : parseTime(value);
  };
  return timeRange(bound("from", BEGINNING), bound("to", END));
}

/** Throws `request.bad` when a parameter is given twice. */
export function text(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === "string") return value;
  throw new Fault("request.bad", `${name} is given more than once`);
}

export function refuseOthers(query: RawQuery, known: readonly string[]): void {
  // A permission in the address is the guard's business.
  const other = Object.keys(query).find((name) => name !== "token" && !known.includes(name));
  if (other !== undefined)
    throw new Fault("request.bad", `unknown parameter ${other}; known: ${known.join(", ")}`);
}

export function clockOf(query: RawQuery): ClockName {
  const value = text(query, "clock") ?? "producer";
  if (value === "producer" || value === "server") return value;
  throw new Fault("request.bad", `clock: producer or server, not ${value}`);
}

export function wholeOf(
  query: RawQuery,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const value = text(query, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Fault("request.bad", `${name}: a whole number from ${min} to ${max}, not ${value}`);
}
