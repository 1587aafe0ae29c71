/**
 * Over the elements of one or more Matroska documents as they come: where each is and how large, a copy without some of them,
 * and several documents (a body of GetMedia has one per fragment) as one. Bytes may be split anywhere; nothing larger than an element
 * is held.
 */
import type { ElementName } from "../ebml/elements.ts";
import type { ByteSource } from "./consumer.ts";
import { chunksOf } from "./consumer.ts";
import type { MkvEvent } from "./events.ts";
import { idBytes, join, UNKNOWN_SIZE_8 } from "./out.ts";
import { MkvParser, type MkvParserOptions } from "./parser.ts";

/** Where an element stands. */
export interface LaidOut {
  readonly name: ElementName;
  /** 0 for EBML and Segment. */
  readonly depth: number;
  /** Byte offset of its header. */
  readonly at: number;
  /** Bytes of its payload; undefined where the size is unknown. */
  readonly size: number | undefined;
}

/** How a copy is made. */
export interface CopyOptions {
  /** Which elements are kept, those of a Segment and of a Cluster. Default: all. */
  readonly keep?: (name: ElementName) => boolean;
}

/** How documents become one. */
export interface MergeOptions extends CopyOptions {
  /**
   * Where the tracks are others, or time goes back: `document` begins another document, `stop` ends there. Default `document`.
   */
  readonly onChange?: "document" | "stop";
}

/** Children of a Segment that are handed over whole; a Cluster may have no size, and is not. */
const WHOLE: ReadonlySet<ElementName> = new Set([
  ...(["EBML", "SeekHead", "Info", "Tracks", "Tags", "Cues", "Chapters"] as const),
  ...(["Attachments", "BlockGroup"] as const),
]);

/** Every event of the parser, as soon as its bytes are there. Throws a `Fault` where the input is bad or cut. */
export async function* events(
  source: ByteSource,
  options: Partial<MkvParserOptions> = {},
): AsyncGenerator<MkvEvent> {
  const parser = new MkvParser(options);
  for await (const chunk of chunksOf(source)) {
    parser.push(chunk);
    for (let event = parser.pull(); event !== undefined; event = parser.pull()) yield event;
  }
  parser.end();
  for (let event = parser.pull(); event !== undefined; event = parser.pull()) yield event;
}

/** Every known element in the order in which it begins. */
export async function* layout(source: ByteSource): AsyncGenerator<LaidOut> {
  let depth = 0;
  for await (const event of events(source)) {
    if (event.kind === "close") depth--;
    if (event.kind === "open") {
      yield { name: event.name, depth, at: event.at, size: event.size };
      depth++;
    }
    if (event.kind === "value") {
      const { name, at, element, headerBytes } = event;
      yield { name, depth, at, size: element.length - headerBytes };
    }
  }
}

/** The same elements, each as it came; Segments and Clusters of unknown size, without Void and what nobody knows. */
export async function* copy(
  source: ByteSource,
  { keep = () => true }: CopyOptions = {},
): AsyncGenerator<Uint8Array> {
  for await (const event of events(source, { whole: WHOLE })) yield* written(event, keep);
}

/**
 * Documents one after the other as one, as long as their tracks are the same to the byte and time does not go back: the header of
 * the first, and the Clusters and Tags of all, as they came.
 */
export async function* merge(
  source: ByteSource,
  { keep = () => true, onChange = "document" }: MergeOptions = {},
): AsyncGenerator<Uint8Array> {
  const merger = new Merger();
  for await (const event of events(source, { whole: WHOLE })) {
    const made = merger.accept(event, keep);
    if (merger.documents > 1 && onChange === "stop") return;
    yield* made;
  }
}

function written(event: MkvEvent, keep: (name: ElementName) => boolean): readonly Uint8Array[] {
  if (event.kind === "open") return [join([idBytes(event.name), UNKNOWN_SIZE_8])];
  // A checksum is of what is behind it: of a Cluster, that has another size now.
  if (event.kind !== "value" || event.name === "CRC32" || !keep(event.name)) return [];
  return event.element.parts;
}

class Merger {
  documents = 0;
  /** Of the document at hand, before its first Cluster. */
  #head: Uint8Array[] = [];
  #inHead = false;
  #tracks = "";
  #newTracks = "";
  #lastTicks = -1;
  /** A Cluster has begun; its time is not known yet. */
  #cluster: Uint8Array[] | undefined;

  accept(event: MkvEvent, keep: (name: ElementName) => boolean): readonly Uint8Array[] {
    const bytes = written(event, keep);
    if (event.kind === "value" && event.name === "EBML") {
      this.#inHead = true;
      this.#head = [...bytes];
      return [];
    }
    if (event.kind === "open" && event.name === "Cluster") {
      this.#cluster = [...bytes];
      return [];
    }
    if (event.kind === "value" && event.name === "Timestamp" && this.#cluster !== undefined)
      return this.#begin(this.#cluster, ticksOf(event), bytes);
    if (event.kind === "value" && event.name === "Tracks") this.#newTracks = hexOf(event);
    if (!this.#inHead || this.#cluster !== undefined) return this.#held(bytes);
    this.#head.push(...bytes);
    return [];
  }

  /** A Cluster's first element is its time; what stands before it waits. */
  #held(bytes: readonly Uint8Array[]): readonly Uint8Array[] {
    if (this.#cluster === undefined) return bytes;
    this.#cluster.push(...bytes);
    return [];
  }

  #begin(cluster: readonly Uint8Array[], ticks: number, time: readonly Uint8Array[]): Uint8Array[] {
    const same = this.#newTracks === this.#tracks && ticks >= this.#lastTicks;
    const out = [...cluster, ...time];
    if (this.documents === 0 || !same) {
      this.documents++;
      out.unshift(...this.#head);
    } else if (this.#inHead) {
      out.unshift(...this.#tagsOfHead());
    }
    this.#tracks = this.#newTracks;
    this.#lastTicks = ticks;
    this.#inHead = false;
    this.#cluster = undefined;
    return out;
  }

  /** What a document says of its fragment stands before its Cluster. */
  #tagsOfHead(): Uint8Array[] {
    const id = idBytes("Tags");
    return this.#head.filter((part) => id.every((byte, i) => part[i] === byte));
  }
}

function ticksOf(event: Extract<MkvEvent, { kind: "value" }>): number {
  let ticks = 0;
  for (const byte of event.element.toBytes().subarray(event.headerBytes))
    ticks = ticks * 256 + byte;
  return ticks;
}

function hexOf({ element }: Extract<MkvEvent, { kind: "value" }>): string {
  return Array.from(element.toBytes(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
