/**
 * One `moof` + `mdat` of a clip (ISO/IEC 14496-12 §8.8). All fields have a fixed width, so its size follows
 * from frame counts and payload bytes alone: a clip's length is known before any media is read, and any
 * fragment of it can be made on its own.
 */
import { assert } from "../../base/assert.ts";
import { setType, setUint64 } from "./box.ts";
import type { Mp4Track } from "./mp4-track.ts";
import {
  type ClipFrame,
  type FragmentSpan,
  type SampleTimes,
  sampleTimes,
} from "./sample-times.ts";

/** `moof` and `mfhd` (8 + 16), `mdat` with a 64-bit size (16). */
export const FRAGMENT_BYTES = 40;
/** `traf`, `tfhd`, `tfdt`, and `trun` without its samples (8 + 20 + 20 + 20). */
export const TRACK_BYTES = 68;
/** Duration, size, flags, composition offset. */
export const SAMPLE_BYTES = 16;

const TFHD_BYTES = 20;
const TFDT_BYTES = 20;
const TRUN_BYTES = 20;
const MDAT_BYTES = 16;

/** default-base-is-moof, sample-description-index-present (§8.8.7). */
const TFHD_FLAGS = 0x020002;
/** Version 1 (signed offsets); data-offset, duration, size, flags, composition-offset present (§8.8.8). */
const TRUN_FLAGS = 0x01000f01;
/** sample_depends_on: 2 no others, 1 others; sample_is_non_sync_sample (§8.8.3.1). */
export const SYNC_SAMPLE = 0x02000000;
export const NON_SYNC_SAMPLE = 0x01010000;

/** What the index knows of one track in one fragment. */
export interface TrackSize {
  readonly frames: number;
  readonly payloadBytes: number;
}

/** Bytes of a fragment. Tracks without a frame take no room. */
export function clipFragmentSize(tracks: readonly TrackSize[]): number {
  let size = FRAGMENT_BYTES;
  for (const { frames, payloadBytes } of tracks)
    if (frames > 0) size += TRACK_BYTES + SAMPLE_BYTES * frames + payloadBytes;
  return size;
}

/** The same for many fragments at once. `fragments` of a track: in how many it has a frame. */
export function clipFragmentsSize(
  fragments: number,
  tracks: readonly (TrackSize & { readonly fragments: number })[],
): number {
  let size = FRAGMENT_BYTES * fragments;
  for (const track of tracks)
    size += TRACK_BYTES * track.fragments + SAMPLE_BYTES * track.frames + track.payloadBytes;
  return size;
}

export interface FragmentTrack {
  readonly media: Mp4Track;
  /** In decode order. */
  readonly frames: readonly ClipFrame[];
  /** Which of the track's sample entries, from 1; 1 when left out. */
  readonly entry?: number;
}

export interface ClipFragment extends FragmentSpan {
  /** mfhd sequence_number, from 1. */
  readonly sequence: number;
  readonly tracks: readonly FragmentTrack[];
  /**
   * What the edit lists of a clip take off (`reorderTicks`, `delayTicks`) is taken off here: composition offsets are signed,
   * and presentation times true without an edit list. Media time 0 has to lie before the first frame by as much.
   */
  readonly signedOffsets?: boolean;
}

/**
 * The fragment up to its media: `moof` and the header of `mdat`. The payloads follow, track after track, in the
 * order of `tracks` and of their frames; together they are exactly `clipFragmentSize` long.
 */
