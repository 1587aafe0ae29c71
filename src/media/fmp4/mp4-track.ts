/** A track as MP4 sees it: its id, ticks, sample entries and shift. Made once per clip or live stream. */
import type { Rope } from "../../base/rope.ts";
import { mp4SampleEntry, mp4Timescale, sampleCounter } from "../codec/describe.ts";
import { reorderFrames } from "../codec/reorder.ts";
import type { Track } from "../track.ts";

export interface Mp4Track {
  readonly track: Track;
  /** track_ID, from 1. */
  readonly id: number;
  /** Ticks per second: the sample rate for audio, 1,000,000 for the rest. */
  readonly timescale: number;
  /** Sample entries; several when the codec configuration changes within a clip. */
  readonly entries: readonly Uint8Array[];
  /**
   * Ticks that video decode times lie before presentation times, so that no composition offset in a clip is
   * negative: ffmpeg shows the whole track later by the most negative one it meets. 0: nothing is reordered.
   */
  readonly reorderTicks: number;
  /** Matroska's CodecDelay in ticks: audio is heard so much before its block's time (RFC 9559 §5.1.4.1.25). */
  readonly delayTicks: number;
  /** Ticks an audio packet lasts by its own word; undefined when it does not say. */
  samplesOf(payload: Rope): number | undefined;
}

/** Enough of a packet to know its samples: the longest header is FLAC's. */
const HEAD_BYTES = 16;

/** What is assumed of H.264 and HEVC that do not say it. */
const USUAL_REORDER = 3;
const USUAL_FRAME_US = 40_000;
const SHORTEST_FRAME_US = 4000;
const LONGEST_FRAME_US = 200_000;

/**
 * Undefined when MP4 cannot carry the track. `entries` replaces the track's own sample entry where a clip
 * has several configurations (from `mp4SampleEntry` of each); their timescale has to be the same.
 */
export function mp4Track(
  track: Track,
  id: number,
  entries?: readonly Uint8Array[],
): Mp4Track | undefined {
  const own = entries === undefined ? mp4SampleEntry(track) : undefined;
  const all = entries ?? (own === undefined ? [] : [own]);
  if (all.length === 0) return undefined;
  const count = sampleCounter(track);
  const timescale = mp4Timescale(track);
  const delaySeconds = track.type === "audio" ? (track.codecDelayNs ?? 0) / 1e9 : 0;
  return {
    ...{ track, id, timescale, entries: all },
    reorderTicks: track.type === "video" ? Math.round((reorderUs(track) * timescale) / 1e6) : 0,
    delayTicks: Math.min(timescale, Math.round(delaySeconds * timescale)),
    samplesOf: (payload) => count?.(headOf(payload)),
  };
}

function reorderUs(track: Track): number {
  const said = (track.defaultDurationNs ?? 0) / 1000;
  const usable = said >= SHORTEST_FRAME_US && said <= LONGEST_FRAME_US;
  return (reorderFrames(track) ?? USUAL_REORDER) * (usable ? said : USUAL_FRAME_US);
}

function headOf(payload: Rope): Uint8Array {
  const first = payload.parts[0];
  if (first !== undefined && (payload.parts.length === 1 || first.length >= HEAD_BYTES))
    return first;
  return payload.slice(0, Math.min(HEAD_BYTES, payload.length)).toBytes();
}
