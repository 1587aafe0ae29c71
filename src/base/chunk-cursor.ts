/**
 * Bytes that were pushed and not yet parsed. Large chunks are kept as they came and handed out as
 * slices, never joined; small ones are copied together, so that a peer who sends single bytes cannot
 * make us hold a million arrays.
 */
import { assert } from "./assert.ts";
import { Rope } from "./rope.ts";

/** Chunks smaller than this share a block of `BLOCK_BYTES`. */
const SMALL_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;

export class ChunkCursor {
  /** The chunk being read, and the position in it. Parsers may read it directly, never write. */
  current: Uint8Array = new Uint8Array(0);
  position = 0;
  #later: Uint8Array[] = [];
  #laterHead = 0;
  #laterBytes = 0;
  #block = new Uint8Array(0);
  #used = 0;
  #taken = 0;
  #watcher: ((run: Uint8Array) => void) | undefined;
  /** Where in `current` the bytes begin that were passed and not yet shown to the watcher. */
  #shown = 0;

  /** Bytes pushed and not taken. */
  get length(): number {
    return this.current.length - this.position + this.#laterBytes;
  }

  /** Byte offset of the next byte in the whole input. */
  get offset(): number {
    return this.#taken + this.position;
  }

  /**
   * Shows every byte passed from here on to `watcher`, in runs as long as chunks allow: at the end of a chunk,
   * and when told to `flush`. Undefined: nobody watches any more.
   */
  watch(watcher: ((run: Uint8Array) => void) | undefined): void {
    this.flush();
    this.#watcher = watcher;
    this.#shown = this.position;
  }

  /** Shows what was passed and not yet shown. */
  flush(): void {
    if (this.#watcher !== undefined && this.#shown < this.position)
      this.#watcher(this.current.subarray(this.#shown, this.position));
    this.#shown = this.position;
  }

  /** Keeps the array when it is large: do not change it afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (chunk.length < SMALL_BYTES) this.#pushSmall(chunk);
    else this.#append(chunk);
  }

  /** Forgets every byte not taken. */
  clear(): void {
    this.#watcher = undefined;
    this.#shown = 0;
    this.#taken += this.position;
    this.current = new Uint8Array(0);
    this.position = 0;
    this.#later = [];
    this.#laterHead = 0;
    this.#laterBytes = 0;
    this.#block = new Uint8Array(0);
    this.#used = 0;
  }

  /** Copies the next `count` bytes, or fewer at the end, into `target`. Returns how many. */
  peek(target: Uint8Array, count: number): number {
    const first = this.current.subarray(this.position, this.position + count);
    target.set(first, 0);
    let filled = first.length;
    for (let i = this.#laterHead; filled < count && i < this.#later.length; i++) {
      const part = (this.#later[i] as Uint8Array).subarray(0, count - filled);
      target.set(part, filled);
      filled += part.length;
    }
    return filled;
  }

  /** Takes exactly `count` bytes without copying. */
  take(count: number): Rope {
    assert(count <= this.length, "took more than was pushed");
    const inCurrent = this.current.length - this.position;
    if (count <= inCurrent) {
      const end = this.position + count;
      const rope = Rope.of(this.current.subarray(this.position, end));
      this.position = end;
      return rope;
    }
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const size = this.#step(left);
      parts.push(this.current.subarray(this.position - size, this.position));
      left -= size;
    }
    return Rope.from(parts);
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    assert(count <= this.length, "skipped more than was pushed");
    for (let left = count; left > 0; ) left -= this.#step(left);
  }

  /** Passes over bytes of one chunk, at most `limit`. Returns how many. */
  #step(limit: number): number {
    if (this.position === this.current.length) this.#next();
    const count = Math.min(this.current.length - this.position, limit);
    this.position += count;
    return count;
  }

  /** Moves to the next chunk when the current one is used up. */
  advance(): void {
    if (this.position === this.current.length && this.#laterBytes > 0) this.#next();
  }

  #next(): void {
    this.flush();
    this.#shown = 0;
    this.#taken += this.current.length;
    this.current = this.#later[this.#laterHead] as Uint8Array;
    this.#laterHead++;
    this.#laterBytes -= this.current.length;
    this.position = 0;
    // Read chunks are let go of when all are, or else in bulk: shifting each time would be quadratic.
    if (this.#laterBytes > 0 && (this.#laterHead < 64 || this.#laterHead * 2 < this.#later.length))
      return;
    this.#later = this.#later.slice(this.#laterHead);
    this.#laterHead = 0;
  }

  #append(chunk: Uint8Array): void {
    if (this.position === this.current.length && this.#laterBytes === 0) {
      this.flush();
      this.#shown = 0;
      this.#taken += this.current.length;
      this.current = chunk;
      this.position = 0;
      return;
    }
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /** Grows the last piece in place when it ends where the shared block is free. */
  #pushSmall(chunk: Uint8Array): void {
    if (this.#used + chunk.length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#block.set(chunk, start);
    this.#used += chunk.length;
    const end = this.#later.length - 1;
    const hasLater = end >= this.#laterHead;
    const last = hasLater ? (this.#later[end] as Uint8Array) : this.current;
    const grows = last.buffer === this.#block.buffer && last.byteOffset + last.length === start;
    if (!grows) {
      this.#append(this.#block.subarray(start, this.#used));
      return;
    }
    const grown = this.#block.subarray(last.byteOffset, this.#used);
    if (hasLater) {
      this.#later[end] = grown;
      this.#laterBytes += chunk.length;
    } else this.current = grown;
  }
}
