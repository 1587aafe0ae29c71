/** A track as MP4 sees it: its id, ticks and sample entries. Made once per clip or live stream. */
import type { Rope } from "../../base/rope.ts";
import { mp4SampleEntry, mp4Timescale, sampleCounter } from "../codec/describe.ts";
import type { Track } from "../track.ts";

export interface Mp4Track {
  readonly track: Track;
  /** track_ID, from 1. */
  readonly id: number;
  /** Ticks per second: the sample rate for audio, 1,000,000 for the rest. */
  readonly timescale: number;
  /** Sample entries; several when the codec configuration changes within a clip. */
  readonly entries: readonly Uint8Array[];
  /** Ticks an audio packet lasts by its own word; undefined when it does not say. */
  samplesOf(payload: Rope | Uint8Array): number | undefined;
}

/** Enough of a packet to know its samples: the longest header is FLAC's. */
const HEAD_BYTES = 16;

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
  return {
    ...{ track, id, timescale: mp4Timescale(track), entries: all },
    samplesOf: (payload) => count?.(headOf(payload)),
  };
}

function headOf(payload: Rope | Uint8Array): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  const first = payload.parts[0];
  if (first !== undefined && (payload.parts.length === 1 || first.length >= HEAD_BYTES))
    return first;
  return payload.slice(0, Math.min(HEAD_BYTES, payload.length)).toBytes();
}
