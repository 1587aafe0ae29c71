/**
 * A DASH manifest (ISO/IEC 23009-1): a Period for every stretch of one session, run and track set, a SegmentTimeline in each,
 * segments named by their beginning on the producer's clock. Pure.
 *
 * Of a range (static) the Periods follow each other without the time between. What is live (dynamic) is on the producer's
 * own time line, so that a manifest fetched later, from any node, says the same of a segment.
 */
import { isoTime } from "../../base/clock.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import type { Mp4Track } from "../../media/fmp4/mp4-track.ts";
import type { TrackSet } from "../../media/track.ts";
import { codecsOf, type Rendition, renditionsOf, tracksOf } from "../cmaf/renditions.ts";
import { type BreakRule, breaksBetween, type Listed, playedUs } from "../hls/listed.ts";
import { duration, element, type XmlAttributes } from "./xml.ts";

export interface DashUris {
  init(trackSetId: string, rendition: Rendition): string;
  /** With `$Time$` where the segment's beginning stands. */
  media(rendition: Rendition): string;
}

export interface LiveManifest {
  /** ms since 1970: when the manifest is made. */
  readonly nowMs: number;
  /** ms that the server's clock is ahead of the producer's. */
  readonly skewMs: number;
  /** Where the next one is to be fetched: with what this session began with. */
  readonly location: string;
  /** µs; how long a segment plays at most. */
  readonly targetUs: number;
}

export interface ManifestOptions {
  readonly list: readonly Listed[];
  readonly trackSets: ReadonlyMap<string, TrackSet>;
  readonly uris: DashUris;
  /** Undefined: all of it is there. */
  readonly live?: LiveManifest;
  /** KVS's attributes of each segment. */
  readonly kvs?: { readonly numbers: boolean; readonly clock: "producer" | "server" | undefined };
}

/** A gap within a run needs no Period: the timeline has room for it. */
const PERIODS: BreakRule = { overUs: Number.POSITIVE_INFINITY };
/** Media time of manifests, ticks per second: µs since 1970. */
const TIMESCALE = 1_000_000;
const KVS_NAMESPACE = "urn:kinesisvideo";

/** A stretch of one timeline. */
type Stretch = readonly [Listed, ...Listed[]];

