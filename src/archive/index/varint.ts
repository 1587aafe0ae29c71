/** Whole numbers as LEB128 varints up to 2^53, signed ones zigzag. For index blobs; not EBML's vints. */
import { Fault } from "../../base/errors.ts";

export class BlobWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  uint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  int(value: number): void {
    this.uint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  uint32(value: number): void {
    this.#room(4);
    for (let shift = 0; shift < 32; shift += 8)
      this.#bytes[this.#length++] = (value >>> shift) & 0xff;
  }

  int64(value: bigint): void {
    this.#room(8);
    new DataView(this.#bytes.buffer).setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.uint(bytes.length);
    this.append(bytes);
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A copy of what has been written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Throws `store.corrupt` when the blob ends early or a number is too large. */
export class BlobReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What has not been read. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new Fault("store.corrupt", "an index blob ends early");
    return value;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    if (!Number.isSafeInteger(value))
      throw new Fault("store.corrupt", "an index number beyond 2^53");
    return value;
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  int64(): bigint {
    const slice = this.#take(8);
    return new DataView(slice.buffer, slice.byteOffset, 8).getBigInt64(0, true);
  }

  text(): string {
    return new TextDecoder().decode(this.#take(this.uint()));
  }

  #take(count: number): Uint8Array {
    const slice = this.#bytes.subarray(this.#at, this.#at + count);
    if (slice.length < count) throw new Fault("store.corrupt", "an index blob ends early");
    this.#at += count;
    return slice;
  }
}