export function clipFragmentHead(fragment: ClipFragment): Uint8Array {
  const tracks = fragment.tracks.filter((track) => track.frames.length > 0);
  const sizes = tracks.map(({ frames }) => payloadBytes(frames));
  let moofBytes = FRAGMENT_BYTES - MDAT_BYTES;
  for (const { frames } of tracks) moofBytes += TRACK_BYTES + SAMPLE_BYTES * frames.length;
  const out = new Uint8Array(moofBytes + MDAT_BYTES);
  const view = new DataView(out.buffer);
  startBox(out, view, { at: 0, size: moofBytes, type: "moof" });
  startBox(out, view, { at: 8, size: 16, type: "mfhd" });
  view.setUint32(20, fragment.sequence);
  let at = 24;
  let payloadAt = out.length;
  for (const [i, track] of tracks.entries()) {
    const clipTimes = sampleTimes(track.media, track.frames, fragment);
    const times = fragment.signedOffsets === true ? unshifted(track.media, clipTimes) : clipTimes;
    at = writeTrack(out, view, { at, payloadAt, track, times });
    payloadAt += sizes[i] ?? 0;
  }
  assert(at === moofBytes, "fragment size");
  writeMdatHeader(out, view, { at: moofBytes, end: payloadAt });
  return out;
}

/** Without the shift that an edit list would undo. */
function unshifted({ reorderTicks, delayTicks }: Mp4Track, times: SampleTimes): SampleTimes {
  const { start, durations, offsets } = times;
  return {
    start: Math.max(0, start - delayTicks),
    durations,
    offsets: offsets.map((offset) => offset - reorderTicks),
  };
}

/** Bytes that the frames take in `mdat`. */
export function payloadBytes(frames: readonly ClipFrame[]): number {
  let bytes = 0;
  for (const frame of frames) bytes += frame.payload.length;
  return bytes;
}

interface TrackParts {
  readonly at: number;
  readonly payloadAt: number;
  readonly track: FragmentTrack;
  readonly times: SampleTimes;
}

/** `traf`: returns the offset after it. */
function writeTrack(out: Uint8Array, view: DataView, parts: TrackParts): number {
  const { track, times, payloadAt } = parts;
  const { frames, media, entry = 1 } = track;
  const samplesBytes = SAMPLE_BYTES * frames.length;
  let { at } = parts;
  startBox(out, view, { at, size: TRACK_BYTES + samplesBytes, type: "traf" });
  at += 8;
  startBox(out, view, { at, size: TFHD_BYTES, type: "tfhd", head: TFHD_FLAGS });
  view.setUint32(at + 12, media.id);
  view.setUint32(at + 16, entry);
  at += TFHD_BYTES;
  startBox(out, view, { at, size: TFDT_BYTES, type: "tfdt", head: 0x01000000 });
  setUint64(view, at + 12, times.start);
  at += TFDT_BYTES;
  startBox(out, view, { at, size: TRUN_BYTES + samplesBytes, type: "trun", head: TRUN_FLAGS });
  view.setUint32(at + 12, frames.length);
  view.setInt32(at + 16, payloadAt);
  return writeSamples(view, at + TRUN_BYTES, frames, times);
}

function writeSamples(
  view: DataView,
  start: number,
  frames: readonly ClipFrame[],
  { durations, offsets }: SampleTimes,
): number {
  let at = start;
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i] as ClipFrame;
    view.setUint32(at, durations[i] as number);
    view.setUint32(at + 4, frame.payload.length);
    view.setUint32(at + 8, frame.key ? SYNC_SAMPLE : NON_SYNC_SAMPLE);
    view.setInt32(at + 12, offsets[i] as number);
    at += SAMPLE_BYTES;
  }
  return at;
}

/** With a 64-bit size: the same width whatever the payload. */
function writeMdatHeader(
  out: Uint8Array,
  view: DataView,
  { at, end }: { at: number; end: number },
): void {
  startBox(out, view, { at, size: 1, type: "mdat" });
  setUint64(view, at + 8, end - at);
}

interface BoxStart {
  readonly at: number;
  readonly size: number;
  readonly type: string;
  /** Version and flags. */
  readonly head?: number;
}

function startBox(out: Uint8Array, view: DataView, { at, size, type, head }: BoxStart): void {
  view.setUint32(at, size);
  setType(out, at + 4, type);
  if (head !== undefined) view.setUint32(at + 8, head);
}