export function writeManifest(options: ManifestOptions): string {
  const { list, live, kvs } = options;
  const stretches = stretchesOf(list);
  let at = 0;
  const periods = stretches.map((stretch, i) => {
    const [first] = stretch;
    const base = first.info.producedStartUs;
    const us = lengthOf(stretch);
    // In a live one the first Period begins with the time line itself: it has been going on before the manifest begins.
    const startUs = live === undefined ? at : i === 0 ? 0 : base;
    at += us;
    const attributes = { id: idOf(first), start: duration(startUs) };
    const offset = live === undefined || i > 0 ? base : 0;
    const ends = live === undefined ? { duration: duration(us) } : {};
    return element("Period", { ...attributes, ...ends }, adaptationSets(stretch, offset, options));
  });
  const more =
    live === undefined ? { mediaPresentationDuration: duration(at) } : dynamic(list, live);
  const root = {
    xmlns: "urn:mpeg:dash:schema:mpd:2011",
    "xmlns:kvs": kvs === undefined ? undefined : KVS_NAMESPACE,
    profiles: "urn:mpeg:dash:profile:isoff-live:2011",
    type: live === undefined ? "static" : "dynamic",
    minBufferTime: duration(live?.targetUs ?? 2_000_000),
    ...more,
  };
  const tail = live === undefined ? [] : [utcTiming(live)];
  const location = live === undefined ? [] : [element("Location", {}, [plain(live.location)])];
  const mpd = element("MPD", root, [...location, ...periods, ...tail]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${mpd.replaceAll("><", ">\n<")}\n`;
}

function dynamic(list: readonly Listed[], live: LiveManifest): XmlAttributes {
  const { producedStartUs: from = 0 } = list[0]?.info ?? {};
  const { producedEndUs: to = 0 } = list.at(-1)?.info ?? {};
  return {
    availabilityStartTime: isoTime(live.skewMs),
    publishTime: isoTime(live.nowMs),
    minimumUpdatePeriod: duration(live.targetUs),
    timeShiftBufferDepth: duration(Math.max(live.targetUs, to - from)),
    suggestedPresentationDelay: duration(3 * live.targetUs),
  };
}

function utcTiming({ nowMs }: LiveManifest): string {
  const schemeIdUri = "urn:mpeg:dash:utc:direct:2014";
  return element("UTCTiming", { schemeIdUri, value: isoTime(nowMs) });
}

const plain = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function stretchesOf(list: readonly Listed[]): Stretch[] {
  const stretches: [Listed, ...Listed[]][] = [];
  for (const one of list) {
    const open = stretches.at(-1);
    const last = open?.at(-1);
    if (open !== undefined && last !== undefined && !breaksBetween(last, one, PERIODS))
      open.push(one);
    else stretches.push([one]);
  }
  return stretches;
}

function idOf({ info, trackSetId }: Listed): string {
  return `${info.session}.${info.run}.${trackSetId.slice(0, 8)}`;
}

function lengthOf(stretch: Stretch): number {
  const last = stretch.at(-1) ?? stretch[0];
  return last.info.producedEndUs - stretch[0].info.producedStartUs;
}

function adaptationSets(stretch: Stretch, offset: number, options: ManifestOptions): string[] {
  const { trackSetId } = stretch[0];
  const trackSet = options.trackSets.get(trackSetId);
  if (trackSet === undefined) return [];
  const { video, audio } = renditionsOf(trackSet);
  const sets: string[] = [];
  if (video !== undefined)
    sets.push(adaptationSet({ stretch, offset, options, trackSet }, "v", video));
  if (audio !== undefined)
    sets.push(adaptationSet({ stretch, offset, options, trackSet }, "a", audio));
  return sets;
}

interface SetParts {
  readonly stretch: Stretch;
  readonly offset: number;
  readonly options: ManifestOptions;
  readonly trackSet: TrackSet;
}

function adaptationSet(
  { stretch, offset, options, trackSet }: SetParts,
  rendition: "v" | "a",
  { track, timescale }: Mp4Track,
): string {
  const { uris } = options;
  const { bandwidth, frameRate } = measure(stretch, track.number);
  const timeline = element("SegmentTimeline", {}, timelineOf(stretch, track.number, options));
  const template = element(
    "SegmentTemplate",
    {
      timescale: TIMESCALE,
      presentationTimeOffset: offset,
      initialization: uris.init(stretch[0].trackSetId, rendition),
      media: uris.media(rendition),
    },
    [timeline],
  );
  const picture = { width: track.video?.width, height: track.video?.height, frameRate };
  const representation = element("Representation", {
    ...{ id: rendition, bandwidth, codecs: codecsOf(trackSet, rendition).join(",") },
    ...(rendition === "v" ? picture : { audioSamplingRate: timescale }),
  });
  const type = rendition === "v" ? "video" : "audio";
  const language = track.language === "und" ? undefined : track.language;
  return element(
    "AdaptationSet",
    {
      ...{ id: rendition === "v" ? 1 : 2, contentType: type, mimeType: `${type}/mp4` },
      ...{ lang: language, segmentAlignment: "true", startWithSAP: 1 },
    },
    [template, representation],
  );
}

/** From a fragment's beginning to the next one's. Fragments without this track are holes. */
function timelineOf(stretch: Stretch, track: number, { kvs }: ManifestOptions): string[] {
  const out: string[] = [];
  let end: number | undefined;
  for (const [i, one] of stretch.entries()) {
    const { producedStartUs: t, totals, number } = one.info;
    if (!totals.some((of) => of.track === track && of.frames > 0)) continue;
    const next = stretch[i + 1]?.info.producedStartUs;
    const own = playedUs(stretch[i - 1], one);
    const goesOn = next !== undefined && next > t && next - t < 2 * own + 1_000_000;
    const d = goesOn ? next - t : own;
    const ts = kvs?.clock === "server" ? number.receivedMs / 1000 : t / 1e6;
    out.push(
      element("S", {
        t: end === t ? undefined : t,
        d,
        "kvs:fn": kvs?.numbers === true ? formatFragmentNumber(number) : undefined,
        "kvs:ts": kvs?.clock === undefined ? undefined : ts.toFixed(3),
      }),
    );
    end = t + d;
  }
  return out;
}

/** Bits a second of the heaviest fragment; pictures a second, as a fraction. */
function measure(stretch: Stretch, track: number): { bandwidth: number; frameRate: string } {
  let [bandwidth, frames, us] = [1, 0, 0];
  for (const [i, one] of stretch.entries()) {
    const totals = one.info.totals.find((of) => of.track === track);
    const played = playedUs(stretch[i - 1], one);
    if (totals === undefined) continue;
    bandwidth = Math.max(bandwidth, Math.ceil((totals.payloadBytes * 8e6) / played));
    frames += totals.frames;
    us += played;
  }
  return { bandwidth, frameRate: `${Math.round((frames * 1e9) / Math.max(1, us))}/1000` };
}

/** The tracks of a list, for a look at whether they stay what they are. */
export function hasTracks(trackSet: TrackSet): boolean {
  return tracksOf(trackSet, "av").length > 0;
}
