/** `mfra`: where a clip's fragments are, for seeking (ISO/IEC 14496-12 §8.8.9 to §8.8.11). Fixed entry size. */
import { assert } from "../../base/assert.ts";
import { setType, setUint64 } from "./box.ts";

/** `mfra` and `mfro` (8 + 16). */
const MFRA_BYTES = 24;
const MFRO_BYTES = 16;
export const TFRA_BYTES = 24;
/** Time and offset in 64 bits; track fragment, run and sample number in 32 bits each. */
export const TFRA_ENTRY_BYTES = 28;
/** Each number's width less one, in two bits (§8.8.10). */
const FOUR_BYTE_NUMBERS = 0x3f;

export interface RandomAccessPoint {
  /** In the track's ticks, from media time 0. */
  readonly time: number;
  /** Offset of the `moof` in the file. */
  readonly moofOffset: number;
  /** Which `traf` of it is the track's, from 1. */
  readonly trafNumber: number;
}

export interface RandomAccessTrack {
  readonly trackId: number;
  /** In order of time. Each stands for the first sample of its `traf`. */
  readonly points: readonly RandomAccessPoint[];
}

/** Bytes of `mfra` for tracks with so many points each. */
export function mfraSize(points: readonly number[]): number {
  return points.reduce((size, count) => size + TFRA_BYTES + TFRA_ENTRY_BYTES * count, MFRA_BYTES);
}

/** Exactly `mfraSize` long; stands at the end of the file. */
export function mfra(tracks: readonly RandomAccessTrack[]): Uint8Array {
  const out = new Uint8Array(mfraSize(tracks.map((track) => track.points.length)));
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length);
  setType(out, 4, "mfra");
  let at = 8;
  for (const track of tracks) at = writeTrack(out, view, at, track);
  view.setUint32(at, MFRO_BYTES);
  setType(out, at + 4, "mfro");
  view.setUint32(at + 12, out.length);
  assert(at + MFRO_BYTES === out.length, "mfra size");
  return out;
}

function writeTrack(
  out: Uint8Array,
  view: DataView,
  start: number,
  { trackId, points }: RandomAccessTrack,
): number {
  view.setUint32(start, TFRA_BYTES + TFRA_ENTRY_BYTES * points.length);
  setType(out, start + 4, "tfra");
  view.setUint32(start + 8, 0x01000000);
  view.setUint32(start + 12, trackId);
  view.setUint32(start + 16, FOUR_BYTE_NUMBERS);
  view.setUint32(start + 20, points.length);
  let at = start + TFRA_BYTES;
  for (const { time, moofOffset, trafNumber } of points) {
    setUint64(view, at, time);
    setUint64(view, at + 8, moofOffset);
    view.setUint32(at + 16, trafNumber);
    view.setUint32(at + 20, 1);
    view.setUint32(at + 24, 1);
    at += TFRA_ENTRY_BYTES;
  }
  return at;
}
