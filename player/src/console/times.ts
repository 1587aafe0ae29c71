/** Times of day in the reader's own zone, as the player writes them. Pure. */
import { civilOf, fieldText, momentsOf, readField } from "../civil.ts";
import { dateOf, timeOfDay } from "../time-text.ts";

/** `22:24:00` on the day of `nowMs`, `Sun 22 Nov 2026, 22:24:00` on others. */
export function dayTime(ms: number, nowMs: number): string {
  const [at, now] = [civilOf(ms), civilOf(nowMs)];
  const today = at.year === now.year && at.month === now.month && at.day === now.day;
  return today ? timeOfDay(ms) : `${dateOf(ms)}, ${timeOfDay(ms)}`;
}

/** With the day, always. */
export function wholeTime(ms: number): string {
  return `${dateOf(ms)}, ${timeOfDay(ms)}`;
}

/** `22:24`, for axes. */
export function hourMinute(ms: number): string {
  return timeOfDay(ms).slice(0, 5);
}

/** For `<input type="datetime-local">`, which knows no zone. */
export const localField = (ms: number): string => fieldText(ms);

/** Of such a field; `undefined` when it is empty, no time, or of an hour that the clocks leave out. */
export function fieldMs(value: string): number | undefined {
  const civil = readField(value);
  return civil === undefined ? undefined : momentsOf(civil)[0];
}
