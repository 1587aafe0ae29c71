/** What a Matroska file holds, counted while its bytes pass: our mkvinfo. Keeps no media. */
import { asFault, type FaultCode } from "../../base/errors.ts";
import type { Block, MkvItem } from "./items.ts";
import { MkvReader, type MkvReaderOptions } from "./reader.ts";

export interface MkvSummary {
  readonly tracks: readonly {
    readonly number: number;
    readonly type: string;
    /** Matroska CodecID. */
    readonly codec: string;
  }[];
  /** Frames of all tracks, laces taken apart. */
  readonly frames: number;
  readonly framesPerTrack: Readonly<Record<number, number>>;
  /** Key frames of the video tracks; of all tracks when there is no video. */
  readonly keyframes: number;
  /** Clusters. */
  readonly fragments: number;
  readonly segments: number;
  /** From the earliest to the latest block time, ms, over all Segments. */
  readonly durationMs: number;
  /** The first fault and its byte offset; what came before it is counted. */
  readonly error: { readonly code: FaultCode; readonly offset: number } | null;
}

export class MkvInspector {
  readonly #reader: MkvReader;
  readonly #tracks = new Map<number, { number: number; type: string; codec: string }>();
  readonly #perTrack = new Map<number, number>();
  readonly #keysPerTrack = new Map<number, number>();
  #frames = 0;
  #fragments = 0;
  #segments = 0;
  #scaleNs = 1_000_000;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #error: MkvSummary["error"] = null;

  constructor(options: Partial<MkvReaderOptions> = {}) {
    this.#reader = new MkvReader(options);
  }

  /** Never throws for what is in the bytes: the fault is in the summary. */
  push(chunk: Uint8Array): void {
    if (this.#error !== null) return;
    this.#reader.push(chunk);
    this.#drain();
  }

  end(): void {
    if (this.#error !== null) return;
    this.#reader.end();
    this.#drain();
    if (this.#segments === 0 && this.#error === null)
      this.#error = { code: "mkv.not-matroska", offset: 0 };
  }

  /** Bytes pushed and not yet counted: never more than one element. */
  get heldBytes(): number {
    return this.#reader.heldBytes;
  }

  summary(): MkvSummary {
    const tracks = [...this.#tracks.values()];
    const video = tracks.filter((t) => t.type === "video");
    const counted = video.length > 0 ? video : tracks;
    const keys = counted.reduce((sum, t) => sum + (this.#keysPerTrack.get(t.number) ?? 0), 0);
    return {
      tracks,
      frames: this.#frames,
      framesPerTrack: Object.fromEntries(this.#perTrack),
      keyframes: keys,
      fragments: this.#fragments,
      segments: this.#segments,
      durationMs: this.#frames === 0 ? 0 : this.#lastMs - this.#firstMs,
      error: this.#error,
    };
  }

  #drain(): void {
    try {
      for (let item = this.#reader.pull(); item !== undefined; item = this.#reader.pull())
        this.#count(item);
    } catch (error) {
      const fault = asFault(error);
      this.#error = { code: fault.code, offset: fault.at ?? this.#reader.offset };
    }
  }

  #count(item: MkvItem): void {
    if (item.kind === "segment") this.#segments++;
    if (item.kind === "cluster") this.#fragments++;
    if (item.kind === "tracks") {
      this.#scaleNs = item.trackSet.timestampScaleNs;
      for (const { number, type, codecId } of item.trackSet.tracks)
        this.#tracks.set(number, { number, type, codec: codecId });
    }
    if (item.kind === "block") this.#block(item.block, item.clusterTicks);
  }

  #block(block: Block, clusterTicks: number): void {
    const count = block.frames.length;
    this.#frames += count;
    this.#perTrack.set(block.track, (this.#perTrack.get(block.track) ?? 0) + count);
    if (block.key)
      this.#keysPerTrack.set(block.track, (this.#keysPerTrack.get(block.track) ?? 0) + count);
    const ms = ((clusterTicks + block.relativeTicks) * this.#scaleNs) / 1e6;
    this.#firstMs = Math.min(this.#firstMs, ms);
    this.#lastMs = Math.max(this.#lastMs, ms);
  }
}
