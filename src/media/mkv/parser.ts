/**
 * Incremental EBML/Matroska parser, first layer: bytes in, elements out. Bytes may be split anywhere.
 *
 * Knows elements, where they start and end, their nesting and their CRC-32. Does not know tracks, frames
 * or sockets. Payloads are slices of what was pushed; at most one unfinished element is held, bounded by
 * `maxElementBytes`. Elements nobody needs (Void, unknown ones, attachments) are passed over unheld.
 */
import { type Crc32, crc32 } from "../../base/crc32.ts";
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { type ElementName, elementById, endsUnknownSize, ID } from "../ebml/elements.ts";
import { ChunkCursor } from "./chunk-cursor.ts";

/** A header is at most 4 bytes of id and 8 of size (RFC 8794 §4). */
const MAX_HEADER_BYTES = 12;

export type MkvEvent = OpenEvent | CloseEvent | ValueEvent | SkippedEvent;

/** A master element began. */
export interface OpenEvent {
  readonly kind: "open";
  readonly name: ElementName;
  readonly at: number;
  /** Payload bytes, or undefined when the size is unknown. */
  readonly size: number | undefined;
}

/** A master element ended: by its size, by what follows it, or with the input. */
export interface CloseEvent {
  readonly kind: "close";
  readonly name: ElementName;
  /** Byte offset after its last byte. */
  readonly at: number;
}

/** An element that is not a master, or a master asked for whole. */
export interface ValueEvent {
  readonly kind: "value";
  readonly name: ElementName;
  readonly at: number;
  /** Header and payload, as they came. */
  readonly element: Rope;
  readonly headerBytes: number;
}

/** An element that was passed over: Void, unknown, or not wanted. */
export interface SkippedEvent {
  readonly kind: "skipped";
  readonly id: number;
  readonly at: number;
  readonly size: number;
}

export interface MkvParserOptions {
  /** Largest SimpleBlock, Block or BlockGroup held in memory, bytes. */
  readonly maxBlockBytes: number;
  /** Largest other element held in memory, bytes. */
  readonly maxElementBytes: number;
  /** Masters inside masters. Matroska needs 8. */
  readonly maxDepth: number;
  /** Children of one master other than Segment and Cluster. */
  readonly maxChildren: number;
  /** Masters given whole, as one value event. */
  readonly whole: ReadonlySet<ElementName>;
  /** Elements passed over unheld, beside Void and unknown ones. */
  readonly skip: ReadonlySet<ElementName>;
  readonly crc32: Crc32;
  /** Check CRC-32 elements of masters with a known size. */
  readonly checkCrc: boolean;
}

const DEFAULTS: MkvParserOptions = {
  maxBlockBytes: 50 << 20,
  maxElementBytes: 4 << 20,
  maxDepth: 16,
  maxChildren: 100_000,
  whole: new Set(),
  skip: new Set(["FileData"]),
  crc32,
  checkCrc: true,
};

interface OpenMaster {
  readonly id: number;
  readonly name: ElementName;
  readonly at: number;
  /** Byte offset of its end; infinite when the size is unknown. */
  readonly end: number;
  children: number;
  /** CRC-32 expected, and the one of the bytes after it so far. */
  expectedCrc: number | undefined;
  crc: number;
}

export class MkvParser {
  readonly #options: MkvParserOptions;
  readonly #input = new ChunkCursor();
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  readonly #stack: OpenMaster[] = [];
  /** Bytes of the current element still to be passed over. */
  #skipLeft = 0;
  #skipped: SkippedEvent | undefined;
  #ended = false;
  #failed: Fault | undefined;
  /** Any open master that has a CRC to keep up to date. */
  #crcMasters = 0;
  // The header just read.
  #id = 0;
  #size = 0;
  #headerBytes = 0;

