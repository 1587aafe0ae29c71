/**
 * Fragments as the periods of a manifest. A period has one track set and a time that only rises; a gap within it stays a gap
 * of the timeline. Pure.
 */
import { isoTime } from "../../base/clock.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import type { TrackSet } from "../../media/track.ts";
import { codecsOf, type Rendition, renditionsOf } from "../cmaf/renditions.ts";
import type { Listed } from "../hls/listed.ts";
import { measuredFragment, variantOf } from "../hls/variant.ts";
import type { MpdPeriod, MpdSegment, MpdTrack } from "./mpd.ts";

export interface DashUris {
  init(trackSetId: string, rendition: Rendition): string;
  /** With `$Time$` in it. */
  media(rendition: Rendition): string;
}

export interface PeriodOptions {
  readonly trackSets: ReadonlyMap<string, TrackSet>;
  readonly uris: DashUris;
  /** KVS's marks on every segment. */
  readonly timestamps?: "producer" | "server" | undefined;
  readonly numbers?: boolean;
}

/** A segment that ends so close to the next is as long as up to there, µs. */
const CLOSE_US = 250_000;

/** Lists of one track set each, in which every fragment begins and ends after the one before. */
export function stretchesOf<T extends Listed>(list: readonly T[]): T[][] {
  const stretches: T[][] = [];
  for (const one of list) {
    const open = stretches.at(-1);
    const last = open?.at(-1);
    const follows =
      last !== undefined &&
      last.trackSetId === one.trackSetId &&
      one.info.producedStartUs > last.info.producedStartUs &&
      one.info.producedEndUs > last.info.producedEndUs;
    if (open === undefined || !follows) stretches.push([one]);
    else open.push(one);
  }
  return stretches;
}

/** One after the other from 0, whatever lies between them. */
export function staticPeriods(list: readonly Listed[], options: PeriodOptions): MpdPeriod[] {
  const periods: MpdPeriod[] = [];
  let startUs = 0;
  for (const [i, stretch] of stretchesOf(list).entries()) {
    const tracks = tracksOfStretch(stretch, options);
    if (tracks.length === 0) continue;
    const offsetUs = stretch[0]?.info.producedStartUs ?? 0;
    const durationUs = (stretch.at(-1)?.info.producedEndUs ?? offsetUs) - offsetUs;
    periods.push({ id: `${i + 1}`, startUs, durationUs, offsetUs, tracks });
    startUs += durationUs;
  }
  return periods;
}

/** What goes on: the newest stretch, in media time counted from 1970, so that every node and every answer has the same. */
export function livePeriods(list: readonly Listed[], options: PeriodOptions): MpdPeriod[] {
  const stretch = stretchesOf(list).at(-1) ?? [];
  const tracks = tracksOfStretch(stretch, options);
  const id = stretch[0]?.trackSetId ?? "";
  return tracks.length === 0
    ? []
    : [{ id, startUs: 0, durationUs: undefined, offsetUs: 0, tracks }];
}

function tracksOfStretch(stretch: readonly Listed[], options: PeriodOptions): MpdTrack[] {
  const trackSetId = stretch[0]?.trackSetId ?? "";
  const trackSet = options.trackSets.get(trackSetId);
  if (trackSet === undefined) return [];
  const { video, audio } = renditionsOf(trackSet);
  const sets = new Map([[trackSetId, trackSet]]);
  const both = [
    ["v", video],
    ["a", audio],
  ] as const;
  return both.flatMap(([rendition, media]) => {
    if (media === undefined) return [];
    const { number } = media.track;
    const own = stretch.filter(({ info }) =>
      info.totals.some((t) => t.track === number && t.frames > 0),
    );
    if (own.length === 0) return [];
    const measured = own.map(measuredFragment).map((one) => ({
      ...one,
      totals: one.totals.filter(({ track }) => track === number),
    }));
    const { bandwidth, width, height, frameRate } = variantOf(measured, sets);
    const isVideo = rendition === "v";
    return {
      type: isVideo ? "video" : "audio",
      codecs: codecsOf(trackSet, rendition).join(","),
      bandwidth,
      ...(isVideo ? { width, height, frameRate } : {}),
      sampleRate: isVideo ? undefined : media.track.audio?.sampleRate,
      language: isVideo ? undefined : media.track.language,
      init: options.uris.init(trackSetId, rendition),
      media: options.uris.media(rendition),
      segments: segments(own, options),
    } satisfies MpdTrack;
  });
}

function segments(list: readonly Listed[], options: PeriodOptions): MpdSegment[] {
  return list.map((one, i) => {
    const { producedStartUs: startUs, producedEndUs: endUs } = one.info;
    const next = list[i + 1]?.info.producedStartUs ?? endUs;
    const toUs = next < endUs + CLOSE_US ? next : endUs;
    return { startUs, durationUs: Math.max(1, toUs - startUs), more: marks(one, options) };
  });
}

function marks({ info }: Listed, { timestamps, numbers = false }: PeriodOptions) {
  const producerMs = Math.floor(info.producedStartUs / 1000);
  const ms = timestamps === "server" ? info.number.receivedMs : producerMs;
  return {
    "kvs:ts": timestamps === undefined ? undefined : isoTime(ms),
    "kvs:fn": numbers ? formatFragmentNumber(info.number) : undefined,
  };
}
