/** Media playlists of a range that is given: for looking at what was recorded (VOD), or at what goes on since then (EVENT). */
import { Fault } from "../../base/errors.ts";
import type { Rendition } from "../cmaf/renditions.ts";
import { renditionsOf } from "../cmaf/renditions.ts";
import type { Walk } from "../walk.ts";
import type { BreakRule } from "./listed.ts";
import { listRange, type RangeOptions } from "./lists.ts";
import { writeMediaPlaylist } from "./media-playlist.ts";
import { type MediaUris, type SegmentOptions, segmentsOf } from "./segments.ts";
import { trackSetsOf } from "./track-sets.ts";

export interface RangePlaylistOptions extends RangeOptions {
  readonly kind: "vod" | "event";
  readonly rendition: Rendition;
  readonly uris: MediaUris;
  readonly rule: BreakRule;
  readonly dates: SegmentOptions["dates"];
  readonly dateClock?: "producer" | "server";
}

/**
 * From the index alone. An EVENT playlist is in order of arrival, so that it only grows at its end. Throws
 * `request.no-media`, `request.too-large`, `stream.not-found`.
 */
export async function rangePlaylist(walk: Walk, options: RangePlaylistOptions): Promise<string> {
  const { kind } = options;
  const list = await listRange(walk, options);
  if (list.length === 0) throw new Fault("request.no-media", "there is no media in this range");
  if (kind === "event") list.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
  const trackSets = await trackSetsOf(walk.reader, list);
  return writeMediaPlaylist({
    kind,
    mediaSequence: 0,
    discontinuitySequence: 0,
    segments: segmentsOf(list, { ...options, trackSets }),
    independent: list.every(({ info }) => info.seekable),
    ended: kind === "vod",
    comments: [...trackSets.values()].flatMap(leftOut),
    lowLatency: undefined,
  });
}

/** Names of the tracks that no playlist carries. */
export function leftOut(trackSet: Parameters<typeof renditionsOf>[0]): string[] {
  return renditionsOf(trackSet).omitted.map(
    ({ number, codecId }) => `track ${number} (${codecId.slice(0, 60)}) is left out`,
  );
}
