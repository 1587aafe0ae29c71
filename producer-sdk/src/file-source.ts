/**
 * A Matroska recording played as a camera: in real time, round and round, with wall-clock timestamps that go on
 * without a step where the recording begins again. Reads bytes given to it; knows no files.
 */
import { type Clock, sleep } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { micros } from "../../src/base/units.ts";
import { framesOf } from "../../src/media/mkv/consumer.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { Frame, Track, TrackSet } from "../../src/media/track.ts";

/** A recording in memory. */
export interface Recorded {
  readonly tracks: readonly Track[];
  /** In decode order; times from the first frame, µs. */
  readonly frames: readonly Frame[];
  /** After so long it begins again, µs. */
  readonly periodUs: number;
}

/** Recordings larger than this are not read into memory. */
export const MAX_FILE_BYTES = 256 << 20;

/** Throws `mkv.*` when it is not whole Matroska, `request.no-media` when it has no frames. */
export function readRecording(bytes: Uint8Array): Recorded {
  if (bytes.length > MAX_FILE_BYTES)
    throw new Fault(
      "request.too-large",
      `a recording of ${bytes.length} bytes is too large to loop`,
    );
  const reader = new MkvReader();
  reader.push(bytes);
  reader.end();
  let trackSet: TrackSet | undefined;
  const frames: Frame[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    if (item.kind === "tracks") trackSet = item.trackSet;
    if (item.kind === "block" && trackSet !== undefined)
      frames.push(...framesOf(item.block, item.clusterTicks, trackSet));
  }
  if (trackSet === undefined || frames.length === 0)
    throw new Fault("request.no-media", "the recording has no frames");
  const first = Math.min(...firstTimes(frames));
  const from0 = frames.map((frame) => ({ ...frame, timeUs: micros(frame.timeUs - first) }));
  return { tracks: trackSet.tracks, frames: from0, periodUs: periodOf(trackSet.tracks, from0) };
}

/** First time of each track; B-frames after the first key frame may be earlier than their file order says. */
function firstTimes(frames: readonly Frame[]): number[] {
  const first = new Map<number, number>();
  for (const { track, timeUs } of frames)
    first.set(track, Math.min(timeUs, first.get(track) ?? timeUs));
  return [...first.values()];
}

/**
 * The mean frame distance is added after the last frame: exact for constant rates, whatever the container
 * says of durations. Video decides when there is any; otherwise the longest track.
 */
function periodOf(tracks: readonly Track[], frames: readonly Frame[]): number {
  const length = (track: Track) => {
    const times = frames.filter((f) => f.track === track.number).map((f) => f.timeUs);
    if (times.length < 2) return 0;
    const [first, last] = times.reduce(
      ([low, high], time) => [Math.min(low, time), Math.max(high, time)],
      [Number.POSITIVE_INFINITY, 0],
    );
    return Math.round(((last - first) * times.length) / (times.length - 1)) + first;
  };
  const video = tracks.filter((track) => track.type === "video");
  const period = Math.max(...(video.length > 0 ? video : tracks).map(length));
  const latest = frames.reduce((high, { timeUs }) => Math.max(high, timeUs), 0);
  // A last audio packet may begin after the video's end; it must still come before the next round.
  return Math.max(period, latest + 1);
}

/** When the frames are due, and until when. */
export interface PlayOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Round and round. Default true. */
  readonly loop?: boolean;
  /** Each frame when it is due. Default true; false gives them as fast as they are taken. */
  readonly realtime?: boolean;
}

/** Wall clock and our own count may differ by so much, µs: a step of the clock, or a machine that slept. */
const JUMP_US = 5_000_000;
/** Smaller differences above this are corrected slowly, µs. */
const DRIFT_US = 20_000;
/** By so much per frame at most, µs: far below what is visible or audible. */
const SLEW_US = 20;

/** Each frame when it is due, until aborted or, without `loop`, once. `timeUs` is µs since the Unix epoch. */
export async function* playForever(
  recorded: Recorded,
  { clock, signal, loop = true, realtime = true }: PlayOptions,
): AsyncGenerator<Frame> {
  let originUs = clock.now() * 1000;
  let originElapsed = clock.elapsed();
  for (let round = 0; loop || round === 0; round++) {
    for (const frame of recorded.frames) {
      const positionUs = round * recorded.periodUs + frame.timeUs;
      if (!realtime) {
        if (signal.aborted) return;
        yield { ...frame, timeUs: micros(originUs + positionUs) };
        continue;
      }
      const waitMs = originElapsed + positionUs / 1000 - clock.elapsed();
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      if (signal.aborted) return;
      const lateUs = (clock.elapsed() - originElapsed) * 1000 - positionUs;
      if (lateUs > JUMP_US) originElapsed += lateUs / 1000;
      const errorUs = clock.now() * 1000 - (originUs + positionUs) - Math.min(lateUs, JUMP_US);
      if (Math.abs(errorUs) > JUMP_US || lateUs > JUMP_US)
        originUs = clock.now() * 1000 - positionUs;
      else if (Math.abs(errorUs) > DRIFT_US) originUs += Math.sign(errorUs) * SLEW_US;
      yield { ...frame, timeUs: micros(originUs + positionUs) };
    }
  }
}
