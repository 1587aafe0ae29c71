/**
 * Which fragments a playlist lists, from the index alone. Lists of one range are in order of the clock asked for;
 * live ones in order of arrival, so that what was listed once is never followed by something that belongs before it.
 */
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { ClockName, PackSummary, StoredFragment, TimeRange } from "../../fragment/fragment.ts";
import { resolve } from "../resolver.ts";
import { MAX_TIME_MS } from "../time.ts";
import { listOf, steps, type Walk } from "../walk.ts";
import { withoutTwins } from "./listed.ts";

/** Longest range of one playlist, ms. */
export const MAX_RANGE_MS = 86_400_000;
/** Most fragments of one playlist: a day of fragments of a second, and room. */
export const MAX_LISTED = 100_000;

/** How far back the newest fragments are looked for, ms, one after the other. */
const REACHES = [90_000, 600_000, 3_600_000, MAX_RANGE_MS];

export interface RangeOptions {
  readonly range: TimeRange;
  readonly clock: ClockName;
  /** Stop after this many. */
  readonly limit?: number;
}

/** What lies in a range. Throws `request.too-large` over 24 hours or 100,000 fragments, `stream.not-found`. */
export async function listRange(walk: Walk, options: RangeOptions): Promise<StoredFragment[]> {
  const { range, clock, limit = Number.POSITIVE_INFINITY } = options;
  if (range.toMs - range.fromMs > MAX_RANGE_MS)
    throw new Fault("request.too-large", "a playlist of more than 24 hours: ask for several");
  const list: StoredFragment[] = [];
  for await (const fragment of resolve(walk, { by: "time", clock, range, snap: true })) {
    if (list.push(fragment) > limit) break;
    if (list.length > MAX_LISTED)
      throw new Fault("request.too-large", `more than ${MAX_LISTED} fragments: ask for less`);
  }
  return withoutTwins(list).slice(0, limit);
}

/** The newest fragments by arrival: as many as asked for, and as many as play so long. Oldest first. */
export async function listNewest(
  walk: Walk,
  { count, spanUs }: { count: number; spanUs: number },
): Promise<StoredFragment[]> {
  const extent = await walk.reader.extent(walk.stream);
  if (extent === undefined) return [];
  let list: StoredFragment[] = [];
  for (const reachMs of REACHES) {
    const fromMs = millis(Math.max(0, extent.receivedLastMs - reachMs));
    const range = { fromMs, toMs: MAX_TIME_MS };
    list = [];
    for await (const step of steps(walk, { by: "time", clock: "server", range }))
      if (step.kind === "fragments") list.push(...step.fragments);
    list.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
    if (enough(list, count, spanUs) || fromMs <= extent.receivedFirstMs) break;
  }
  return list.slice(-Math.max(count, firstWithin(list, spanUs)));
}

/** Fragments by arrival behind this sequence, up to another one; at most `limit`. */
export async function listAfter(
  walk: Walk,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<StoredFragment[]> {
  const list: StoredFragment[] = [];
  for await (const step of steps(walk, { by: "sequence", after })) {
    if (step.kind !== "fragments") continue;
    for (const fragment of step.fragments) {
      if (fragment.info.number.sequence > upTo || list.length >= limit) return list;
      list.push(fragment);
    }
  }
  return list;
}

/** What of a fragment's number says which it is. */
export interface FragmentPlace {
  readonly sequence: number;
  readonly receivedMs: number;
}

export function isAt({ info }: StoredFragment, at: FragmentPlace): boolean {
  return info.number.sequence === at.sequence && info.number.receivedMs === at.receivedMs;
}

/** The fragment of this number. Throws `request.no-media`. */
export async function fragmentAt(walk: Walk, at: FragmentPlace): Promise<StoredFragment> {
  const fromMs = millis(at.receivedMs);
  const range = { fromMs, toMs: millis(at.receivedMs + 1) };
  const selection = { by: "time", clock: "server", range } as const;
  const found = await find(walk, selection, (one) => isAt(one, at));
  if (found !== undefined) return found;
  throw new Fault("request.no-media", "there is no such fragment, or not any more");
}

/** The fragment that begins at this µs on the producer's clock; of several the newest. Throws `request.no-media`. */
export async function fragmentFrom(walk: Walk, startUs: number): Promise<StoredFragment> {
  const fromMs = millis(Math.floor(startUs / 1000));
  const range = { fromMs, toMs: millis(fromMs + 1) };
  const begins = ({ info }: StoredFragment) => info.producedStartUs === startUs;
  const found = await find(walk, { by: "time", clock: "producer", range }, begins);
  if (found !== undefined) return found;
  throw new Fault("request.no-media", "no fragment begins there, or not any more");
}

type TimeSelection = { by: "time"; clock: ClockName; range: TimeRange };

async function find(
  walk: Walk,
  selection: TimeSelection,
  wanted: (fragment: StoredFragment) => boolean,
): Promise<StoredFragment | undefined> {
  let found: StoredFragment | undefined;
  for await (const page of walk.reader.packs(walk.stream, selection, walk.signal))
    for (const pack of page) found = newer(found, await inPack(walk, pack, wanted));
  return found;
}

async function inPack(
  walk: Walk,
  pack: PackSummary,
  wanted: (fragment: StoredFragment) => boolean,
): Promise<StoredFragment | undefined> {
  return (await listOf(walk, pack)).findLast(wanted);
}

function newer(
  a: StoredFragment | undefined,
  b: StoredFragment | undefined,
): StoredFragment | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.info.number.sequence > b.info.number.sequence ? a : b;
}

function enough(list: readonly StoredFragment[], count: number, spanUs: number): boolean {
  return list.length > count && firstWithin(list, spanUs) < list.length;
}

/** How many of the newest play for so long together. */
function firstWithin(list: readonly StoredFragment[], spanUs: number): number {
  let sum = 0;
  let count = 0;
  for (let i = list.length - 1; i >= 0 && sum < spanUs; i--) {
    const { producedStartUs = 0, producedEndUs = 0 } = list[i]?.info ?? {};
    sum += producedEndUs - producedStartUs;
    count++;
  }
  return count;
}
