/**
 * What a decoder is fed: a Matroska stream of one track with nothing in it but the frames that some pictures need. Times in it
 * are made up: every frame lasts the same, so that a picture is known again by its number whatever its true time was.
 */
import { micros } from "../../base/units.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import { MkvWriter } from "../../media/mkv/live-writer.ts";
import type { Track } from "../../media/track.ts";

/** One frame of the stream, ms. */
export const STEP_MS = 40;

/** Frames from a key frame on, in decode order, and which of them are wanted. */
export interface PictureRun {
  readonly frames: readonly ClipFrame[];
  /** Places in `frames`. */
  readonly wanted: readonly number[];
}

export interface PictureMkv {
  readonly parts: readonly Uint8Array[];
  /** Of each run the times of its wanted frames, ms, in the order of `wanted`. */
  readonly times: readonly (readonly number[])[];
}

export function pictureMkv(track: Track, runs: readonly PictureRun[]): PictureMkv {
  const { codecId, codecPrivate, video } = track;
  // Header-stripping has been undone, and no language or name matters.
  const plain: Track = {
    ...{ number: 1, type: "video", codecId, encoding: "plain" },
    ...(codecPrivate === undefined ? {} : { codecPrivate }),
    ...(video === undefined ? {} : { video }),
  };
  const writer = new MkvWriter({ tracks: [plain] });
  const parts: Uint8Array[] = [writer.header()];
  const times: number[][] = [];
  let startMs = 0;
  for (const { frames, wanted } of runs) {
    const shown = frames.map((_, i) => i).sort((a, b) => timeOf(frames, a) - timeOf(frames, b));
    const timeMs: number[] = [];
    for (const [place, i] of shown.entries()) timeMs[i] = startMs + place * STEP_MS;
    for (const [i, { key, payload }] of frames.entries()) {
      const timeUs = micros((timeMs[i] ?? 0) * 1000);
      const block = writer.add({ track: 1, timeUs, key, payload });
      parts.push(...block.parts);
    }
    times.push(wanted.map((i) => timeMs[i] ?? 0));
    startMs += frames.length * STEP_MS;
  }
  return { parts, times };
}

function timeOf(frames: readonly ClipFrame[], i: number): number {
  return frames[i]?.timeUs ?? 0;
}
