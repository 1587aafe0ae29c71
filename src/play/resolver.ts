/**
 * One resolver for every way to say which fragments are meant. Order: on a clock by start, ties by
 * sequence (order.ts); otherwise by sequence, which is arrival. What is durable when its pack is reached
 * is found; the live edge is the tail's business.
 */
import { millis } from "../base/units.ts";
import type { ClockName, StoredFragment, TimeRange } from "../fragment/fragment.ts";
import { MAX_TIME_MS } from "./time.ts";
import { steps, type Walk, type WalkSelection } from "./walk.ts";

export type Selector =
  /** Everything that shares an instant with the half-open range. `snap`: begin where a decoder can. */
  | {
      readonly by: "time";
      readonly clock: ClockName;
      readonly range: TimeRange;
      readonly snap?: boolean;
    }
  /** A fragment number and what came later: its sequence. */
  | { readonly by: "number"; readonly sequence: number }
  /** What came after a fragment number, or after a continuation token (which is one). */
  | { readonly by: "after"; readonly sequence: number }
  | { readonly by: "earliest" }
  /** The newest fragment there is, and nothing else. */
  | { readonly by: "now" };

/**
 * How far back a clip may reach for a key frame, ms. A run without one for longer starts where it was asked to:
 * its pictures cannot be decoded, but its sound can.
 */
export const SNAP_MS = 600_000;

/** The fragments of a selector in order. Throws `stream.not-found`. */
export async function* resolve(walk: Walk, selector: Selector): AsyncGenerator<StoredFragment> {
  if (selector.by === "now") {
    const newest = await newestOf(walk);
    if (newest !== undefined) yield newest;
    return;
  }
  let first = selector.by === "time" && selector.snap === true;
  for await (const step of steps(walk, selectionOf(selector))) {
    if (step.kind !== "fragments") continue;
    for (const fragment of step.fragments) {
      if (first) yield* await beforeSeekable(walk, fragment);
      first = false;
      yield fragment;
    }
  }
}

function selectionOf(selector: Exclude<Selector, { by: "now" }>): WalkSelection {
  switch (selector.by) {
    case "time":
      return { by: "time", clock: selector.clock, range: selector.range };
    case "number":
      return { by: "sequence", after: selector.sequence - 1 };
    case "after":
      return { by: "sequence", after: selector.sequence };
    case "earliest":
      return { by: "sequence", after: 0 };
  }
}

/**
 * What has to come before a fragment so that a decoder can start: from the previous seekable fragment of
 * its run up to it, in order. Empty when it is seekable itself, or when there is none within `SNAP_MS`.
 */
export async function beforeSeekable(walk: Walk, first: StoredFragment): Promise<StoredFragment[]> {
  const { seekable, session, run, number, producedStartUs } = first.info;
  if (seekable) return [];
  const endMs = Math.floor(producedStartUs / 1000) + 1;
  // Most key frames are near: look at little first.
  for (const reachMs of [30_000, 120_000, SNAP_MS]) {
    const range = { fromMs: millis(Math.max(0, endMs - reachMs)), toMs: millis(endMs) };
    const earlier: StoredFragment[] = [];
    for await (const step of steps(walk, { by: "time", clock: "producer", range })) {
      if (step.kind === "fragments")
        earlier.push(
          ...step.fragments.filter(
            ({ info }) =>
              info.session === session &&
              info.run === run &&
              info.number.sequence < number.sequence,
          ),
        );
    }
    earlier.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
    const key = earlier.findLastIndex(({ info }) => info.seekable);
    if (key >= 0) return earlier.slice(key);
  }
  return [];
}

async function newestOf(walk: Walk): Promise<StoredFragment | undefined> {
  const extent = await walk.reader.extent(walk.stream);
  if (extent === undefined) return undefined;
  const range = { fromMs: extent.receivedLastMs, toMs: MAX_TIME_MS };
  let newest: StoredFragment | undefined;
  for await (const step of steps(walk, { by: "time", clock: "server", range })) {
    if (step.kind !== "fragments") continue;
    for (const fragment of step.fragments)
      if (fragment.info.number.sequence > (newest?.info.number.sequence ?? 0)) newest = fragment;
  }
  return newest;
}
