/** Block times on the producer's clock, and where the timeline breaks. */
import type { Block } from "../media/mkv/items.ts";
import type { TrackSet } from "../media/track.ts";
import type { FragmentLimits } from "./limits.ts";

interface TrackClock {
  readonly track: number;
  /** µs per frame by the track's own word, or 0. */
  readonly defaultDurationUs: number;
  lastUs: number;
}

export class Timeline {
  readonly #tickUs: number;
  readonly #tracks: readonly TrackClock[];
  /** Cluster time in µs since the Unix epoch: whole part and fraction, so that sub-µs scales add up. */
  #clusterUs = 0;
  #maxUs = Number.NEGATIVE_INFINITY;

  constructor(trackSet?: TrackSet) {
    this.#tickUs = (trackSet?.timestampScaleNs ?? 1_000_000) / 1000;
    this.#tracks = (trackSet?.tracks ?? []).map((track) => ({
      track: track.number,
      defaultDurationUs: (track.defaultDurationNs ?? 0) / 1000,
      lastUs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** A Cluster begins at this time, ns since the Unix epoch. */
  cluster(ns: bigint): void {
    this.#clusterUs = Number(ns / 1000n) + Number(ns % 1000n) / 1000;
  }

  /** The block's presentation time, µs since the Unix epoch. */
  timeUs(block: Block): number {
    return this.#clusterUs + block.relativeTicks * this.#tickUs;
  }

  /** µs per frame of the block: its own BlockDuration shared by its laces, else the track's default, else 0. */
  durationUs(block: Block): number {
    if (block.durationTicks !== undefined)
      return (block.durationTicks * this.#tickUs) / Math.max(1, block.frames.length);
    return this.#clock(block.track)?.defaultDurationUs ?? 0;
  }

  /** Whether this block does not go on with the run: a step back on its track, or a jump ahead of all. */
  breaks(block: Block, timeUs: number, limits: FragmentLimits): boolean {
    if (timeUs > this.#maxUs + limits.jumpMs * 1000)
      return this.#maxUs !== Number.NEGATIVE_INFINITY;
    const clock = this.#clock(block.track);
    return clock !== undefined && timeUs < clock.lastUs - limits.backMs * 1000;
  }

  /** The block is part of the run. */
  saw(block: Block, timeUs: number): void {
    if (timeUs > this.#maxUs) this.#maxUs = timeUs;
    const clock = this.#clock(block.track);
    if (clock !== undefined && timeUs > clock.lastUs) clock.lastUs = timeUs;
  }

  /** Forgets the run's times. */
  restart(): void {
    this.#maxUs = Number.NEGATIVE_INFINITY;
    for (const clock of this.#tracks) clock.lastUs = Number.NEGATIVE_INFINITY;
  }

  #clock(track: number): TrackClock | undefined {
    for (const clock of this.#tracks) if (clock.track === track) return clock;
    return undefined;
  }
}
