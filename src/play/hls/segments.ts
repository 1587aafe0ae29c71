/** Listed fragments as the segments of one rendition's playlist. Pure. */
import type { FragmentNumber } from "../../fragment/fragment-number.ts";
import type { TrackSet } from "../../media/track.ts";
import { type Rendition, tracksOf } from "../cmaf/renditions.ts";
import { type BreakRule, breaksBetween, type Listed, playedUs } from "./listed.ts";
import type { PlaylistSegment } from "./media-playlist.ts";

/** What the URIs of a playlist are. Relative to the playlist. */
export interface MediaUris {
  init(trackSetId: string, rendition: Rendition): string;
  segment(number: FragmentNumber, rendition: Rendition): string;
  /** Known before the fragment begins. */
  part(sequence: number, index: number, rendition: Rendition): string;
  /** Stands where a number has no media; not to be loaded. */
  gap(): string;
}

export interface SegmentOptions {
  readonly rendition: Rendition;
  readonly trackSets: ReadonlyMap<string, TrackSet>;
  readonly uris: MediaUris;
  readonly rule: BreakRule;
  /** Which time stands in EXT-X-PROGRAM-DATE-TIME. `breaks`: only where media breaks, and first. */
  readonly dates: "none" | "breaks" | "all";
  /** Default: the producer's. */
  readonly dateClock?: "producer" | "server";
  /** The fragment in front of the first one, when there is one: how long that plays depends on it. */
  readonly context?: Listed | undefined;
}

/** How long a number without media is said to be: it has no place on the timeline. */
const GAP_US = 1000;

export function segmentsOf(list: readonly Listed[], options: SegmentOptions): PlaylistSegment[] {
  const segments: PlaylistSegment[] = [];
  for (const [i, one] of list.entries()) {
    const first = i === 0;
    const before = first ? options.context : list[i - 1];
    const breaks = !first && before !== undefined && breaksBetween(before, one, options.rule);
    segments.push(segmentOf(one, { ...options, breaks, first, before }));
  }
  return segments;
}

/** As `segmentsOf`, with a gap for every sequence that is missing, so that a segment's place is its sequence. */
export function numberedSegments(
  list: readonly Listed[],
  options: SegmentOptions,
): PlaylistSegment[] {
  const segments: PlaylistSegment[] = [];
  for (const [i, segment] of segmentsOf(list, options).entries()) {
    const [before, after] = [list[i - 1]?.info.number.sequence, list[i]?.info.number.sequence];
    const missing = before === undefined || after === undefined ? 0 : after - before - 1;
    const map = segments.at(-1)?.map ?? segment.map;
    for (let n = 0; n < missing; n++) segments.push(gapWith(map, options.uris));
    segments.push(segment);
  }
  return segments;
}

/** The newest of the list that follow each other with no more than so many sequences missing between two. */
export function unbroken<T extends Listed>(list: readonly T[], most: number): readonly T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const [before, after] = [list[i - 1]?.info.number.sequence, list[i]?.info.number.sequence];
    if ((after ?? 0) - (before ?? 0) - 1 > most) return list.slice(i);
  }
  return list;
}

interface Place extends SegmentOptions {
  readonly breaks: boolean;
  readonly first: boolean;
  readonly before: Listed | undefined;
}

function segmentOf({ info, trackSetId }: Listed, place: Place): PlaylistSegment {
  const { rendition, uris, breaks, first, dates, dateClock = "producer" } = place;
  const producedMs = Math.floor(info.producedStartUs / 1000);
  const told = dates === "all" || (dates === "breaks" && (breaks || first));
  return {
    uri: uris.segment(info.number, rendition),
    durationUs: playedUs(place.before, { info, trackSetId }),
    map: uris.init(trackSetId, rendition),
    discontinuity: breaks,
    gap: !hasMedia({ info, trackSetId }, place),
    dateMs: told ? (dateClock === "server" ? info.number.receivedMs : producedMs) : undefined,
    parts: [],
  };
}

function hasMedia({ info, trackSetId }: Listed, { trackSets, rendition }: Place): boolean {
  const trackSet = trackSets.get(trackSetId);
  if (trackSet === undefined) return false;
  const numbers = new Set(tracksOf(trackSet, rendition).map(({ track }) => track.number));
  return info.totals.some(({ track, frames }) => frames > 0 && numbers.has(track));
}

function gapWith(map: string, uris: MediaUris): PlaylistSegment {
  return {
    ...{ uri: uris.gap(), durationUs: GAP_US, map, discontinuity: false, gap: true },
    ...{ dateMs: undefined, parts: [] },
  };
}
