/**
 * Blocks of remote objects in memory, for readers that go through a pack a fragment at a time: one request
 * a block, the next one fetched ahead, and one request for all who want the same.
 */
import { Fault } from "../../base/errors.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";

export interface ReadAheadOptions {
  readonly inner: ObjectStore;
  /** Default 1 MB. */
  readonly blockBytes?: number;
  /** Most memory of blocks kept. Default 64 MB. */
  readonly maxBytes?: number;
}

/** A fetch somebody may be waiting for. */
interface Fetch {
  readonly block: Promise<Uint8Array>;
  readonly stop: AbortController;
  /** When it falls to none, nobody wants it. */
  waiters: number;
}

/** Reads of more blocks than this go past the memory: they would empty it for nobody's good. */
const MAX_BLOCKS = 8;
const MAX_SIZES = 10_000;

export class ReadAheadStore implements ObjectStore {
  readonly name: string;
  readonly remote: boolean;
  readonly #inner: ObjectStore;
  readonly #blockBytes: number;
  readonly #maxBytes: number;
  /** The longest unused first. */
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;
  readonly #fetches = new Map<string, Fetch>();
  /** Objects never change, so their sizes need asking for once. */
  readonly #sizes = new Map<string, number>();

  constructor({ inner, blockBytes = 1 << 20, maxBytes = 64 << 20 }: ReadAheadOptions) {
    this.#inner = inner;
    this.name = inner.name;
    this.remote = inner.remote;
    this.#blockBytes = blockBytes;
    this.#maxBytes = maxBytes;
  }

  async read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const first = Math.floor(offset / this.#blockBytes);
    const last = Math.floor((offset + Math.max(1, size) - 1) / this.#blockBytes);
    if (size === 0 || last - first >= MAX_BLOCKS)
      return this.#inner.read(key, offset, size, signal);
    const total = this.#sizes.get(key) ?? (await this.#askSize(key));
    signal?.throwIfAborted();
    if (offset + size > total)
      throw new Fault("store.corrupt", `${key} ends before byte ${offset + size}`, { at: offset });
    const goesOn = first > 0 && this.#has(blockName(key, first - 1));
    const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const blocks = wanted.map((block) => this.#block(key, { block, total, signal }));
    if (goesOn || last > first) this.#ahead(key, { block: last + 1, total });
    const pieces = await Promise.all(blocks);
    return cut(pieces, offset - first * this.#blockBytes, size);
  }

  async #askSize(key: string): Promise<number> {
    const size = await this.#inner.size(key);
    if (size === undefined) throw new Fault("store.not-found", `there is no object ${key}`);
    const [oldest] = this.#sizes.keys();
    if (this.#sizes.size >= MAX_SIZES && oldest !== undefined) this.#sizes.delete(oldest);
    this.#sizes.set(key, size);
    return size;
  }

  #has(name: string): boolean {
    return this.#blocks.has(name) || this.#fetches.has(name);
  }

  #block(
    key: string,
    { block, total, signal }: { block: number; total: number; signal: AbortSignal | undefined },
  ): Promise<Uint8Array> {
    const name = blockName(key, block);
    const known = this.#blocks.get(name);
    if (known === undefined) return wait(this.#fetch(key, { block, total }), signal);
    this.#blocks.delete(name);
    this.#blocks.set(name, known);
    return Promise.resolve(known);
  }

  #fetch(key: string, { block, total }: { block: number; total: number }): Fetch {
    const name = blockName(key, block);
    const running = this.#fetches.get(name);
    // One that was given up is still on its way out.
    if (running !== undefined && !running.stop.signal.aborted) return running;
    const stop = new AbortController();
    const at = block * this.#blockBytes;
    const size = Math.min(this.#blockBytes, total - at);
    const reading = this.#inner.read(key, at, size, stop.signal);
    const fetch: Fetch = { block: reading, stop, waiters: 0 };
    this.#fetches.set(name, fetch);
    reading.then(
      (bytes) => this.#arrived(name, fetch, bytes),
      () => this.#gone(name, fetch),
    );
    return fetch;
  }

  /** Without a waiter: it ends by itself, and its failure is nobody's. */
  #ahead(key: string, { block, total }: { block: number; total: number }): void {
    if (block * this.#blockBytes >= total || this.#has(blockName(key, block))) return;
    this.#fetch(key, { block, total }).waiters++;
  }

  #arrived(name: string, fetch: Fetch, bytes: Uint8Array): void {
    // Deleted meanwhile: what was under way may not come back.
    if (!this.#gone(name, fetch)) return;
    this.#blocks.set(name, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#blocks.delete(oldest);
      this.#bytes -= length;
    }
  }

  /** True when it was still the one that counts. */
  #gone(name: string, fetch: Fetch): boolean {
    return this.#fetches.get(name) === fetch && this.#fetches.delete(name);
  }

  async put(key: string, localPath: string, bytes: number): Promise<void> {
    await this.#inner.put(key, localPath, bytes);
  }

  async size(key: string): Promise<number | undefined> {
    return this.#inner.size(key);
  }

  /** Afterwards no read gives their bytes. */
  async delete(keys: readonly string[]): Promise<void> {
    try {
      await this.#inner.delete(keys);
    } finally {
      const gone = new Set(keys);
      this.#forget((key) => gone.has(key));
    }
  }

  /** Drops what is in memory of all keys that begin so. */
  forget(prefix: string): void {
    this.#forget((key) => key.startsWith(prefix));
  }

  #forget(isGone: (key: string) => boolean): void {
    for (const key of this.#sizes.keys()) if (isGone(key)) this.#sizes.delete(key);
    for (const name of this.#fetches.keys()) if (isGone(keyOf(name))) this.#fetches.delete(name);
    for (const [name, { length }] of this.#blocks) {
      if (!isGone(keyOf(name))) continue;
      this.#blocks.delete(name);
      this.#bytes -= length;
    }
  }

  list(prefix: string): AsyncIterable<readonly StoredObject[]> {
    return this.#inner.list(prefix);
  }

  space(): ReturnType<ObjectStore["space"]> {
    return this.#inner.space();
  }

  probe(): Promise<void> {
    return this.#inner.probe();
  }

  async close(): Promise<void> {
    for (const { stop } of this.#fetches.values()) stop.abort(new Error("the store was closed"));
    this.#forget(() => true);
    await this.#inner.close();
  }
}

/** Keys have no space. */
function blockName(key: string, block: number): string {
  return `${key} ${block}`;
}

function keyOf(name: string): string {
  return name.slice(0, name.lastIndexOf(" "));
}

/** The fetch's bytes for one who may leave: the last to leave stops it. */
function wait(fetch: Fetch, signal: AbortSignal | undefined): Promise<Uint8Array> {
  fetch.waiters++;
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(signal?.reason);
      if (--fetch.waiters === 0) fetch.stop.abort(signal?.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    const ended = () => signal?.removeEventListener("abort", leave);
    fetch.block.then(resolve, reject).finally(ended);
  });
}

/** `size` bytes from `offset` of what the pieces are together. Never a view of what is kept. */
function cut(pieces: readonly Uint8Array[], offset: number, size: number): Uint8Array {
  const out = Buffer.allocUnsafeSlow(size);
  let at = -offset;
  for (const piece of pieces) {
    const from = Math.max(0, -at);
    const to = Math.min(piece.length, size - at);
    if (to > from) out.set(piece.subarray(from, to), Math.max(0, at));
    at += piece.length;
  }
  return out;
}
