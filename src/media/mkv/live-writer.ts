/**
 * Streaming Matroska muxer: frames in, bytes out, nothing held back. Segment and Clusters have unknown
 * sizes, as live Matroska has.
 */
import { Rope } from "../../base/rope.ts";
import type { Frame, Track } from "../track.ts";
import type { SimpleTag } from "./items.ts";
import { type LiveClusterOptions, LiveClusters } from "./live-clusters.ts";
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

export interface MkvWriterOptions extends LiveClusterOptions {
  readonly tracks: readonly Track[];
  /** DateUTC: nanoseconds since the Unix epoch at tick 0. */
  readonly dateUtcNs?: bigint;
}

export class MkvWriter {
  readonly #options: MkvWriterOptions;
  readonly #clusters: LiveClusters;

  constructor(options: MkvWriterOptions) {
    this.#options = options;
    this.#clusters = new LiveClusters(options);
  }

  /** EBML header, Segment, Info and Tracks: goes first, once. */
  header(): Uint8Array {
    const { tracks, dateUtcNs, timestampScaleNs = 1_000_000 } = this.#options;
    const info = { timestampScaleNs, ...(dateUtcNs === undefined ? {} : { dateUtcNs }) };
    return join([ebmlHeader(), segmentHeader(), infoElement(info), tracksElement(tracks)]);
  }

  /** The frame as a SimpleBlock, with a Cluster header before it where a new one begins. */
  add(frame: Frame): Rope {
    const { begins, clusterTicks, relativeTicks } = this.#clusters.place(frame);
    const { track, key, payload } = frame;
    const block = simpleBlock({ track, relativeTicks, key, payload });
    if (!begins) return block;
    return Rope.concat([Rope.of(clusterStart(clusterTicks)), block]);
  }

  /** A Tags element. It ends the Cluster: the next frame begins another. */
  tags(tags: readonly SimpleTag[]): Uint8Array {
    this.#clusters.end();
    return tagsElement(tags, { sizeWidth: 8 });
  }

  /** The tag that tells a KVS server that the fragment is whole. */
  endOfFragment(): Uint8Array {
    return this.tags([{ name: END_OF_FRAGMENT_TAG, value: "" }]);
  }
}

function clusterStart(ticks: number): Uint8Array {
  return join([idBytes("Cluster"), UNKNOWN_SIZE_8, uintElement("Timestamp", ticks)]);
}
