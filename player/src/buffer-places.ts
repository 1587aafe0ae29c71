/** Where to play in what is buffered. Pure; times are media seconds. */

export interface Buffered {
  readonly start: number;
  readonly end: number;
}

/** Just behind the newest picture; `undefined` while nothing is buffered. */
export function liveStart(ranges: readonly Buffered[], marginS: number): number | undefined {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return Math.max(first.start, last.end - marginS);
}

/** At the time wanted, or at the next that is there; `undefined` while it has not come yet. */
export function playbackStart(ranges: readonly Buffered[], wanted: number): number | undefined {
  const range = ranges.find(({ end }) => wanted < end);
  if (range !== undefined) return Math.max(range.start, wanted);
  const last = ranges.at(-1);
  return last === undefined || wanted > last.end ? undefined : wanted;
}

/** With nothing at the playhead: where the next range begins, if there is one. */
export function afterHole(ranges: readonly Buffered[], at: number): number | undefined {
  if (ranges.some(({ start, end }) => start <= at + 0.01 && at < end - 0.05)) return undefined;
  return ranges.find(({ start }) => start > at)?.start;
}

/** Playback: stop reading with so much buffered, read again with less than so much. Seconds. */
const ENOUGH_S = 20;
const LOW_S = 8;

/** Whether to stop reading or to read on; faster playback empties the buffer sooner. */
export function reading(aheadS: number, speed: number): "stop" | "more" | undefined {
  const ahead = aheadS / Math.max(1, speed);
  if (ahead > ENOUGH_S) return "stop";
  return ahead < LOW_S ? "more" : undefined;
}

/** Whether this time can be shown at once: the very end may lack its picture. */
export function holds(ranges: readonly Buffered[], at: number): boolean {
  return ranges.some(({ start, end }) => start <= at && at < end - 0.2);
}
