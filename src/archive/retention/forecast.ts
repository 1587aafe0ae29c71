/**
 * How fast the archive grows, from what was seen since the start: sums of stored bytes once an hour, over at most a week.
 * Without a day of them it says nothing.
 */

export interface Sample {
  /** Monotonic, ms. */
  readonly atMs: number;
  /** Of all streams, bytes. */
  readonly storedBytes: number;
  /** Removed by this process since its start, bytes. */
  readonly removedBytes: number;
}

export interface Forecast {
  /** What the figures are seen over, hours. */
  readonly overHours: number;
  /** Recorded, and left after removals; bytes per day. */
  readonly recordedPerDay: number;
  readonly growthPerDay: number;
  /** Until the space floor (or a full disk) at this growth; missing where there is no limit or no growth. */
  readonly daysLeft?: number;
}

export const SAMPLE_EVERY_MS = 3_600_000;
const DAY_MS = 24 * SAMPLE_EVERY_MS;
const MOST_SAMPLES = 7 * 24 + 1;

export class Forecaster {
  #samples: readonly Sample[] = [];

  isDue(nowMs: number): boolean {
    const last = this.#samples.at(-1);
    return last === undefined || nowMs - last.atMs >= SAMPLE_EVERY_MS;
  }

  add(sample: Sample): void {
    this.#samples = [...this.#samples, sample].slice(-MOST_SAMPLES);
  }

  /** `roomBytes`: free bytes above the floor, when that is known. Undefined before a day has passed. */
  forecast(roomBytes: number | undefined): Forecast | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const days = (last.atMs - first.atMs) / DAY_MS;
    if (days < 1) return undefined;
    const grown = last.storedBytes - first.storedBytes;
    const removed = last.removedBytes - first.removedBytes;
    const growthPerDay = Math.round(grown / days);
    const left = roomBytes !== undefined && growthPerDay > 0;
    return {
      overHours: Math.round(days * 24),
      recordedPerDay: Math.round((grown + removed) / days),
      growthPerDay,
      ...(left ? { daysLeft: Math.max(0, roomBytes / growthPerDay) } : {}),
    };
  }
}
