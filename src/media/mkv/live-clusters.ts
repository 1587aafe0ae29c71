/**
 * Where a live stream's Clusters begin: at every key frame of the video (every few seconds when there is only audio) and
 * wherever a 16-bit relative time would not reach. Pure.
 */
import type { Frame, Track } from "../track.ts";

export interface LiveClusterOptions {
  readonly tracks: readonly Track[];
  /** Nanoseconds per tick; default 1,000,000. */
  readonly timestampScaleNs?: number;
  /** Frame time that becomes tick 0, µs; default 0. */
  readonly baseUs?: number;
  /** Length of Clusters without video, ms; default 2000. */
  readonly audioClusterMs?: number;
  /** Key frames that come sooner after a Cluster's start begin no other, ms; default 0. */
  readonly minClusterMs?: number;
}

export interface ClusterPlace {
  /** The frame is the first of its Cluster. */
  readonly begins: boolean;
  /** Timestamp of the Cluster, ticks, never negative. */
  readonly clusterTicks: number;
  /** Of the frame, from there: 16 bits, signed. */
  readonly relativeTicks: number;
}

export class LiveClusters {
  readonly #scaleUs: number;
  readonly #baseUs: number;
  readonly #audioClusterTicks: number;
  readonly #minClusterTicks: number;
  readonly #video: ReadonlySet<number>;
  #clusterTicks: number | undefined;

  constructor(options: LiveClusterOptions) {
    this.#scaleUs = (options.timestampScaleNs ?? 1_000_000) / 1000;
    this.#baseUs = options.baseUs ?? 0;
    this.#audioClusterTicks = ((options.audioClusterMs ?? 2000) * 1000) / this.#scaleUs;
    this.#minClusterTicks = ((options.minClusterMs ?? 0) * 1000) / this.#scaleUs;
    this.#video = new Set(options.tracks.filter((t) => t.type === "video").map((t) => t.number));
  }

  /** Frames in decode order. */
  place(frame: Frame): ClusterPlace {
    const ticks = Math.round((frame.timeUs - this.#baseUs) / this.#scaleUs);
    const before = this.#clusterTicks;
    const begins = before === undefined || this.#begins(frame, ticks - before);
    const clusterTicks = begins ? Math.max(0, ticks) : before;
    this.#clusterTicks = clusterTicks;
    return { begins, clusterTicks, relativeTicks: Math.max(-0x8000, ticks - clusterTicks) };
  }

  /** The next frame begins a Cluster, whatever it is. */
  end(): void {
    this.#clusterTicks = undefined;
  }

  #begins(frame: Frame, relative: number): boolean {
    if (relative > 0x7fff || relative < -0x8000) return true;
    if (this.#video.size > 0)
      return frame.key && this.#video.has(frame.track) && relative >= this.#minClusterTicks;
    return relative >= this.#audioClusterTicks;
  }
}
