/**
 * When the samples of one track of one fragment are decoded and shown, in the track's ticks.
 *
 * Matroska has one time per frame, its presentation time, rounded to a millisecond as a rule. Decode times
 * are those times in rising order; audio times are rebuilt from the samples in each packet.
 * Knows one fragment at a time, so that any fragment of a clip can be made on its own.
 */
import type { Rope } from "../../base/rope.ts";
import type { Mp4Track } from "./mp4-track.ts";

/** A frame of a clip, in decode order. */
export interface ClipFrame {
  /** Presentation time on the producer's clock, µs. */
  readonly timeUs: number;
  readonly durationUs?: number;
  readonly key: boolean;
  readonly payload: Rope;
}

export interface SampleTimes {
  /** Decode time of the first sample. */
  readonly start: number;
  /** Ticks each, ≥ 0. The next sample's decode time is that much later. */
  readonly durations: Float64Array;
  /** Presentation time less decode time, `reorderTicks` included: not negative. */
  readonly offsets: Int32Array;
}

export interface FragmentSpan {
  /** Media time 0. Frames before it are shown at 0. */
  readonly baseUs: number;
  /** End of the fragment: its last sample lasts until then. */
  readonly endUs: number;
  /** No sample lasts longer. */
  readonly maxSampleUs: number;
}

/** Audio times off by less than this are rounding, not gaps. */
const SNAP_US = 2000;
const INT32_MAX = 0x7fffffff;

export function sampleTimes(
  media: Mp4Track,
  frames: readonly ClipFrame[],
  span: FragmentSpan,
): SampleTimes {
  const ticks = (us: number) =>
    Math.max(0, Math.round(((us - span.baseUs) * media.timescale) / 1e6));
  const shown = new Float64Array(frames.length);
  for (const [i, frame] of frames.entries()) shown[i] = ticks(frame.timeUs);
  const counts = media.track.type === "audio" ? rebuild(media, frames, shown) : undefined;
  const end = lastEnd(frames, { shown, counts, ticks, span });
  const decoded = decodeTimes(shown, media.reorderTicks);
  const cap = Math.max(1, Math.round((span.maxSampleUs * media.timescale) / 1e6));
  const durations = new Float64Array(frames.length);
  const offsets = new Int32Array(frames.length);
  let at = decoded[0] ?? 0;
  const start = at;
  for (let i = 0; i < frames.length; i++) {
    // A duration cut short moves all later decode times forward, but not what is shown when.
    offsets[i] = Math.min(INT32_MAX, (shown[i] as number) + media.reorderTicks - at);
    const next = decoded[i + 1] ?? Math.max(end, (decoded[i] as number) + 1);
    durations[i] = Math.min(cap, next - (decoded[i] as number));
    at += durations[i] as number;
  }
  return { start, durations, offsets };
}

/**
 * The presentation times in order, equal ones a tick apart; earlier where a frame would be shown before it
 * is decoded, in a stream that reorders more than it said.
 */
function decodeTimes(shown: Float64Array, reorderTicks: number): Float64Array {
  const times = Float64Array.from(shown).sort();
  const count = times.length;
  for (let i = 1; i < count; i++)
    times[i] = Math.max(times[i] as number, (times[i - 1] as number) + 1);
  let latest = Number.POSITIVE_INFINITY;
  for (let i = count - 1; i >= 0; i--) {
    latest = Math.min(latest - 1, (shown[i] as number) + reorderTicks);
    times[i] = latest = Math.max(0, Math.min(latest, times[i] as number));
  }
  return times;
}

interface EndParts {
  readonly shown: Float64Array;
  readonly counts: Float64Array | undefined;
  readonly span: FragmentSpan;
  ticks(us: number): number;
}

/** Where the sample shown last ends: by its samples, by its duration, else with the fragment. */
function lastEnd(frames: readonly ClipFrame[], { shown, counts, ticks, span }: EndParts): number {
  let last = 0;
  for (let i = 1; i < shown.length; i++)
    if ((shown[i] as number) >= (shown[last] as number)) last = i;
  const frame = frames[last];
  if (frame === undefined) return 0;
  const samples = counts?.[last] ?? 0;
  if (samples > 0) return (shown[last] as number) + samples;
  const { durationUs = 0 } = frame;
  return ticks(durationUs > 0 ? frame.timeUs + durationUs : span.endUs);
}

/**
 * Puts packets that follow each other (within 2 ms) exactly end to end, by their samples. A stretch begins
 * where the mean of all its times says, so that rounding of its first time does not count and
 * neighbouring fragments fit. Returns the samples of each packet, 0 when unknown.
 */
function rebuild(
  media: Mp4Track,
  frames: readonly ClipFrame[],
  shown: Float64Array,
): Float64Array | undefined {
  const counts = Float64Array.from(frames, (frame) => media.samplesOf(frame.payload) ?? 0);
  const snap = (SNAP_US * media.timescale) / 1e6;
  for (let from = 0; from < frames.length; ) {
    let to = from;
    let sum = 0;
    let error = 0;
    // The stretch goes on while the next packet's time is where the samples so far end.
    while (to < frames.length) {
      const off = (shown[to] as number) - ((shown[from] as number) + sum);
      if (to > from && Math.abs(off - error / (to - from)) >= snap) break;
      error += off;
      sum += counts[to++] as number;
      if (counts[to - 1] === 0) break;
    }
    let at = Math.max(0, Math.round((shown[from] as number) + error / (to - from)));
    if (from > 0) at = Math.max(at, (shown[from - 1] as number) + 1);
    for (; from < to; from++) {
      shown[from] = at;
      at += counts[from] as number;
    }
  }
  return counts;
}
