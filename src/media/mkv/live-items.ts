/**
 * Frames of a live source as the reader's items: what `MkvReader` gives for the bytes that `MkvWriter` makes of them,
 * without the bytes. For what comes in another container and is stored as Matroska: writing it only to read it
 * again costs as much as all the rest of ingest. Pure.
 */
import { type Crc32, crc32 } from "../../base/crc32.ts";
import { Rope } from "../../base/rope.ts";
import type { Frame, Track } from "../track.ts";
import type { Block, MkvItem } from "./items.ts";
import { LiveClusters } from "./live-clusters.ts";
import { MkvWriter, type MkvWriterOptions } from "./live-writer.ts";
import { MkvReader } from "./reader.ts";
import { simpleBlockHead } from "./writer.ts";

/** Headers of blocks share arrays of this size, bytes. */
const HEADS_BYTES = 4096;

export interface LiveItemsOptions extends MkvWriterOptions {
  /** Default: the portable one. */
  readonly crc32?: Crc32;
}

export class LiveItems {
  readonly #options: LiveItemsOptions;
  readonly #clusters: LiveClusters;
  readonly #crc32: Crc32;
  readonly #audio: ReadonlySet<number>;
  #heads = new Uint8Array(0);
  #open = false;
  /** CRC-32 of the open Cluster's blocks: made while their bytes are still in the processor's caches. */
  #crc = 0;

  constructor(options: LiveItemsOptions) {
    this.#options = options;
    this.#clusters = new LiveClusters(options);
    this.#crc32 = options.crc32 ?? crc32;
    this.#audio = new Set(options.tracks.filter(isAudio).map(({ number }) => number));
  }

  /** The Segment with its Info and Tracks: goes first, once. */
  start(): readonly MkvItem[] {
    const reader = new MkvReader();
    reader.push(new MkvWriter(this.#options).header());
    const items: MkvItem[] = [];
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) items.push(item);
    return items;
  }

  /** The frame's block; where it begins a Cluster, the end of the one before it and its start. */
  add(frame: Frame): readonly MkvItem[] {
    const { begins, clusterTicks, relativeTicks } = this.#clusters.place(frame);
    const before = begins ? this.end() : [];
    this.#open = true;
    const block = this.#block(frame, relativeTicks);
    for (const part of block.element.parts) this.#crc = this.#crc32(part, this.#crc);
    const item: MkvItem = { kind: "block", block, clusterTicks };
    return begins ? [...before, { kind: "cluster", at: 0, ticks: clusterTicks }, item] : [item];
  }

  /** The open Cluster is over. */
  end(): readonly MkvItem[] {
    if (!this.#open) return [];
    const blocksCrc = this.#crc;
    this.#open = false;
    this.#crc = 0;
    return [{ kind: "cluster-end", at: 0, blocksCrc }];
  }

  #block({ track, key, payload }: Frame, relativeTicks: number): Block {
    const head = simpleBlockHead({ track, relativeTicks, key, payload }, (n) => this.#room(n));
    return {
      ...{ track, relativeTicks, invisible: false, discardable: false, lacing: "none" },
      key: key || this.#audio.has(track),
      durationTicks: undefined,
      element: Rope.from([head, ...payload.parts]),
      timeOffset: head.length - 3,
      frames: [payload],
      at: 0,
    };
  }

  #room(bytes: number): Uint8Array {
    if (this.#heads.length < bytes) this.#heads = new Uint8Array(HEADS_BYTES);
    const room = this.#heads.subarray(0, bytes);
    this.#heads = this.#heads.subarray(bytes);
    return room;
  }
}

function isAudio({ type }: Track): boolean {
  return type === "audio";
}
