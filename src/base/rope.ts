/**
 * Bytes in order, in one or more pieces that were never joined. Immutable, and so are its pieces:
 * whoever handed them in must not change them afterwards. Media goes from socket to disk and to
 * viewers as ropes, so a payload is copied only where somebody needs it in one piece.
 */
import { assert } from "./assert.ts";

export class Rope {
  readonly length: number;
  /** The pieces, none of them empty. */
  readonly parts: readonly Uint8Array[];
  #joined: Uint8Array | undefined;

  static readonly EMPTY = new Rope([], 0);

  private constructor(parts: readonly Uint8Array[], length: number) {
    this.parts = parts;
    this.length = length;
  }

  /** A rope over one array, without copying. */
  static of(bytes: Uint8Array): Rope {
    return bytes.length === 0 ? Rope.EMPTY : new Rope([bytes], bytes.length);
  }

  /** A rope over several arrays in order, without copying. Empty ones are left out. */
  static from(parts: readonly Uint8Array[]): Rope {
    let length = 0;
    let empty = false;
    for (const part of parts) {
      length += part.length;
      empty ||= part.length === 0;
    }
    return new Rope(empty ? parts.filter((p) => p.length > 0) : parts, length);
  }

  /** The ropes one after another, without copying. */
  static concat(ropes: readonly Rope[]): Rope {
    if (ropes.length === 1 && ropes[0] !== undefined) return ropes[0];
    return Rope.from(ropes.flatMap((rope) => rope.parts));
  }

  /** The part from `start` up to `end`, without copying. */
  slice(start: number, end: number = this.length): Rope {
    assert(start >= 0 && start <= end && end <= this.length, "rope slice out of range");
    if (start === 0 && end === this.length) return this;
    const only = this.parts.length === 1 ? this.parts[0] : undefined;
    if (only !== undefined) return Rope.of(only.subarray(start, end));
    const out: Uint8Array[] = [];
    let at = 0;
    for (const part of this.parts) {
      const from = Math.max(0, start - at);
      const to = Math.min(part.length, end - at);
      if (from < to) out.push(from === 0 && to === part.length ? part : part.subarray(from, to));
      at += part.length;
      if (at >= end) break;
    }
    return new Rope(out, end - start);
  }

  /** All bytes in one array. Joined at most once; a one-piece rope is not copied at all. */
  toBytes(): Uint8Array {
    if (this.parts.length === 1) return this.parts[0] ?? new Uint8Array(0);
    if (this.#joined === undefined) {
      this.#joined = new Uint8Array(this.length);
      this.copyTo(this.#joined, 0);
    }
    return this.#joined;
  }

  /** Copies all bytes to `target` from offset `at`. Returns the offset after the last byte. */
  copyTo(target: Uint8Array, at: number): number {
    let offset = at;
    for (const part of this.parts) {
      target.set(part, offset);
      offset += part.length;
    }
    return offset;
  }

  /** The byte at `index`, or `undefined` past the end. */
  at(index: number): number | undefined {
    let offset = index;
    for (const part of this.parts) {
      if (offset < part.length) return part[offset];
      offset -= part.length;
    }
    return undefined;
  }
}
