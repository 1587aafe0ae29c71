/**
 * Matroska as frames or fragments for those who consume it: a GetMedia response, a tail, a clip, a file.
 * Takes a Web stream or any async iterable of bytes, in browsers and in Node. One fragment is one Cluster.
 */
import { Fault } from "../../base/errors.ts";
import type { Frame, TrackSet } from "../track.ts";
import { type ConsumedFrame, FrameMaker, TagBag } from "./frame-maker.ts";
import type { MkvItem, SimpleTag } from "./items.ts";
import { MkvReader, type MkvReaderOptions } from "./reader.ts";

export { type ConsumedFrame, type FragmentHead, framesOf } from "./frame-maker.ts";

/** Bytes in order: `response.body`, a file stream, an array of chunks. */
export type ByteSource =
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | ReadableStream<Uint8Array>;

/** A Cluster with its frames and the tags that stand before and after it. */
export interface MkvFragment<F extends Frame = Frame> {
  readonly trackSet: TrackSet;
  readonly frames: readonly F[];
  readonly tags: ReadonlyMap<string, string>;
  /** From the tags AWS_KINESISVIDEO_…: 47 digits; epoch seconds become ms. */
  readonly fragmentNumber?: string;
  readonly producerMs?: number;
  readonly serverMs?: number;
  readonly continuationToken?: string;
  readonly millisBehindNow?: number;
}

/** Limits of `fragments`: those of the reader, and how much one fragment may hold. */
export interface FragmentOptions extends MkvReaderOptions {
  /** A Cluster larger than this is refused with `mkv.element-too-large`. Default 256 MB. */
  readonly maxFragmentBytes: number;
}

/** Frames one by one, as soon as each is whole. Throws a `Fault` where the input is bad or cut. */
export async function* frames(
  source: ByteSource,
  options: Partial<MkvReaderOptions> = {},
): AsyncGenerator<ConsumedFrame> {
  const maker = new FrameMaker();
  for await (const item of items(source, options)) yield* maker.accept(item);
}

/**
 * Fragments one by one. Tags that follow a Cluster belong to it, so a fragment comes when the next begins, or at once behind
 * GetMedia's continuation token.
 */
export async function* fragments(
  source: ByteSource,
  options: Partial<FragmentOptions> = {},
): AsyncGenerator<MkvFragment<ConsumedFrame>> {
  const { maxFragmentBytes = 256_000_000, ...rest } = options;
  const builder = new FragmentBuilder(maxFragmentBytes);
  for await (const item of items(source, rest)) {
    const done = builder.add(item);
    if (done !== undefined) yield done;
  }
  const last = builder.finish();
  if (last !== undefined) yield last;
}

/** Frames as a Web stream: `response.body.pipeThrough(new FrameStream())`. */
export class FrameStream extends TransformStream<Uint8Array, ConsumedFrame> {
  constructor(options: Partial<MkvReaderOptions> = {}) {
    const reader = new MkvReader(options);
    const maker = new FrameMaker();
    const drain = (controller: TransformStreamDefaultController<ConsumedFrame>) => {
      for (let item = reader.pull(); item !== undefined; item = reader.pull())
        for (const frame of maker.accept(item)) controller.enqueue(frame);
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
export async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (!("getReader" in source)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // Of a stream that failed the cancel fails too, with an error that was already thrown above.
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Gathers items into fragments. */
class FragmentBuilder {
  readonly #maker = new FrameMaker();
  #frames: ConsumedFrame[] = [];
  readonly #tags = new TagBag();
  #trackSet: TrackSet | undefined;
  #inCluster = false;
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the fragment that this item ends, if it does. */
  add(item: MkvItem): MkvFragment<ConsumedFrame> | undefined {
    const frames = this.#maker.accept(item);
    if (item.kind === "segment" || item.kind === "cluster") {
      const done = this.finish();
      this.#inCluster = item.kind === "cluster";
      this.#trackSet = this.#maker.trackSet;
      return done;
    }
    if (item.kind === "tags") return this.#addTags(item.tags, item.at);
    if (item.kind === "block") this.#addFrames(frames, item.block.element.length, item.block.at);
    return undefined;
  }

  finish(): MkvFragment<ConsumedFrame> | undefined {
    if (!this.#inCluster || this.#trackSet === undefined) return undefined;
    const done = fragmentOf(this.#trackSet, this.#frames, this.#tags.take());
    this.#frames = [];
    this.#bytes = 0;
    this.#inCluster = false;
    return done;
  }

  #addFrames(frames: readonly ConsumedFrame[], bytes: number, at: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes)
      throw new Fault("mkv.element-too-large", `a Cluster of more than ${this.#maxBytes} bytes`, {
        at,
      });
    this.#frames.push(...frames);
  }

  /** The fragment number stands before its Cluster: seen after one, it begins the next fragment. */
  #addTags(tags: readonly SimpleTag[], at: number): MkvFragment<ConsumedFrame> | undefined {
    const begins = tags.some((tag) => tag.name === "AWS_KINESISVIDEO_FRAGMENT_NUMBER");
    const done = begins ? this.finish() : undefined;
    this.#tags.add(tags, at);
    // GetMedia's last word on a fragment: at the live edge the next one may be seconds away.
    const ends = tags.some((tag) => tag.name === "AWS_KINESISVIDEO_CONTINUATION_TOKEN");
    return ends && this.#inCluster ? this.finish() : done;
  }
}

function fragmentOf(
  trackSet: TrackSet,
  list: readonly ConsumedFrame[],
  tags: ReadonlyMap<string, string>,
): MkvFragment<ConsumedFrame> {
  const text = (name: string) => tags.get(`AWS_KINESISVIDEO_${name}`);
  const number = (name: string, scale: number) => {
    const value = Math.round(Number(text(name) ?? Number.NaN) * scale);
    return Number.isSafeInteger(value) ? value : undefined;
  };
  const known = {
    fragmentNumber: text("FRAGMENT_NUMBER"),
    producerMs: number("PRODUCER_TIMESTAMP", 1000),
    serverMs: number("SERVER_TIMESTAMP", 1000),
    continuationToken: text("CONTINUATION_TOKEN"),
    millisBehindNow: number("MILLIS_BEHIND_NOW", 1),
  };
  const given = Object.fromEntries(Object.entries(known).filter(([, v]) => v !== undefined));
  return { trackSet, frames: list, tags, ...given };
}
