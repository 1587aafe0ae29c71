/** One fragment while it grows: its blocks as few slices, its times and counts. */
import { Rope } from "../base/rope.ts";
import { micros } from "../base/units.ts";
import { retimeBlock } from "../media/mkv/block.ts";
import type { Block, SimpleTag } from "../media/mkv/items.ts";
import type { TrackSet } from "../media/track.ts";
import type { FragmentInfo, SealedFragment, TrackTotals } from "./fragment.ts";

/** A sealed fragment before the session gives it its number and name. */
export interface CutFragment extends Omit<SealedFragment, "info"> {
  readonly info: Omit<FragmentInfo, "number" | "session">;
}

interface TrackState {
  readonly track: number;
  readonly video: boolean;
  readonly defaultDurationUs: number;
  frames: number;
  keyframes: number;
  payloadBytes: number;
  minUs: number;
  maxUs: number;
  /** Duration of the frame at `maxUs`, when the container says it. */
  lastDurationUs: number;
}

export interface FragmentStart {
  readonly trackSet: TrackSet;
  /** The cluster it begins in: its Timestamp in ticks, and that time in ns since the Unix epoch. */
  readonly baseTicks: number;
  readonly clusterNs: bigint;
  readonly seekable: boolean;
  readonly run: number;
}

export class FragmentBuilder {
  readonly start: FragmentStart;
  bytes = 0;
  /** Earliest and latest block time so far, µs. */
  minUs = Number.POSITIVE_INFINITY;
  maxUs = Number.NEGATIVE_INFINITY;
  hasVideo = false;
  /** CRC-32 of the blocks, when they are exactly those of a Cluster whose CRC-32 was checked. */
  blocksCrc: number | undefined;
  readonly tags: SimpleTag[] = [];
  readonly #tracks: TrackState[];
  readonly #parts: Uint8Array[] = [];
  // The slice being grown: blocks that lie next to each other in memory become one.
  #buffer: ArrayBufferLike | undefined;
  #from = 0;
  #to = 0;

  constructor(start: FragmentStart) {
    this.start = start;
    this.#tracks = start.trackSet.tracks.map((track) => ({
      track: track.number,
      video: track.type === "video",
      defaultDurationUs: (track.defaultDurationNs ?? 0) / 1000,
      frames: 0,
      keyframes: 0,
      payloadBytes: 0,
      minUs: Number.POSITIVE_INFINITY,
      maxUs: Number.NEGATIVE_INFINITY,
      lastDurationUs: 0,
    }));
  }

  /** `relativeTicks` counts from the fragment's own cluster time. `endUs` ≥ `timeUs` is the last lace's time. */
  add(block: Block, relativeTicks: number, timeUs: number, durationUs: number): void {
    const element =
      relativeTicks === block.relativeTicks ? block.element : retimeBlock(block, relativeTicks);
    this.bytes += element.length;
    this.blocksCrc = undefined;
    for (const part of element.parts) this.#append(part);
    if (timeUs < this.minUs) this.minUs = timeUs;
    if (timeUs > this.maxUs) this.maxUs = timeUs;
    const state = this.#state(block.track);
    if (state !== undefined) this.#count(state, block, timeUs, durationUs);
  }

  #count(state: TrackState, block: Block, timeUs: number, durationUs: number): void {
    const { frames } = block;
    state.frames += frames.length;
    if (block.key) state.keyframes += frames.length;
    for (const frame of frames) state.payloadBytes += frame.length;
    if (state.video) this.hasVideo = true;
    if (timeUs < state.minUs) state.minUs = timeUs;
    if (timeUs < state.maxUs) return;
    state.maxUs = timeUs;
    state.lastDurationUs = durationUs;
  }

  /** A handful of tracks: a loop is faster than a map. */
  #state(track: number): TrackState | undefined {
    for (const state of this.#tracks) if (state.track === track) return state;
    return undefined;
  }

  #append(part: Uint8Array): void {
    if (part.buffer === this.#buffer && part.byteOffset === this.#to) {
      this.#to += part.length;
      return;
    }
    this.#flush();
    this.#buffer = part.buffer;
    this.#from = part.byteOffset;
    this.#to = part.byteOffset + part.length;
  }

  #flush(): void {
    if (this.#buffer !== undefined)
      this.#parts.push(new Uint8Array(this.#buffer, this.#from, this.#to - this.#from));
    this.#buffer = undefined;
  }

  seal(): CutFragment {
    this.#flush();
    const { trackSet, clusterNs, seekable, run } = this.start;
    const present = this.#tracks.filter((state) => state.frames > 0);
    const endUs = Math.max(this.#endUs(present), Math.floor(this.minUs) + 1);
    return {
      trackSet,
      clusterNs,
      blocks: Rope.from(this.#parts),
      tags: this.tags,
      ...(this.blocksCrc === undefined ? {} : { blocksCrc: this.blocksCrc }),
      info: {
        producedStartUs: micros(Math.floor(this.minUs)),
        producedEndUs: micros(endUs),
        seekable,
        run,
        totals: present.map(totalsOf),
      },
    };
  }

  /** The pictures' end; the sound's when there are none. Sound that outlasts the picture is in the next fragment's time. */
  #endUs(present: readonly TrackState[]): number {
    const video = present.filter((state) => state.video);
    const counted = video.length > 0 ? video : present;
    return Math.max(...counted.map((state) => endOf(state, this.start.trackSet)));
  }
}

function totalsOf({ track, frames, keyframes, payloadBytes }: TrackState): TrackTotals {
  return { track, frames, keyframes, payloadBytes };
}

/** Last presentation time + its duration: said, or by the track's default, or the mean of the fragment. */
function endOf(state: TrackState, trackSet: TrackSet): number {
  if (state.lastDurationUs > 0) return Math.round(state.maxUs + state.lastDurationUs);
  const tickUs = trackSet.timestampScaleNs / 1000;
  const mean = state.frames > 1 ? (state.maxUs - state.minUs) / (state.frames - 1) : 0;
  const duration = state.defaultDurationUs > 0 ? state.defaultDurationUs : mean;
  // Rounded down to a tick: times are ticks, and an end past the next start would be an overlap.
  const ticks = Math.floor((duration + 1e-6) / tickUs);
  return Math.round(state.maxUs + Math.max(1, ticks) * tickUs);
}
