/** The list of a stream's fragments in a range, a page at a time. Costs in proportion to the page. */
import { Fault } from "../base/errors.ts";
import { millis } from "../base/units.ts";
import type { ClockName, FragmentReader, StoredFragment, TimeRange } from "../fragment/fragment.ts";
import { formatFragmentNumber } from "../fragment/fragment-number.ts";
import { inRange, keyOf } from "./order.ts";
import { resolve } from "./resolver.ts";

/** Most fragments a page may have. */
export const MAX_PAGE = 1000;

export interface FragmentPage {
  readonly fragments: readonly FragmentItem[];
  /** Give it back, with the same range and clock, for the next page. Missing on the last one. */
  readonly nextToken?: string;
}

/** One fragment, as JSON. */
export interface FragmentItem {
  /** 47-digit decimal (docs/formats/fragment-number.md). */
  readonly number: string;
  /** First presentation time on the producer's clock, ms since the Unix epoch, cut to whole ms. */
  readonly producerMs: number;
  /** When it began to arrive, ms since the Unix epoch on the server's clock. */
  readonly serverMs: number;
  /** How long it plays, ms, rounded; at least 1. */
  readonly durationMs: number;
  /** Its size in the archive. */
  readonly bytes: number;
  /** False: a decoder cannot start here. */
  readonly seekable: boolean;
  /** Producer connection, and stretch of continuous time in it. */
  readonly session: string;
  readonly run: number;
}

export interface ListOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly range: TimeRange;
  readonly clock: ClockName;
  /** 1 to `MAX_PAGE`. */
  readonly limit: number;
  readonly token?: string;
}

/** Fragments that share an instant with the range, in its order. Throws `request.bad`, `stream.not-found`. */
export async function listFragments(options: ListOptions): Promise<FragmentPage> {
  const { reader, stream, clock, limit, range, token } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    throw new Fault("request.bad", `limit: a whole number from 1 to ${MAX_PAGE}, not ${limit}`);
  const after = token === undefined ? undefined : parseToken(token, clock);
  const fragments: FragmentItem[] = [];
  let last: StoredFragment | undefined;
  const selector = { by: "time", clock, range: restOf(range, clock, after) } as const;
  for await (const fragment of resolve({ reader, stream }, selector)) {
    if (!inRange(fragment.info, clock, range) || !isAfter(fragment, clock, after)) continue;
    if (last !== undefined && fragments.length === limit)
      return { fragments, nextToken: tokenOf(last, clock) };
    fragments.push(itemOf(fragment));
    last = fragment;
  }
  return { fragments };
}

function itemOf({ info, size }: StoredFragment): FragmentItem {
  const { number, producedStartUs, producedEndUs, seekable, session, run } = info;
  return {
    number: formatFragmentNumber(number),
    producerMs: Math.floor(producedStartUs / 1000),
    serverMs: number.receivedMs,
    durationMs: Math.max(1, Math.round((producedEndUs - producedStartUs) / 1000)),
    bytes: size,
    seekable,
    session,
    run,
  };
}

/** The place of the last fragment that was given: its key on the clock, and its sequence. */
interface Place {
  readonly key: number;
  readonly sequence: number;
}

function tokenOf({ info }: StoredFragment, clock: ClockName): string {
  return `${clock}-${keyOf(info, clock)}-${info.number.sequence}`;
}

function parseToken(token: string, clock: ClockName): Place {
  const [, name, key, sequence] = /^(producer|server)-(\d{1,16})-(\d{1,16})$/.exec(token) ?? [];
  const place = { key: Number(key), sequence: Number(sequence) };
  if (name === clock && Number.isSafeInteger(place.key) && Number.isSafeInteger(place.sequence))
    return place;
  throw new Fault("request.bad", `token: not one of ours for this clock: ${token.slice(0, 60)}`);
}

function isAfter({ info }: StoredFragment, clock: ClockName, place: Place | undefined): boolean {
  if (place === undefined) return true;
  const key = keyOf(info, clock);
  return key > place.key || (key === place.key && info.number.sequence > place.sequence);
}

/** What is left of the range: fragments after the place begin at it or later, so the index need not look before. */
function restOf(range: TimeRange, clock: ClockName, place: Place | undefined): TimeRange {
  if (place === undefined) return range;
  const placeMs = clock === "producer" ? Math.floor(place.key / 1000) : place.key;
  const fromMs = millis(Math.max(range.fromMs, placeMs));
  return fromMs < range.toMs ? { fromMs, toMs: range.toMs } : range;
}
