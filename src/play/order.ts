/**
 * Where a fragment lies on each clock, whether a range takes it in, and which of two comes first.
 *
 * Producer clock: from its first presentation time to the end of its last frame. Server clock: from when
 * its first byte arrived, for as long as it plays. Order: by that start, ties by sequence. On the
 * server clock this is the order of the fragment numbers, unless the server's clock was set back.
 */
import type {
  ClockName,
  FragmentInfo,
  PackSummary,
  StoredFragment,
  TimeRange,
} from "../fragment/fragment.ts";

/** Half open, µs since the Unix epoch. */
export interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

export function spanOf(info: FragmentInfo, clock: ClockName): Span {
  const { producedStartUs: startUs, producedEndUs: endUs } = info;
  if (clock === "producer") return { startUs, endUs };
  const receivedUs = info.number.receivedMs * 1000;
  return { startUs: receivedUs, endUs: receivedUs + (endUs - startUs) };
}

/** A fragment belongs to a range when they share at least one instant: end > from and start < to. */
export function inRange(info: FragmentInfo, clock: ClockName, range: TimeRange): boolean {
  const { startUs, endUs } = spanOf(info, clock);
  return endUs > range.fromMs * 1000 && startUs < range.toMs * 1000;
}

/** By which clock fragments follow each other; `sequence` is plain arrival order. */
export type OrderName = ClockName | "sequence";

/** The start that orders fragments; equal ones are ordered by sequence. */
export function keyOf({ number, producedStartUs }: FragmentInfo, order: OrderName): number {
  if (order === "producer") return producedStartUs;
  return order === "server" ? number.receivedMs : number.sequence;
}

/** Not above the key of any fragment in the pack. */
export function packKeyOf(pack: PackSummary, order: OrderName): number {
  if (order === "producer") return pack.producedStartUs;
  return order === "server" ? pack.receivedFirstMs : pack.firstSequence;
}

export function compareBy(order: OrderName): (a: StoredFragment, b: StoredFragment) => number {
  return ({ info: a }, { info: b }) =>
    keyOf(a, order) - keyOf(b, order) || a.number.sequence - b.number.sequence;
}
