/** What a multivariant playlist says of the media behind it, measured from the index's totals. Pure. */
import type { PackSummary, StoredFragment } from "../../fragment/fragment.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { codecsOf, type Rendition, renditionsOf } from "../cmaf/renditions.ts";
import { durationOf } from "./listed.ts";

export interface Variant {
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  readonly codecs: readonly string[];
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly frameRate: number | undefined;
  readonly language: string | undefined;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Tracks that are left out, for people. */
  readonly omitted: readonly string[];
}

/** Something whose tracks were counted: a fragment, or a whole pack. */
export interface Measured {
  readonly trackSetId: string;
  readonly durationUs: number;
  readonly totals: readonly { track: number; frames: number; payloadBytes: number }[];
}

export function measuredFragment({
  info,
  trackSetId,
}: Pick<StoredFragment, "info" | "trackSetId">): Measured {
  return { trackSetId, durationUs: durationOf(info), totals: info.totals };
}

export function measuredPack({ trackSetId, totals, ...pack }: PackSummary): Measured {
  const durationUs = pack.producedEndUs - pack.producedStartUs;
  return { trackSetId, durationUs, totals: totals.tracks };
}

/** Of MP4's boxes, per frame, bytes. */
const SAMPLE_BYTES = 16;

/** Of all that was measured; never of nothing. */
export function variantOf(
  measured: readonly Measured[],
  trackSets: ReadonlyMap<string, TrackSet>,
): Variant {
  const sums = { bytes: 0, us: 0, frames: 0, videoUs: 0 };
  let bandwidth = 0;
  for (const { trackSetId, durationUs, totals } of measured) {
    const { video, audio } = renditionsOf(trackSets.get(trackSetId) ?? NONE);
    let bytes = 0;
    for (const { track, frames, payloadBytes } of totals) {
      const isVideo = track === video?.track.number;
      if (!isVideo && track !== audio?.track.number) continue;
      bytes += payloadBytes + SAMPLE_BYTES * frames;
      if (!isVideo) continue;
      sums.frames += frames;
      sums.videoUs += durationUs;
    }
    sums.bytes += bytes;
    sums.us += durationUs;
    if (durationUs > 0) bandwidth = Math.max(bandwidth, (bytes * 8e6) / durationUs);
  }
  const sets = [...trackSets.values()];
  const video = largest(sets.flatMap((set) => renditionsOf(set).video?.track ?? []));
  const audio = sets.flatMap((set) => renditionsOf(set).audio?.track ?? [])[0];
  return {
    bandwidth,
    averageBandwidth: sums.us > 0 ? (sums.bytes * 8e6) / sums.us : 0,
    codecs: union(sets, "av"),
    width: video?.video?.width,
    height: video?.video?.height,
    frameRate: sums.videoUs > 0 ? (sums.frames * 1e6) / sums.videoUs : undefined,
    language: audio?.language === "und" ? undefined : audio?.language,
    hasVideo: video !== undefined,
    hasAudio: audio !== undefined,
    omitted: [...new Set(sets.flatMap((set) => renditionsOf(set).omitted.map(nameOf)))],
  };
}

const NONE: TrackSet = {
  tracks: [],
  timestampScaleNs: 1_000_000,
  tracksElement: new Uint8Array(0),
};

function union(sets: readonly TrackSet[], rendition: Rendition): string[] {
  return [...new Set(sets.flatMap((set) => codecsOf(set, rendition)))];
}

function largest(tracks: readonly Track[]): Track | undefined {
  const area = ({ video }: Track) => (video?.width ?? 0) * (video?.height ?? 0);
  return tracks.toSorted((a, b) => area(b) - area(a))[0];
}

function nameOf({ number, codecId }: Track): string {
  return `track ${number} (${codecId.slice(0, 60)}) is left out`;
}
