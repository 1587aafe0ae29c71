/**
 * Where the bytes of packs are: being written in `active/`, waiting for the object store in `spool/`, or in the store, of which
 * `cache/` has some, too.
 * A pack moves between the look and the read, so every place is tried before it is said to be gone.
 */
import { join } from "node:path";
import { asFault, Fault, type FaultCode } from "../base/errors.ts";
import type { Files } from "./files.ts";
import type { LocalCache } from "./local-cache.ts";
import { localName, objectKey } from "./pack-id.ts";
import { readExactly } from "./store/folder-store.ts";
import type { ObjectStore } from "./store/object-store.ts";

export type LocalPlace = "active" | "spool";

/** Reads a pack that is on another node's disk. Throws `store.unavailable` when that node does not answer. */
export type RemoteRead = (
  node: string,
  packId: string,
  offset: number,
  size: number,
) => Promise<Uint8Array>;

export interface PlacesParts {
  readonly files: Files;
  readonly store: ObjectStore;
  readonly activeDir: string;
  readonly spoolDir: string;
  readonly cache: LocalCache;
  readonly remoteRead?: RemoteRead | undefined;
  /** The other node on whose disk a pack is, by the index; undefined: none. */
  nodeOf(packId: string): Promise<string | undefined>;
}

export class Places {
  readonly #parts: PlacesParts;
  readonly #local = new Map<string, LocalPlace>();

  constructor(parts: PlacesParts) {
    this.#parts = parts;
  }

  /** The pack's bytes are here now; undefined: in the store. */
  set(packId: string, place: LocalPlace | undefined): void {
    if (place === undefined) this.#local.delete(packId);
    else this.#local.set(packId, place);
  }

  path(packId: string, place: LocalPlace): string {
    const { activeDir, spoolDir } = this.#parts;
    return join(place === "active" ? activeDir : spoolDir, localName(packId));
  }

  /** Exactly these bytes. Throws `store.not-found`, `store.corrupt`, `store.unavailable`. */
  async read(
    packId: string,
    offset: number,
    size: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    try {
      return await this.readHere(packId, offset, size, signal);
    } catch (error) {
      const { remoteRead, nodeOf } = this.#parts;
      const missing = error instanceof Fault && error.code === "store.not-found";
      const node = missing && remoteRead !== undefined ? await nodeOf(packId) : undefined;
      if (node === undefined || remoteRead === undefined) throw error;
      return remoteRead(node, packId, offset, size);
    }
  }

  /** From this node's disk or the store, never from another node. */
  async readHere(
    packId: string,
    offset: number,
    size: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { files, store } = this.#parts;
    const local = (place: LocalPlace) => () =>
      readExactly(files, this.path(packId, place), offset, size);
    const stored = () => store.read(objectKey(packId), offset, size, signal);
    const kept = () => this.#readKept(packId, offset, size);
    const place = this.#local.get(packId);
    const ways =
      place === "active"
        ? [local("active"), local("spool"), stored]
        : place === "spool"
          ? [local("spool"), kept, stored]
          : [
              ...(this.#parts.cache.has(packId) ? [kept] : []),
              ...[stored, local("active"), local("spool"), stored],
            ];
    let away: Fault | undefined;
    for (const way of ways) {
      const bytes = await orGone(way());
      if (!(bytes instanceof Fault)) return bytes;
      // A store that does not answer says nothing about what is here, nor a bad file about what is there.
      if (bytes.code !== "store.not-found") away ??= bytes;
    }
    if (away !== undefined) throw away;
    throw new Fault("store.not-found", `the pack ${packId} is gone`);
  }

  /** A copy that cannot be read is no copy. */
  async #readKept(packId: string, offset: number, size: number): Promise<Uint8Array> {
    const { cache, files } = this.#parts;
    if (!cache.use(packId)) throw new Fault("store.not-found", `no copy of ${packId} is kept`);
    try {
      return await readExactly(files, cache.path(packId), offset, size);
    } catch (error) {
      await cache.remove(packId).catch(() => {});
      const { message } = asFault(error);
      throw new Fault("store.not-found", message, { cause: error });
    }
  }

  /** The store has it: the local file goes, or is kept as a copy. */
  async letGo(packId: string, bytes: number): Promise<void> {
    this.#local.delete(packId);
    await this.#parts.cache.take(packId, this.path(packId, "spool"), bytes);
    await this.#removeFiles(packId);
  }

  /** Removes local files of a pack; fine when there are none. */
  async removeLocal(packId: string): Promise<void> {
    await this.#parts.cache.remove(packId);
    await this.#removeFiles(packId);
  }

  async #removeFiles(packId: string): Promise<void> {
    await this.#parts.files.remove(this.path(packId, "active"));
    await this.#parts.files.remove(this.path(packId, "spool"));
    this.#local.delete(packId);
  }
}

async function orGone<T>(reading: Promise<T>): Promise<T | Fault> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Fault && GONE.has(error.code)) return error;
    throw error;
  }
}

/** Not here; it may be somewhere else. */
const GONE: ReadonlySet<FaultCode> = new Set([
  ...(["store.not-found", "store.unavailable", "store.unreadable"] as const),
]);
