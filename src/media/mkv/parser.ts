/**
 * Incremental EBML/Matroska parser, first layer: bytes in, elements out. Bytes may be split anywhere.
 *
 * Knows elements, where they start and end, their nesting and their CRC-32. Does not know tracks, frames
 * or sockets. Payloads are slices of what was pushed; at most one unfinished element is held, bounded by
 * `maxBlockBytes` or `maxElementBytes`. Elements nobody needs (Void, unknown ones, attachments) are passed
 * over unheld. Every limit is checked on the header, before the payload has come.
 */

import { ChunkCursor } from "../../base/chunk-cursor.ts";
import { type Crc32, crc32, ropeCrc32 } from "../../base/crc32.ts";
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import {
  type ElementName,
  elementById,
  endsUnknownSize,
  ID,
  type KnownElement,
} from "../ebml/elements.ts";
import { isReservedId, UNKNOWN_SIZE, vintId, vintSize, vintWidth } from "../ebml/vint.ts";
import { CrcStack, crcOf } from "./crc-stack.ts";
import type { CloseEvent, MkvEvent, OpenEvent, SkippedEvent, ValueEvent } from "./events.ts";

/** A header is at most 4 bytes of id and 8 of size (RFC 8794 §4). */
const MAX_HEADER_BYTES = 12;

/** The EBML header's id, which every input begins with. */
const FIRST_BYTES = Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3);

export interface MkvParserOptions {
  /** Largest SimpleBlock, Block or BlockGroup held in memory, bytes. Default 50 MB. */
  readonly maxBlockBytes: number;
  /** Largest other element held in memory, bytes. Default 4 MiB. */
  readonly maxElementBytes: number;
  /** Largest element passed over, bytes: a damaged size must not swallow a live stream. Default 1 GiB. */
  readonly maxSkippedBytes: number;
  /** Masters inside masters. Matroska needs 8. Default 16. */
  readonly maxDepth: number;
  /** Children of one master other than Segment and Cluster. Default 100,000. */
  readonly maxChildren: number;
  /** Masters given whole, as one value event. */
  readonly whole: ReadonlySet<ElementName>;
  /** Elements passed over unheld, beside Void and unknown ones. */
  readonly skip: ReadonlySet<ElementName>;
  readonly crc32: Crc32;
  /**
   * What a CRC-32 element that does not match does: a `mkv.bad-crc` fault (the default), a close event
   * with `crcOk: false`, or nothing, because none is computed. Checked are masters of known size that are
   * opened or given whole; not masters inside one given whole, and not what is passed over.
   */
  readonly onBadCrc: "fault" | "report" | "ignore";
}

const DEFAULTS: MkvParserOptions = {
  maxBlockBytes: 50_000_000,
  maxElementBytes: 4 << 20,
  maxSkippedBytes: 1 << 30,
  maxDepth: 16,
  maxChildren: 100_000,
  whole: new Set(),
  skip: new Set(["FileData"]),
  crc32,
  onBadCrc: "fault",
};

interface OpenMaster {
  readonly id: number;
  readonly name: ElementName;
  readonly at: number;
  readonly sized: boolean;
  /** Byte offset of its end; that of its parent when its own size is unknown, else infinite. */
  readonly end: number;
  children: number;
}

/** A value whose header was read and checked, and whose payload has not come whole. */
interface Pending {
  readonly name: ElementName;
  readonly at: number;
  readonly total: number;
}

export class MkvParser {
  readonly #options: MkvParserOptions;
  readonly #input = new ChunkCursor();
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  readonly #stack: OpenMaster[] = [];
  #pending: Pending | undefined;
  /** The element being passed over, and how many of its bytes are left. */
  #skipped: SkippedEvent | undefined;
  #skipLeft = 0;
  #ended = false;
  #failed: Fault | undefined;
  readonly #crcs: CrcStack;
  readonly #seeCrc = (part: Uint8Array) => this.#crcs.update(part);
  // The header just read.
  #id = 0;
  #size = 0;
  #headerBytes = 0;

  constructor(options: Partial<MkvParserOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#crcs = new CrcStack(this.#options.crc32);
  }

  /** Byte offset of the next byte to be parsed. */
  get offset(): number {
    return this.#input.offset;
  }

  /** Bytes pushed and not yet parsed. */
  get heldBytes(): number {
    return this.#input.length;
  }

  /** Takes any number of bytes; after a fault, drops them. The array may be kept: do not change it afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#failed === undefined) this.#input.push(chunk);
  }

  /** No more bytes will come. Go on pulling: the masters still open are closed, or a fault is thrown. */
  end(): void {
    this.#ended = true;
  }

