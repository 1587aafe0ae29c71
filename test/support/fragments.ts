/** Hand-made fragments for archive tests: tiny, valid, and different from each other. */
import { Rope } from "../../src/base/rope.ts";
import { micros, millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import type { FragmentNumber } from "../../src/fragment/fragment-number.ts";
import { simpleBlock, tracksElement } from "../../src/media/mkv/writer.ts";
import type { Track, TrackSet } from "../../src/media/track.ts";

export const START_MS = 1_790_000_000_000;

export const VIDEO: Track = {
  number: 1,
  type: "video",
  codecId: "V_VP8",
  encoding: "plain",
  video: { width: 64, height: 48 },
};

/** A track set; another `width` makes another set. */
export function aTrackSet({ width = 64, scaleNs = 1_000_000 } = {}): TrackSet {
  const tracks = [{ ...VIDEO, video: { width, height: 48 } }];
  return { tracks, timestampScaleNs: scaleNs, tracksElement: tracksElement(tracks) };
}

const SET = aTrackSet();

export interface FragmentOptions {
  readonly number: FragmentNumber;
  /** Producer time, ms. */
  readonly startMs: number;
  readonly durationMs?: number;
  readonly frames?: number;
  /** Bytes of each frame's payload. */
  readonly bytes?: number;
  readonly trackSet?: TrackSet;
  readonly seekable?: boolean;
  readonly session?: string;
  readonly run?: number;
}

/** The payload of frame `i` of fragment `sequence`: no two frames are alike. */
export function payload(sequence: number, i: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (sequence * 31 + i * 7 + at) & 0xff);
}

export function aFragment(options: FragmentOptions): SealedFragment {
  const { number, startMs, durationMs = 2000, frames = 4, bytes = 100 } = options;
  const { trackSet = SET, seekable = true, session = "session-1", run = 1 } = options;
  const step = durationMs / frames;
  const blocks = Array.from({ length: frames }, (_, i) =>
    simpleBlock({
      track: 1,
      relativeTicks: Math.round((i * step * 1_000_000) / trackSet.timestampScaleNs),
      key: i === 0 && seekable,
      payload: Rope.of(payload(number.sequence, i, bytes)),
    }),
  );
  return {
    info: {
      number,
      producedStartUs: micros(startMs * 1000),
      producedEndUs: micros((startMs + durationMs) * 1000),
      seekable,
      session,
      run,
      totals: [{ track: 1, frames, keyframes: seekable ? 1 : 0, payloadBytes: frames * bytes }],
    },
    trackSet,
    clusterNs: BigInt(startMs) * 1_000_000n,
    blocks: Rope.concat(blocks),
    tags: [{ name: "NOTE", value: `fragment ${number.sequence}` }],
  };
}

export function aNumber(sequence: number, receivedMs = START_MS + sequence * 2000): FragmentNumber {
  return { sequence, receivedMs: millis(receivedMs), salt: (sequence * 7919) % 2 ** 28 };
}
