/**
 * Where the bytes of packs are: being written in `active/`, waiting for the object store in `spool/`, or in the store.
 * A pack moves between the look and the read, so every place is tried before it is said to be gone.
 */
import { join } from "node:path";
import { Fault } from "../base/errors.ts";
import type { Files } from "./files.ts";
import { localName, objectKey } from "./pack-id.ts";
import { readExactly } from "./store/folder-store.ts";
import type { ObjectStore } from "./store/object-store.ts";

export type LocalPlace = "active" | "spool";

/** Reads a pack that another node has; undefined when no node has it. */
export type RemoteRead = (
  packId: string,
  range: { offset: number; size: number },
  signal?: AbortSignal,
) => Promise<Uint8Array | undefined>;

export interface PlacesParts {
  readonly files: Files;
  readonly store: ObjectStore;
  readonly activeDir: string;
  readonly spoolDir: string;
  readonly remoteRead?: RemoteRead | undefined;
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
    const { files, store, remoteRead } = this.#parts;
    const local = (place: LocalPlace) => () =>
      readExactly(files, this.path(packId, place), offset, size);
    const stored = () => store.read(objectKey(packId), offset, size, signal);
    const place = this.#local.get(packId);
    const ways =
      place === "active"
        ? [local("active"), local("spool"), stored]
        : place === "spool"
          ? [local("spool"), stored]
          : [stored, local("active"), local("spool"), stored];
    for (const way of ways) {
      const bytes = await orMissing(way());
      if (bytes !== undefined) return bytes;
    }
    const elsewhere = await remoteRead?.(packId, { offset, size }, signal);
    if (elsewhere !== undefined) return elsewhere;
    throw new Fault("store.not-found", `the pack ${packId} is gone`);
  }

  /** What this process can read without a network: for readers that would rather skip. */
  isLocal(packId: string): boolean {
    return this.#local.has(packId);
  }

  /** Removes local files of a pack; fine when there are none. */
  async removeLocal(packId: string): Promise<void> {
    await this.#parts.files.remove(this.path(packId, "active"));
    await this.#parts.files.remove(this.path(packId, "spool"));
    this.#local.delete(packId);
  }
}

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Fault && error.code === "store.not-found") return undefined;
    throw error;
  }
}
