/**
 * What a track is to a browser and to MP4. The one way into the codec files for everybody else; a damaged
 * configuration counts as none, because callers can only leave the track out.
 */
import type { Track } from "../track.ts";
import { audioFormat } from "./audio-formats.ts";
import { g711Entry } from "./pcm.ts";
import { readable } from "./readable.ts";
import { videoFormats } from "./video-formats.ts";

/** Video tracks, and audio without a known rate: ticks are microseconds, as frame times are. */
export const MICROSECOND_SCALE = 1_000_000;

/**
 * The codec as RFC 6381 has it for `MediaSource.isTypeSupported` and WebCodecs, e.g. `avc1.64001F`,
 * `mp4a.40.2`, `opus`. Undefined: no such text, or the track's configuration is missing or damaged.
 */
export function codecString(track: Track): string | undefined {
  const format = videoFormats[track.codecId] ?? audioFormat(track.codecId);
  return readable(() => format?.text(track));
}

/**
 * The track's sample entry for `stsd`. Undefined: MP4 cannot carry it here (linear PCM, G.711, subtitles,
 * encodings we cannot undo), or its configuration is missing or damaged.
 */
export function mp4SampleEntry(track: Track): Uint8Array | undefined {
  if (track.encoding === "unsupported") return undefined;
  const format = videoFormats[track.codecId] ?? audioFormat(track.codecId);
  return readable(() => format?.entry(track));
}

/** As `mp4SampleEntry`, and G.711 as `ulaw` or `alaw`: files take it, Media Source Extensions do not. */
export function fileSampleEntry(track: Track): Uint8Array | undefined {
  if (track.encoding === "unsupported") return undefined;
  return mp4SampleEntry(track) ?? readable(() => g711Entry(track));
}

/**
 * Ticks per second of the track in MP4. Audio: its sample rate (Opus 48,000; HE-AAC the core's rate), so
 * that durations counted in samples are exact. Everything else: microseconds.
 */
export function mp4Timescale(track: Track): number {
  const rate = readable(() => audioFormat(track.codecId)?.rate(track));
  const whole = rate !== undefined && Number.isInteger(rate) && rate > 0 && rate < 2 ** 31;
  return whole ? rate : MICROSECOND_SCALE;
}

/**
 * Samples per channel in an audio packet, counted at `mp4Timescale(track)`. Undefined: not audio, a codec
 * whose packets do not say, or not a packet of it.
 */
export function audioFrameSamples(track: Track, payload: Uint8Array): number | undefined {
  return sampleCounter(track)?.(payload);
}

/** `audioFrameSamples` for many packets of one track; undefined when none of them can be counted. */
export function sampleCounter(
  track: Track,
): ((payload: Uint8Array) => number | undefined) | undefined {
  const format = audioFormat(track.codecId);
  if (format === undefined || mp4Timescale(track) === MICROSECOND_SCALE) return undefined;
  return (payload) => readable(() => format.samples(track, payload));
}

/** Whether `configFromVideoFrame` can give the track the CodecPrivate it lacks. */
export function lacksConfig(track: Track): boolean {
  if (track.codecPrivate !== undefined || track.encoding === "unsupported") return false;
  return videoFormats[track.codecId]?.configOf !== undefined;
}

/**
 * A CodecPrivate from a key frame, for a VP9 or AV1 track that has none (VP9: features, AV1: av1C). H.264 and
 * HEVC: see annexb.ts. Undefined: nothing to be found there.
 */
export function configFromVideoFrame(track: Track, payload: Uint8Array): Uint8Array | undefined {
  return readable(() => videoFormats[track.codecId]?.configOf?.(payload));
}