  constructor(options: Partial<MkvParserOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Byte offset of the next byte to be parsed. */
  get offset(): number {
    return this.#input.offset;
  }

  /** Bytes pushed and not yet parsed. */
  get heldBytes(): number {
    return this.#input.length;
  }

  /** Takes any number of bytes. The array may be kept: do not change it afterwards. */
  push(chunk: Uint8Array): void {
    this.#input.push(chunk);
  }

  /** No more bytes will come. Go on pulling: the masters still open are closed, or a fault is thrown. */
  end(): void {
    this.#ended = true;
  }

  /** The next event, or `undefined` until more bytes come. Throws a `Fault` and stays failed. */
  pull(): MkvEvent | undefined {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      return this.#pull();
    } catch (error) {
      if (error instanceof Fault) this.#failed = error;
      throw error;
    }
  }

  #pull(): MkvEvent | undefined {
    for (;;) {
      if (this.#skipped !== undefined) {
        if (!this.#passOver()) return this.#atEnd();
        const done = this.#skipped;
        this.#skipped = undefined;
        return done;
      }
      const top = this.#stack.at(-1);
      if (top !== undefined && this.#input.offset >= top.end) return this.#close();
      if (!this.#readHeader()) return this.#atEnd();
      const at = this.#input.offset;
      this.#checkStart(at, top);
      if (
        top !== undefined &&
        top.end === Number.POSITIVE_INFINITY &&
        endsUnknownSize(top.id, this.#id)
      )
        return this.#close();
      const event = this.#element(at, top);
      if (event !== undefined) return event;
      if (this.#skipped === undefined) return this.#atEnd();
    }
  }

  /** The input must begin with an EBML header, and so must whatever follows a Segment. */
  #checkStart(at: number, top: OpenMaster | undefined): void {
    if (top !== undefined) return;
    if (this.#id === ID.EBML || this.#id === ID.Segment || (at > 0 && this.#id === ID.Void)) {
      if (at > 0 || this.#id === ID.EBML) return;
    }
    const code = at === 0 ? "mkv.not-matroska" : "mkv.bad-id";
    throw new Fault(code, `expected an EBML header, found element ${this.#id.toString(16)}`, {
      at,
    });
  }

  #element(at: number, top: OpenMaster | undefined): MkvEvent | undefined {
    const spec = elementById(this.#id);
    const unknownSize = this.#size === Number.POSITIVE_INFINITY;
    if (unknownSize && this.#id !== ID.Segment && this.#id !== ID.Cluster)
      throw new Fault("mkv.bad-size", `element ${this.#id.toString(16)} has no size`, { at });
    const end = at + this.#headerBytes + this.#size;
    if (
      top !== undefined &&
      end > top.end &&
      !(unknownSize && top.end === Number.POSITIVE_INFINITY)
    )
      throw new Fault(
        "mkv.child-overflow",
        `element ${this.#id.toString(16)} ends after its parent`,
        { at },
      );
    if (top !== undefined) this.#countChild(top, at);
    if (spec === undefined || this.#id === ID.Void || this.#options.skip.has(spec.name))
      return this.#startSkip(at);
    if (spec.master && !this.#options.whole.has(spec.name)) return this.#open(spec.name, at, end);
    return this.#value(spec.name, at, top);
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

  #startSkip(at: number): undefined {
    this.#skipped = { kind: "skipped", id: this.#id, at, size: this.#size };
    this.#skipLeft = this.#headerBytes + this.#size;
    return undefined;
  }

  #open(name: ElementName, at: number, end: number): OpenEvent {
    if (this.#stack.length >= this.#options.maxDepth)
      throw new Fault("mkv.too-deep", `more than ${this.#options.maxDepth} elements deep`, { at });
    this.#consume(this.#headerBytes);
    this.#stack.push({ id: this.#id, name, at, end, children: 0, expectedCrc: undefined, crc: 0 });
    return { kind: "open", name, at, size: Number.isFinite(this.#size) ? this.#size : undefined };
  }

  #value(name: ElementName, at: number, top: OpenMaster | undefined): ValueEvent | undefined {
    const isBlock =
      this.#id === ID.SimpleBlock || this.#id === ID.BlockGroup || this.#id === ID.Block;
    const limit = isBlock ? this.#options.maxBlockBytes : this.#options.maxElementBytes;
    if (this.#size > limit)
      throw new Fault(
        "mkv.element-too-large",
        `${name} of ${this.#size} bytes; the limit is ${limit}`,
        { at },
      );
    const total = this.#headerBytes + this.#size;
    if (this.#input.length < total) return undefined;
    const element = this.#input.take(total);
    if (this.#crcMasters > 0) for (const part of element.parts) this.#updateCrc(part);
    if (this.#id === ID.CRC32 && top !== undefined) this.#startCrc(top, element, at);
    return { kind: "value", name, at, element, headerBytes: this.#headerBytes };
  }

  /** CRC-32 counts from the element after it to the end of its parent (RFC 8794 §11.3.1). */
  #startCrc(top: OpenMaster, element: Rope, at: number): void {
    if (!this.#options.checkCrc || !Number.isFinite(top.end) || top.children !== 1) return;
    if (element.length - this.#headerBytes !== 4)
      throw new Fault("mkv.bad-value", "a CRC-32 element must have 4 bytes", { at });
    const b = element.slice(this.#headerBytes).toBytes();
    top.expectedCrc = new DataView(b.buffer, b.byteOffset, 4).getUint32(0, true);
    top.crc = 0;
    this.#crcMasters++;
  }

  #updateCrc(part: Uint8Array): void {
    for (const master of this.#stack)
      if (master.expectedCrc !== undefined) master.crc = this.#options.crc32(part, master.crc);
  }

  #close(): CloseEvent {
    const master = this.#stack.pop() as OpenMaster;
    if (master.expectedCrc !== undefined) {
      this.#crcMasters--;
      if (master.crc !== master.expectedCrc)
        throw new Fault("mkv.bad-crc", `${master.name} does not match its CRC-32`, {
          at: master.at,
        });
    }
    return { kind: "close", name: master.name, at: this.#input.offset };
  }

  /** True when the whole element has been passed over. */
  #passOver(): boolean {
    const count = Math.min(this.#skipLeft, this.#input.length);
    this.#consume(count);
    this.#skipLeft -= count;
    return this.#skipLeft === 0;
  }

  #consume(count: number): void {
    if (this.#crcMasters > 0) this.#input.skip(count, (part) => this.#updateCrc(part));
    else this.#input.skip(count);
  }

  /** Nothing more can be parsed: wait for bytes, or finish. */
  #atEnd(): MkvEvent | undefined {
    if (!this.#ended) return undefined;
    const top = this.#stack.at(-1);
    const cut = this.#input.length > 0 || this.#skipped !== undefined;
    if (cut || (top !== undefined && Number.isFinite(top.end)))
      throw new Fault("mkv.truncated", `the input ended inside ${top?.name ?? "an element"}`, {
        at: this.#input.offset,
      });
    return top === undefined ? undefined : this.#close();
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
    const first = bytes[pos] as number;
    const idBytes = Math.clz32(first) - 23;
    if (idBytes > 4) throw this.#badStart("mkv.bad-id", `an element id cannot start with ${first}`);
    if (available <= idBytes) return false;
    let id = first;
    for (let i = 1; i < idBytes; i++) id = id * 256 + (bytes[pos + i] as number);
    const lead = bytes[pos + idBytes] as number;
    const sizeBytes = Math.clz32(lead) - 23;
    if (sizeBytes > 8) throw this.#badStart("mkv.bad-size", "an element size cannot start with 0");
    if (available < idBytes + sizeBytes) return false;
    this.#id = id;
    this.#headerBytes = idBytes + sizeBytes;
    this.#readSize(bytes, pos + idBytes, sizeBytes);
    return true;
  }

  #badStart(code: "mkv.bad-id" | "mkv.bad-size", message: string): Fault {
    const at = this.#input.offset;
    return new Fault(at === 0 ? "mkv.not-matroska" : code, message, { at });
  }

  #readSize(bytes: Uint8Array, pos: number, width: number): void {
    const mask = 0xff >> width;
    let size = (bytes[pos] as number) & mask;
    let allOnes = size === mask;
    for (let i = 1; i < width; i++) {
      const byte = bytes[pos + i] as number;
      size = size * 256 + byte;
      allOnes &&= byte === 0xff;
    }
    if (!allOnes && !Number.isSafeInteger(size))
      throw new Fault("mkv.bad-size", "an element size beyond 2^53", { at: this.#input.offset });
    this.#size = allOnes ? Number.POSITIVE_INFINITY : size;
  }
}
