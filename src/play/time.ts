/**
 * Times in requests: text to whole milliseconds since the Unix epoch, and ranges of them. The one place
 * that decides what a valid time is; HTTP routes, sockets and the command line all come here.
 */
import { isoMillis, isoTime } from "../base/clock.ts";
import { Fault } from "../base/errors.ts";
import { type Millis, millis } from "../base/units.ts";
import type { TimeRange } from "../fragment/fragment.ts";

/** The last time there is, ms since the Unix epoch (year 2255): its µs are still a safe integer. */
export const MAX_TIME_MS = millis(Math.floor(Number.MAX_SAFE_INTEGER / 1000));

/** Date, time to the minute or finer, zone. A `+` that a URL turned into a space is a `+`. */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+ -]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Epoch milliseconds (digits only), or ISO 8601: `2026-11-22T22:24:00.250+01:00`. Seconds, fraction and
 * zone may be missing, and so may the whole time of day (midnight). Without a zone it is UTC, whatever
 * the machine's own zone is. Finer than a millisecond is cut off. Throws `request.bad-time`.
 */
export function parseTime(text: string): Millis {
  const ms = /^\d{1,16}$/.test(text) ? Number(text) : isoTimeOf(text);
  if (ms >= 0 && ms <= MAX_TIME_MS) return millis(ms);
  const shown = text.slice(0, 60);
  throw new Fault(
    "request.bad-time",
    `not a time: ${shown} (ISO 8601 or epoch milliseconds, years 1970 to 2255)`,
  );
}

/** Half open: `fromMs` ≤ t < `toMs`. An end past the last time there is means that time. Throws `request.bad-time`. */
export function timeRange(fromMs: Millis, toMs: Millis): TimeRange {
  if (fromMs < toMs && fromMs < MAX_TIME_MS)
    return { fromMs, toMs: millis(Math.min(toMs, MAX_TIME_MS)) };
  throw new Fault("request.bad-time", `a range must begin before it ends: ${fromMs} to ${toMs}`);
}

/** NaN when it is none, or names a day or an hour that does not exist. */
function isoTimeOf(text: string): number {
  const [, date, minutes = "00:00", seconds = "00", fraction = "", zone = "Z"] =
    ISO.exec(text) ?? [];
  if (date === undefined) return Number.NaN;
  const local = `${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const localMs = isoMillis(local);
  // A day such as 30 February is taken for the next month's: it does not come back as it went in.
  if (Number.isNaN(localMs) || isoTime(localMs) !== local) return Number.NaN;
  return localMs - zoneMs(zone);
}

/** `Z`, `+01`, `-0330`, `+05:45` in ms east of UTC; NaN past 23:59. */
function zoneMs(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (zone.startsWith("-") ? -60_000 : 60_000) * (hours * 60 + minutes);
}
