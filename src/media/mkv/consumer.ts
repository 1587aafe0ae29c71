/**
 * Matroska as frames or fragments for those who consume it: a GetMedia response, a tail, a clip, a file.
 * Takes a Web stream or any async iterable of bytes, in browsers and in Node. One fragment is one Cluster.
 */
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { type Micros, micros } from "../../base/units.ts";
import type { Frame, TrackSet } from "../track.ts";
import type { Block, MkvItem } from "./items.ts";
import { MkvReader, type MkvReaderOptions } from "./reader.ts";

/** Bytes in order: `response.body`, a file stream, an array of chunks. */
export type ByteSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | ReadableStream<Uint8Array>;

/** A Cluster with its frames and the tags that stand before and after it. */
export interface MkvFragment {
  readonly trackSet: TrackSet;
  readonly frames: readonly Frame[];
  readonly tags: ReadonlyMap<string, string>;
  /** From the tags AWS_KINESISVIDEO_…: 47 digits; epoch seconds become ms. */
  readonly fragmentNumber?: string;
  readonly producerMs?: number;
  readonly serverMs?: number;
  readonly continuationToken?: string;
  readonly millisBehindNow?: number;
}

export interface FragmentOptions extends MkvReaderOptions {
  /** A Cluster larger than this is refused with `mkv.element-too-large`. Default 256 MB. */
  readonly maxFragmentBytes: number;
}

/** Frames one by one, as soon as each is whole. Throws a `Fault` where the input is bad or cut. */
export async function* frames(
  source: ByteSource,
  options: Partial<MkvReaderOptions> = {},
): AsyncGenerator<Frame> {
  let trackSet: TrackSet | undefined;
  for await (const item of items(source, options)) {
    if (item.kind === "tracks") trackSet = item.trackSet;
    if (item.kind === "block" && trackSet !== undefined)
      yield* framesOf(item.block, item.clusterTicks, trackSet);
  }
}

/** Fragments one by one. Tags that follow a Cluster belong to it, so a fragment comes when the next begins. */
export async function* fragments(
  source: ByteSource,
  options: Partial<FragmentOptions> = {},
): AsyncGenerator<MkvFragment> {
  const { maxFragmentBytes = 256_000_000, ...rest } = options;
  const builder = new FragmentBuilder(maxFragmentBytes);
  for await (const item of items(source, rest)) {
    const done = builder.add(item);
    if (done !== undefined) yield done;
  }
  const last = builder.finish();
  if (last !== undefined) yield last;
}

/** The same as a Web stream: `response.body.pipeThrough(new FrameStream())`. */
export class FrameStream extends TransformStream<Uint8Array, Frame> {
  constructor(options: Partial<MkvReaderOptions> = {}) {
    const reader = new MkvReader(options);
    let trackSet: TrackSet | undefined;
    const drain = (controller: TransformStreamDefaultController<Frame>) => {
      for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
        if (item.kind === "tracks") trackSet = item.trackSet;
        if (item.kind !== "block" || trackSet === undefined) continue;
        for (const frame of framesOf(item.block, item.clusterTicks, trackSet))
          controller.enqueue(frame);
      }
    };
    super({
      transform(chunk, controller) {
        reader.push(chunk);
        drain(controller);
      },
      flush(controller) {
        reader.end();
        drain(controller);
      },
    });
  }
}

/** Every item of the reader, as soon as its bytes are there. */
export async function* items(
  source: ByteSource,
  options: Partial<MkvReaderOptions> = {},
): AsyncGenerator<MkvItem> {
  const reader = new MkvReader(options);
  for await (const chunk of chunksOf(source)) {
    reader.push(chunk);
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) yield item;
  }
  reader.end();
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) yield item;
}

/** Web streams cannot be iterated in every browser: those are read through their reader. */
async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (!("getReader" in source)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
    reader.releaseLock();
  }
}

/** The block's frames with times in µs from the Segment's tick 0; laces follow each other. */
export function framesOf(block: Block, clusterTicks: number, trackSet: TrackSet): Frame[] {
  const scaleUs = trackSet.timestampScaleNs / 1000;
  const track = trackSet.tracks.find((t) => t.number === block.track);
  const startUs = (clusterTicks + block.relativeTicks) * scaleUs;
  const count = block.frames.length;
  const each =
    block.durationTicks === undefined
      ? (track?.defaultDurationNs ?? 0) / 1000
      : (block.durationTicks * scaleUs) / count;
  return block.frames.map((payload: Rope, i): Frame => {
    const timeUs: Micros = micros(Math.round(startUs + i * each));
    const duration = each > 0 ? { durationUs: each } : {};
    return { track: block.track, timeUs, key: block.key, payload, ...duration };
  });
}

/** Gathers items into fragments. */
class FragmentBuilder {
  #trackSet: TrackSet | undefined;
  #frames: Frame[] = [];
  #tags = new Map<string, string>();
  #inCluster = false;
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the fragment that this item ends, if it does. */
  add(item: MkvItem): MkvFragment | undefined {
    if (item.kind === "segment" || item.kind === "cluster") {
      const done = this.finish();
      this.#inCluster = item.kind === "cluster";
      return done;
    }
    if (item.kind === "tracks") this.#trackSet = item.trackSet;
    if (item.kind === "tags") return this.#addTags(item.tags);
    if (item.kind === "block") this.#addBlock(item.block, item.clusterTicks);
    return undefined;
  }

  #addBlock(block: Block, clusterTicks: number): void {
    if (this.#trackSet === undefined) return;
    this.#bytes += block.element.length;
    if (this.#bytes > this.#maxBytes)
      throw new Fault("mkv.element-too-large", `a Cluster of more than ${this.#maxBytes} bytes`, {
        at: block.at,
      });
    this.#frames.push(...framesOf(block, clusterTicks, this.#trackSet));
  }

  finish(): MkvFragment | undefined {
    if (!this.#inCluster || this.#trackSet === undefined) return undefined;
    const done = fragmentOf(this.#trackSet, this.#frames, this.#tags);
    this.#frames = [];
    this.#bytes = 0;
    this.#tags = new Map();
    this.#inCluster = false;
    return done;
  }

  /** The fragment number stands before its Cluster: seen after one, it begins the next fragment. */
  #addTags(tags: readonly { name: string; value: string }[]): MkvFragment | undefined {
    const begins = tags.some((tag) => tag.name === "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
    const done = begins ? this.finish() : undefined;
    for (const { name, value } of tags) this.#tags.set(name, value);
    return done;
  }
}

function fragmentOf(
  trackSet: TrackSet,
  list: readonly Frame[],
  tags: ReadonlyMap<string, string>,
): MkvFragment {
  const text = (name: string) => tags.get(`AWS_KINESISVIDEO_${name}`);
  const ms = (name: string, scale: number) => {
    const value = text(name);
    return value === undefined ? undefined : Math.round(Number(value) * scale);
  };
  const known = {
    fragmentNumber: text("FRAGMENT_NUMBER"),
    producerMs: ms("PRODUCER_TIMESTAMP", 1000),
    serverMs: ms("SERVER_TIMESTAMP", 1000),
    continuationToken: text("CONTINUATION_TOKEN"),
    millisBehindNow: ms("MILLIS_BEHIND_NOW", 1),
  };
  const given = Object.fromEntries(Object.entries(known).filter(([, v]) => v !== undefined));
  return { trackSet, frames: list, tags, ...given };
}
