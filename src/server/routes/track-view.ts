/** A track as the native API shows it. */
import { codecString } from "../../media/codec/describe.ts";
import type { Track } from "../../media/track.ts";

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
}

export function trackView(track: Track): TrackView {
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
  };
}
