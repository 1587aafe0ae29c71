/** At which times a fragment has its automatic images: the multiples of the interval since 1970 that it is shown at. Pure. */
import type { ClockName, FragmentInfo } from "../../fragment/fragment.ts";
import { spanOf } from "../order.ts";

export interface SampleOptions {
  readonly clock: ClockName;
  readonly intervalMs: number;
  /** Times up to this one are done: the fragment before, of the same timeline, may seem to end later than this one begins. */
  readonly afterMs: number;
}

/** Epoch ms on the clock, rising. */
export function samplesOf(
  info: FragmentInfo,
  { clock, intervalMs, afterMs }: SampleOptions,
): number[] {
  const { startUs, endUs } = spanOf(info, clock);
  const times: number[] = [];
  const first = Math.ceil(startUs / 1000 / intervalMs) * intervalMs;
  for (let timeMs = first; timeMs * 1000 < endUs; timeMs += intervalMs)
    if (timeMs > afterMs) times.push(timeMs);
  return times;
}

/** A time of the clock within a fragment, on the producer's clock, µs. */
export function producedUs(info: FragmentInfo, clock: ClockName, timeMs: number): number {
  const shiftUs = clock === "server" ? info.producedStartUs - info.number.receivedMs * 1000 : 0;
  return timeMs * 1000 + shiftUs;
}

/** Fragments of one timeline follow each other. */
export function timelineOf({ session, run }: FragmentInfo): string {
  return `${session} ${run}`;
}
