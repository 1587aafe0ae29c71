/**
 * Streaming Matroska muxer: frames in, bytes out, nothing held back. Segment and Clusters have unknown
 * sizes, as live Matroska has. A new Cluster begins at every key frame of the video (every few seconds
 * when there is only audio) and wherever a 16-bit relative time would not reach.
 */
import { Rope } from "../../base/rope.ts";
import type { Frame, Track } from "../track.ts";
import type { SimpleTag } from "./items.ts";
import { idBytes, join, UNKNOWN_SIZE_8, uintElement } from "./out.ts";
import {
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlock,
  tagsElement,
  tracksElement,
} from "./writer.ts";

/** Ends a fragment at once at a KVS server (docs/formats/acks.md). */
export const END_OF_FRAGMENT_TAG = "AWS_KINESISVIDEO_END_OF_FRAGMENT";

export interface MkvWriterOptions {
  readonly tracks: readonly Track[];
  /** Nanoseconds per tick; default 1,000,000. */
  readonly timestampScaleNs?: number;
  /** Frame time that becomes tick 0, µs; default 0. */
  readonly baseUs?: number;
  /** DateUTC: nanoseconds since the Unix epoch at tick 0. */
  readonly dateUtcNs?: bigint;
  /** Length of Clusters without video, ms; default 2000. */
  readonly audioClusterMs?: number;
  /** Key frames that come sooner after a Cluster's start begin no other, ms; default 0. */
  readonly minClusterMs?: number;
}

export class MkvWriter {
  readonly #options: MkvWriterOptions;
  readonly #scaleUs: number;
  readonly #baseUs: number;
  readonly #audioClusterTicks: number;
  readonly #minClusterTicks: number;
  readonly #video: ReadonlySet<number>;
  #clusterTicks: number | undefined;

  constructor(options: MkvWriterOptions) {
    this.#options = options;
    this.#scaleUs = (options.timestampScaleNs ?? 1_000_000) / 1000;
    this.#baseUs = options.baseUs ?? 0;
    this.#audioClusterTicks = ((options.audioClusterMs ?? 2000) * 1000) / this.#scaleUs;
    this.#minClusterTicks = ((options.minClusterMs ?? 0) * 1000) / this.#scaleUs;
    this.#video = new Set(options.tracks.filter((t) => t.type === "video").map((t) => t.number));
  }

  /** EBML header, Segment, Info and Tracks: goes first, once. */
  header(): Uint8Array {
    const { tracks, dateUtcNs, timestampScaleNs = 1_000_000 } = this.#options;
    const info = { timestampScaleNs, ...(dateUtcNs === undefined ? {} : { dateUtcNs }) };
    return join([ebmlHeader(), segmentHeader(), infoElement(info), tracksElement(tracks)]);
  }

  /** The frame as a SimpleBlock, with a Cluster header before it where a new one begins. */
  add(frame: Frame): Rope {
    const ticks = Math.round((frame.timeUs - this.#baseUs) / this.#scaleUs);
    const begins = this.#begins(frame, ticks);
    if (begins) this.#clusterTicks = Math.max(0, ticks);
    const relativeTicks = Math.max(-0x8000, ticks - (this.#clusterTicks ?? 0));
    const { track, key, payload } = frame;
    const block = simpleBlock({ track, relativeTicks, key, payload });
    if (!begins) return block;
    return Rope.concat([Rope.of(clusterStart(this.#clusterTicks ?? 0)), block]);
  }

  /** A Tags element. It ends the Cluster: the next frame begins another. */
  tags(tags: readonly SimpleTag[]): Uint8Array {
    this.#clusterTicks = undefined;
    return tagsElement(tags, { sizeWidth: 8 });
  }

  /** The tag that tells a KVS server that the fragment is whole. */
  endOfFragment(): Uint8Array {
    return this.tags([{ name: END_OF_FRAGMENT_TAG, value: "" }]);
  }

  #begins(frame: Frame, ticks: number): boolean {
    if (this.#clusterTicks === undefined) return true;
    const relative = ticks - this.#clusterTicks;
    if (relative > 0x7fff || relative < -0x8000) return true;
    if (this.#video.size > 0)
      return frame.key && this.#video.has(frame.track) && relative >= this.#minClusterTicks;
    return relative >= this.#audioClusterTicks;
  }
}

function clusterStart(ticks: number): Uint8Array {
  return join([idBytes("Cluster"), UNKNOWN_SIZE_8, uintElement("Timestamp", ticks)]);
}
