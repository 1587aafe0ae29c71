/** Fragments as playlists know them, and where a player has to be told that the timeline breaks. Pure. */
import type { FragmentInfo, StoredFragment } from "../../fragment/fragment.ts";

/** Of the archive, or of the live hub when it is not there yet. */
export type Listed = Pick<StoredFragment, "info" | "trackSetId">;

/**
 * `always`: between any two fragments; `never`; or where media does not go on: another session, run or track set, and
 * a gap of more than this many µs.
 */
export type BreakRule = "always" | "never" | { readonly overUs: number };

/** KVS's ON_DISCONTINUITY. */
export const KVS_BREAKS: BreakRule = { overUs: 50_000 };
/** Cameras whose pictures come unevenly: the end of a fragment is an estimate. */
export const NATIVE_BREAKS: BreakRule = { overUs: 250_000 };

/** Whether media breaks between two fragments that follow each other. */
export function breaksBetween(before: Listed, after: Listed, rule: BreakRule): boolean {
  if (typeof rule === "string") return rule === "always";
  const [a, b] = [before.info, after.info];
  if (a.session !== b.session || a.run !== b.run) return true;
  if (before.trackSetId !== after.trackSetId) return true;
  // Within a run an overlap is none: sound that stands before the picture it belongs to.
  return b.producedStartUs - a.producedEndUs > rule.overUs;
}

/**
 * How long a fragment plays after the one before it, µs: from picture's end to picture's end where media goes on, so that
 * sound that begins earlier is not counted twice, and the sum over a list is what all of it plays.
 */
export function playedUs(before: Listed | undefined, one: Listed): number {
  const own = durationOf(one.info);
  if (before === undefined || breaksBetween(before, one, KVS_BREAKS)) return own;
  const us = one.info.producedEndUs - before.info.producedEndUs;
  return us > 0 ? us : own;
}

export function durationOf({ producedStartUs, producedEndUs }: FragmentInfo): number {
  return producedEndUs - producedStartUs;
}

/** Of fragments that begin at the same time the one with the highest number stays. In order of their start. */
export function withoutTwins<T extends Listed>(list: readonly T[]): T[] {
  const kept: T[] = [];
  for (const one of list) {
    const last = kept.at(-1);
    if (last === undefined || last.info.producedStartUs !== one.info.producedStartUs)
      kept.push(one);
    else if (one.info.number.sequence > last.info.number.sequence) kept[kept.length - 1] = one;
  }
  return kept;
}
