/**
 * Which fragments a KVS session shows now (API_reader_GetHLSStreamingSessionURL.html, PlaybackMode). Follows from the
 * session's own record, the index and the clock alone: nothing is kept between two requests, any node answers.
 */
import { type Millis, millis } from "../../base/units.ts";
import type { ClockName, StoredFragment } from "../../fragment/fragment.ts";
import type { Walk } from "../walk.ts";
import type { BreakCounts } from "./breaks-before.ts";
import { type BreakRule, breaksBetween, playedUs } from "./listed.ts";
import { listNewest, listRange, MAX_RANGE_MS } from "./lists.ts";

export interface SessionSelection {
  readonly mode: "LIVE" | "LIVE_REPLAY" | "ON_DEMAND";
  readonly clock: ClockName;
  /** Epoch ms, as KVS wants them: none in LIVE, perhaps no end in LIVE_REPLAY. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Server time at which the session was opened. */
  readonly openedMs: number;
  /** LIVE: sequence of the first fragment that it showed. */
  readonly since: number;
  /** Most fragments at a time. */
  readonly max: number;
  readonly rule: BreakRule;
}

export interface SessionList {
  /** Never more than `max`; empty when there is nothing. */
  readonly list: readonly StoredFragment[];
  /** In front of the first one. */
  readonly before: StoredFragment | undefined;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  /** Nothing more will come. */
  readonly ended: boolean;
}

export interface SessionOptions {
  readonly selection: SessionSelection;
  readonly counts: BreakCounts;
  readonly nowMs: number;
}

/** Throws `stream.not-found`, `request.too-large`. */
export function sessionList(walk: Walk, options: SessionOptions): Promise<SessionList> {
  switch (options.selection.mode) {
    case "LIVE":
      return live(walk, options);
    case "LIVE_REPLAY":
      return replay(walk, options);
    case "ON_DEMAND":
      return onDemand(walk, options);
  }
}

/** The newest by arrival, on either clock; numbered by their sequences, so that all nodes agree. */
async function live(walk: Walk, { selection, counts }: SessionOptions): Promise<SessionList> {
  const { max, since, rule } = selection;
  const newest = await listNewest(walk, { count: max + 1, spanUs: 0 });
  const own = newest.filter(({ info }) => info.number.sequence >= since);
  const list = own.slice(-max);
  const first = list[0]?.info.number.sequence ?? 0;
  const before = newest[newest.length - list.length - 1];
  const discontinuitySequence = await counts.count(walk, { since, until: first, rule });
  return { list, before, mediaSequence: first, discontinuitySequence, ended: false };
}

async function onDemand(walk: Walk, { selection }: SessionOptions): Promise<SessionList> {
  const { clock, max } = selection;
  const list = await listRange(walk, { range: rangeOf(selection), clock, limit: max });
  return { list, before: undefined, mediaSequence: 0, discontinuitySequence: 0, ended: true };
}

/**
 * By arrival, as live lists are: what is stored late comes last. The first `max` are there at once, and one more for each
 * that has played since.
 */
async function replay(walk: Walk, { selection, nowMs }: SessionOptions): Promise<SessionList> {
  const { clock, max, rule, openedMs, toMs = Number.POSITIVE_INFINITY } = selection;
  const all = await listRange(walk, { range: rangeOf(selection), clock });
  all.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
  const played = countPlayed(all, (nowMs - openedMs) * 1000);
  const end = Math.min(all.length, played + max);
  const start = Math.max(0, end - max);
  let breaks = 0;
  for (let i = 1; i <= start; i++) {
    const [a, b] = [all[i - 1], all[i]];
    if (a !== undefined && b !== undefined && breaksBetween(a, b, rule)) breaks++;
  }
  return {
    list: all.slice(start, end),
    before: all[start - 1],
    mediaSequence: start,
    discontinuitySequence: breaks,
    ended: end === all.length && toMs < nowMs,
  };
}

/** How many have played to their end in this time. */
function countPlayed(list: readonly StoredFragment[], us: number): number {
  let left = us;
  for (const [i, one] of list.entries()) {
    left -= playedUs(list[i - 1], one);
    if (left < 0) return i;
  }
  return list.length;
}

/** Fragments that begin in it; KVS's ends are inclusive. */
function rangeOf({ fromMs = 0, toMs }: SessionSelection): { fromMs: Millis; toMs: Millis } {
  const end = Math.min(
    toMs === undefined ? fromMs + MAX_RANGE_MS : toMs + 1,
    fromMs + MAX_RANGE_MS,
  );
  return { fromMs: millis(fromMs), toMs: millis(end) };
}
