/** Tracks as the native API shows them. */
import { codecString } from "../../media/codec/describe.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { renditionsOf } from "../../play/cmaf/renditions.ts";

export interface TrackView {
  readonly number: number;
  readonly type: string;
  /** Matroska CodecID. */
  readonly codec: string;
  /** RFC 6381 string for browsers, when there is one. */
  readonly codecString?: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** Whether HLS and DASH carry it. */
  readonly hls: boolean;
}

/** Of one track set. */
export function trackViews(set: Pick<TrackSet, "tracks">): TrackView[] {
  const omitted = new Set(renditionsOf(set).omitted);
  return set.tracks.map((track) => trackView(track, !omitted.has(track)));
}

function trackView(track: Track, hls: boolean): TrackView {
  const codec = codecString(track);
  return {
    number: track.number,
    type: track.type,
    codec: track.codecId,
    ...(codec === undefined ? {} : { codecString: codec }),
    ...(track.video === undefined ? {} : { width: track.video.width, height: track.video.height }),
    ...(track.audio === undefined
      ? {}
      : { sampleRate: track.audio.sampleRate, channels: track.audio.channels }),
    hls,
  };
}
