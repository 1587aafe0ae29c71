/**
 * A DASH manifest as text (ISO/IEC 23009-1): live profile, one adaptation set for the picture and one for the sound, segments
 * told by a SegmentTimeline in µs. Pure.
 */
import { isoTime } from "../../base/clock.ts";
import { comment, element, textElement, type XmlAttributes } from "./xml.ts";

/** Of SegmentTimeline and of `$Time$`: µs. */
export const TIMESCALE = 1_000_000;

export interface MpdSegment {
  /** On the media's own clock, µs; what `$Time$` becomes. */
  readonly startUs: number;
  readonly durationUs: number;
  /** KVS's `kvs:ts` and `kvs:fn`. */
  readonly more?: XmlAttributes;
}

export interface MpdTrack {
  readonly type: "video" | "audio";
  readonly codecs: string;
  /** Bits a second. */
  readonly bandwidth: number;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly frameRate?: number | undefined;
  readonly sampleRate?: number | undefined;
  readonly language?: string | undefined;
  readonly init: string;
  /** With `$Time$` in it. */
  readonly media: string;
  readonly segments: readonly MpdSegment[];
}

export interface MpdPeriod {
  readonly id: string;
  /** Where it begins in the presentation, µs. */
  readonly startUs: number;
  /** Undefined: it goes on. */
  readonly durationUs: number | undefined;
  /** Media time of its beginning, µs. */
  readonly offsetUs: number;
  readonly tracks: readonly MpdTrack[];
}

/** What is still being recorded. */
export interface MpdLive {
  /** Server time at which media time 0 was live, ms since 1970; may be negative. */
  readonly availableMs: number;
  readonly publishedMs: number;
  /** How far back segments are listed, µs. */
  readonly windowUs: number;
  /** Address of the manifest from now on. */
  readonly location?: string | undefined;
}

export interface Mpd {
  readonly periods: readonly MpdPeriod[];
  /** Undefined: everything is here. */
  readonly live: MpdLive | undefined;
  /** For people, a line each. */
  readonly comments: readonly string[];
}

export function writeMpd({ periods, live, comments }: Mpd): string {
  const longest = Math.max(
    1,
    ...periods.flatMap(({ tracks }) => tracks.flatMap(({ segments }) => segments.map(durationOf))),
  );
  const children = [...comments.map(comment)];
  if (live?.location !== undefined) children.push(textElement("Location", live.location));
  children.push(...periods.map((period) => periodText(period)));
  const body = element("MPD", { ...head(longest), ...times(periods, live, longest) }, children);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`;
}

function head(longestUs: number): XmlAttributes {
  return {
    xmlns: "urn:mpeg:dash:schema:mpd:2011",
    "xmlns:kvs": "urn:streambank:kvs",
    profiles: "urn:mpeg:dash:profile:isoff-live:2011",
    minBufferTime: duration(longestUs),
    maxSegmentDuration: duration(longestUs),
  };
}

function times(
  periods: readonly MpdPeriod[],
  live: MpdLive | undefined,
  longestUs: number,
): XmlAttributes {
  if (live === undefined) {
    const us = Math.max(0, ...periods.map(({ startUs, durationUs = 0 }) => startUs + durationUs));
    return { type: "static", mediaPresentationDuration: duration(us) };
  }
  return {
    type: "dynamic",
    availabilityStartTime: isoTime(live.availableMs),
    publishTime: isoTime(live.publishedMs),
    minimumUpdatePeriod: duration(Math.max(1e6, Math.min(longestUs, 5e6))),
    timeShiftBufferDepth: duration(live.windowUs),
    suggestedPresentationDelay: duration(Math.min(live.windowUs, 3 * longestUs)),
  };
}

function periodText({ id, startUs, durationUs, offsetUs, tracks }: MpdPeriod): string {
  const length = durationUs === undefined ? undefined : duration(durationUs);
  return element(
    "Period",
    { id, start: duration(startUs), duration: length },
    tracks.map((track, i) => adaptationSet(track, { id: i + 1, offsetUs })),
  );
}

function adaptationSet(
  track: MpdTrack,
  { id, offsetUs }: { id: number; offsetUs: number },
): string {
  const { type, codecs, bandwidth, width, height, frameRate, sampleRate, language } = track;
  const timeline = track.segments.map(({ startUs, durationUs, more }) =>
    element("S", { t: startUs, d: durationUs, ...more }),
  );
  const template = element(
    "SegmentTemplate",
    {
      timescale: TIMESCALE,
      presentationTimeOffset: offsetUs,
      initialization: track.init,
      media: track.media,
    },
    [element("SegmentTimeline", {}, timeline)],
  );
  const representation = element("Representation", {
    ...{ id: `${type}-${id}`, codecs, bandwidth: Math.max(1, Math.ceil(bandwidth)), width, height },
    frameRate: frameRate === undefined ? undefined : `${Math.round(frameRate * 1000)}/1000`,
    audioSamplingRate: sampleRate,
  });
  return element(
    "AdaptationSet",
    {
      ...{ id, contentType: type, mimeType: `${type}/mp4`, lang: language },
      ...{ segmentAlignment: "true", startWithSAP: 1 },
    },
    [template, representation],
  );
}

function durationOf({ durationUs }: MpdSegment): number {
  return durationUs;
}

/** ISO 8601, seconds only: no reader has to know how long a month is. */
function duration(us: number): string {
  return `PT${(us / 1e6).toFixed(6).replace(/\.?0+$/, "")}S`;
}
