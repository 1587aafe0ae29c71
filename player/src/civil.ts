/**
 * Days, months and typed times of a zone, without `Date`: the proleptic Gregorian calendar and the runtime's zone rules.
 * Pure. Months are 1 to 12; the week begins on Monday.
 */
import { zoneOffsetMs } from "./time-text.ts";

const DAY_MS = 86_400_000;

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + dayOfEra + dayOfYear - 719_468;
}

/** What clocks and calendars of the zone show. `zone`: IANA name, `undefined` for the viewer's own. */
export function civilOf(ms: number, zone?: string): Civil {
  const local = ms + zoneOffsetMs(ms, zone);
  const days = Math.floor(local / DAY_MS);
  const seconds = Math.floor((local - days * DAY_MS) / 1000);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  };
}

/** All moments at which the zone's clocks show this: one; two in the hour that comes twice; none in the one left out. */
export function momentsOf(civil: Civil, zone?: string): number[] {
  const { year, month, day, hour, minute, second } = civil;
  const asUtc =
    daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
  const offsets = new Set([-DAY_MS, 0, DAY_MS].map((by) => zoneOffsetMs(asUtc + by, zone)));
  return [...offsets]
    .map((offset) => asUtc - offset)
    .filter((ms) => asUtc - ms === zoneOffsetMs(ms, zone))
    .sort((a, b) => a - b);
}

/** The first moment of a day; where midnight is left out, the first after it. */
export function dayStart(year: number, month: number, day: number, zone?: string): number {
  for (let hour = 0; hour < 4; hour++) {
    const [first] = momentsOf({ year, month, day, hour, minute: 0, second: 0 }, zone);
    if (first !== undefined) return first;
  }
  return daysFromCivil(year, month, day) * DAY_MS;
}

export function daysInMonth(year: number, month: number): number {
  const [nextYear, next] = month === 12 ? [year + 1, 1] : [year, month + 1];
  return daysFromCivil(nextYear, next, 1) - daysFromCivil(year, month, 1);
}

/** Empty places before the first of the month in a week that begins on Monday. 1970-01-01 was a Thursday. */
export function leadingBlanks(year: number, month: number): number {
  return (((daysFromCivil(year, month, 1) + 3) % 7) + 7) % 7;
}

/** `2026-11-22T22:24:00`, as `<input type="datetime-local">` has it. */
export function fieldText(ms: number, zone?: string): string {
  const { year, month, day, hour, minute, second } = civilOf(ms, zone);
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}`;
}

/** Reads such a text; `undefined` when it is none. */
export function readField(text: string): Civil | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const real = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return real && hour < 24 && minute < 60 && second < 60
    ? { year, month, day, hour, minute, second }
    : undefined;
}