  /**
   * The next event, or `undefined` until more bytes come. Throws a `Fault` and stays failed:
   * `mkv.not-matroska`, `bad-id`, `bad-size`, `child-overflow`, `bad-value` (a CRC-32 element of another
   * length), `bad-crc`, `element-too-large`, `too-deep`, `too-many-elements`, and after `end` `truncated`.
   */
  pull(): MkvEvent | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#pull();
    } catch (error) {
      if (error instanceof Fault) this.fail(error);
      throw error;
    }
  }

  /** A reader above found what it cannot go on from: nothing more is parsed or held. */
  fail(fault: Fault): void {
    this.#failed = fault;
    this.#input.clear();
  }

  #pull(): MkvEvent | undefined {
    if (this.#pending !== undefined) return this.#finishValue(this.#pending);
    if (this.#skipped !== undefined) return this.#passOver(this.#skipped);
    const top = this.#stack.at(-1);
    if (top !== undefined && this.#input.offset >= top.end) return this.#close();
    if (!this.#readHeader()) return this.#atEnd();
    if (top !== undefined && !top.sized && endsUnknownSize(top.id, this.#id)) return this.#close();
    return this.#element(this.#input.offset, top);
  }

  #element(at: number, top: OpenMaster | undefined): MkvEvent | undefined {
    const spec = elementById(this.#id);
    this.#checkPlace(at, top);
    const sized = this.#size !== UNKNOWN_SIZE;
    if (!sized && this.#id !== ID.Segment && this.#id !== ID.Cluster)
      throw new Fault("mkv.bad-size", `${this.#named(spec)} has no size`, { at });
    const end = at + this.#headerBytes + (sized ? this.#size : 0);
    if (top !== undefined) {
      if (end > top.end)
        throw new Fault("mkv.child-overflow", `${this.#named(spec)} ends after its parent`, { at });
      this.#countChild(top, at);
    }
    if (spec === undefined || this.#id === ID.Void || this.#options.skip.has(spec.name))
      return this.#startSkip(at);
    if (spec.master && !this.#options.whole.has(spec.name))
      return this.#open(spec.name, { at, sized, end: sized ? end : (top?.end ?? UNKNOWN_SIZE) });
    return this.#startValue(spec.name, at);
  }

  #named(spec: KnownElement | undefined): string {
    return spec?.name ?? `element ${this.#id.toString(16)}`;
  }

  /**
   * The input begins with an EBML header, and so does what follows a Segment (RFC 8794 §8.1); Clusters
   * stand in a Segment. All else is left to the layer above.
   */
  #checkPlace(at: number, top: OpenMaster | undefined): void {
    const id = this.#id;
    const root = id === ID.EBML || id === ID.Segment;
    const right =
      top === undefined
        ? root || id === ID.Void
        : !root && (id !== ID.Cluster || top.id === ID.Segment);
    if (right) return;
    const found = this.#named(elementById(id));
    const where = top === undefined ? "where an EBML header is expected" : `inside ${top.name}`;
    throw new Fault("mkv.bad-id", `${found} ${where}`, { at });
  }

  #countChild(top: OpenMaster, at: number): void {
    top.children++;
    if (top.children <= this.#options.maxChildren) return;
    if (top.id === ID.Segment || top.id === ID.Cluster) return;
    throw new Fault(
      "mkv.too-many-elements",
      `more than ${this.#options.maxChildren} elements in ${top.name}`,
      { at },
    );
  }

  #checkSize(name: string, limit: number, at: number): void {
    if (this.#size > limit)
      throw new Fault(
        "mkv.element-too-large",
        `${name} of ${this.#size} bytes; the limit is ${limit}`,
        { at },
      );
  }

  #startSkip(at: number): MkvEvent | undefined {
    this.#checkSize("an element to pass over", this.#options.maxSkippedBytes, at);
    this.#skipped = { kind: "skipped", id: this.#id, at, size: this.#size };
    this.#skipLeft = this.#headerBytes + this.#size;
    return this.#passOver(this.#skipped);
  }

  #passOver(skipped: SkippedEvent): MkvEvent | undefined {
    const count = Math.min(this.#skipLeft, this.#input.length);
    this.#input.skip(count);
    this.#skipLeft -= count;
    if (this.#skipLeft > 0) return this.#cutShort("an element", skipped.at);
    this.#skipped = undefined;
    return skipped;
  }

  #open(name: ElementName, master: Pick<OpenMaster, "at" | "sized" | "end">): OpenEvent {
    const { at, sized } = master;
    if (this.#stack.length >= this.#options.maxDepth)
      throw new Fault("mkv.too-deep", `more than ${this.#options.maxDepth} elements deep`, { at });
    this.#input.skip(this.#headerBytes);
    this.#stack.push({ id: this.#id, name, children: 0, ...master });
    return { kind: "open", name, at, size: sized ? this.#size : undefined };
  }

  #startValue(name: ElementName, at: number): ValueEvent | undefined {
    const id = this.#id;
    const isBlock = id === ID.SimpleBlock || id === ID.BlockGroup || id === ID.Block;
    this.#checkSize(
      name,
      isBlock ? this.#options.maxBlockBytes : this.#options.maxElementBytes,
      at,
    );
    const total = this.#headerBytes + this.#size;
    if (this.#input.length >= total) return this.#value(name, at, total);
    this.#pending = { name, at, total };
    return this.#cutShort(name, at);
  }

  #finishValue({ name, at, total }: Pending): ValueEvent | undefined {
    if (this.#input.length < total) return this.#cutShort(name, at);
    this.#pending = undefined;
    return this.#value(name, at, total);
  }

  #value(name: ElementName, at: number, total: number): ValueEvent {
    const element = this.#input.take(total);
    const headerBytes = this.#headerBytes;
    if (this.#options.onBadCrc !== "ignore") {
      if (this.#id === ID.CRC32) this.#startCrc(element, at);
      else this.#checkWhole(name, element, at);
    }
    return { kind: "value", name, at, element, headerBytes };
  }

  /** CRC-32 counts from the element after it to the end of its parent (RFC 8794 §11.3.1). */
  #startCrc(element: Rope, at: number): void {
    const expected = crcOf(element.slice(this.#headerBytes), at);
    const top = this.#stack.at(-1);
    if (!top?.sized || top.children !== 1) return;
    this.#input.flush();
    this.#crcs.start(this.#stack.length, expected);
    this.#input.watch(this.#seeCrc);
  }

  /** A master given whole that has a CRC-32 first: 2 bytes of header and 4 of value. */
  #checkWhole(name: ElementName, element: Rope, at: number): void {
    const start = this.#headerBytes;
    if (element.at(start) !== ID.CRC32 || element.at(start + 1) !== 0x84) return;
    if (!this.#options.whole.has(name) || element.length < start + 6) return;
    const crc = ropeCrc32(element.slice(start + 6), this.#options.crc32);
    if (crc === crcOf(element.slice(start + 2, start + 6), at)) return;
    if (this.#options.onBadCrc === "fault") throw badCrc(name, at);
  }

  #close(): CloseEvent {
    const depth = this.#stack.length;
    const { name, at } = this.#stack.pop() as OpenMaster;
    const checked = this.#closeCrc(depth);
    const crcOk = checked?.ok ?? true;
    if (!crcOk && this.#options.onBadCrc === "fault") throw badCrc(name, at);
    return { kind: "close", name, at: this.#input.offset, crcOk, crc: checked?.crc };
  }

  #closeCrc(depth: number): ReturnType<CrcStack["close"]> {
    if (!this.#crcs.active) return undefined;
    this.#input.flush();
    const checked = this.#crcs.close(depth);
    if (!this.#crcs.active) this.#input.watch(undefined);
    return checked;
  }

  /** No whole header: wait for bytes, or finish. Masters whose size is unknown end with the input. */
  #atEnd(): MkvEvent | undefined {
    if (!this.#ended) return undefined;
    const top = this.#stack.at(-1);
    const at = this.#input.offset;
    if (this.#input.length > 0) return this.#cutShort("an element header", at);
    if (top === undefined) return undefined;
    return top.end === UNKNOWN_SIZE ? this.#close() : this.#cutShort(top.name, at);
  }

  #cutShort(inside: string, at: number): undefined {
    if (this.#ended) throw new Fault("mkv.truncated", `the input ended inside ${inside}`, { at });
    return undefined;
  }

  /** Reads id and size of the next element without taking them. False: more bytes are needed. */
  #readHeader(): boolean {
    this.#input.advance();
    let bytes = this.#input.current;
    let pos = this.#input.position;
    let available = bytes.length - pos;
    if (available < MAX_HEADER_BYTES) {
      bytes = this.#header;
      pos = 0;
      available = this.#input.peek(bytes, MAX_HEADER_BYTES);
      if (available === 0) return false;
    }
    if (this.#input.offset === 0) checkFirst(bytes, pos, available);
    const first = bytes[pos] as number;
    const idBytes = vintWidth(first);
    if (idBytes > 4) throw this.#bad("mkv.bad-id", `an element id cannot start with ${first}`);
    if (available <= idBytes) return false;
    const id = vintId(bytes, pos, idBytes);
    if (isReservedId(id, idBytes)) throw this.#bad("mkv.bad-id", "an element id is reserved");
    const sizeBytes = vintWidth(bytes[pos + idBytes] as number);
    if (sizeBytes > 8) throw this.#bad("mkv.bad-size", "an element size cannot start with 0");
    if (available < idBytes + sizeBytes) return false;
    const size = vintSize(bytes, pos + idBytes, sizeBytes);
    if (size > Number.MAX_SAFE_INTEGER && size !== UNKNOWN_SIZE)
      throw this.#bad("mkv.bad-size", "an element size beyond 2^53");
    this.#id = id;
    this.#size = size;
    this.#headerBytes = idBytes + sizeBytes;
    return true;
  }

  #bad(code: "mkv.bad-id" | "mkv.bad-size", message: string): Fault {
    return new Fault(code, message, { at: this.#input.offset });
  }
}

/** Refuses what is not Matroska at its first wrong byte. */
function checkFirst(bytes: Uint8Array, pos: number, available: number): void {
  for (let i = 0; i < Math.min(available, FIRST_BYTES.length); i++)
    if (bytes[pos + i] !== FIRST_BYTES[i])
      throw new Fault("mkv.not-matroska", "the input does not begin with EBML", { at: 0 });
}

function badCrc(name: ElementName, at: number): Fault {
  return new Fault("mkv.bad-crc", `${name} does not match its CRC-32`, { at });
}
