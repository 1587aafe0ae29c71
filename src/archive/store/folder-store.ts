/** Objects as files under a folder: sealing is a rename, then both folders are synced. */
import { dirname, join } from "node:path";
import { Fault } from "../../base/errors.ts";
import type { Files } from "../files.ts";

/** Segments of keys: no dots alone, nothing that leaves the folder. */
const KEY = /^(?:[A-Za-z0-9_.-]+\/)*[A-Za-z0-9_.-]+$/;

export class FolderStore {
  readonly #root: string;
  readonly #files: Files;
  /** Folders known to be there and synced into their parents. */
  readonly #known = new Set<string>();

  constructor({ root, files }: { root: string; files: Files }) {
    this.#root = root;
    this.#files = files;
  }

  async seal(key: string, localPath: string): Promise<void> {
    const path = this.#path(key);
    await this.#ensureDir(dirname(path));
    if (await this.#files.exists(localPath)) await this.#files.rename(localPath, path);
    else if (!(await this.#files.exists(path)))
      throw new Fault("store.not-found", `nothing to seal at ${localPath}`);
    await this.#files.syncDir(dirname(path));
    await this.#files.syncDir(dirname(localPath));
  }

  async read(key: string, offset: number, size: number): Promise<Uint8Array> {
    return readExactly(this.#files, this.#path(key), offset, size);
  }

  exists(key: string): Promise<boolean> {
    return this.#files.exists(this.#path(key));
  }

  async delete(key: string): Promise<void> {
    await this.#files.remove(this.#path(key));
  }

  #path(key: string): string {
    const bad = !KEY.test(key) || key.split("/").some((part) => /^\.+$/.test(part));
    if (bad) throw new Fault("store.not-found", `not an object key: ${key.slice(0, 80)}`);
    return join(this.#root, key);
  }

  async #ensureDir(path: string): Promise<void> {
    if (this.#known.has(path)) return;
    await this.#files.makeDir(path);
    // A new folder is an entry of its parent: without this it may be gone after a power cut.
    for (let dir = path; dir.length > this.#root.length; dir = dirname(dir))
      await this.#files.syncDir(dirname(dir));
    this.#known.add(path);
  }
}

/** Throws `store.not-found`, `store.corrupt` when the file ends before. */
export async function readExactly(
  files: Files,
  path: string,
  offset: number,
  size: number,
): Promise<Uint8Array> {
  const file = await files.open(path, "read");
  try {
    const bytes = await file.read(offset, size);
    if (bytes.length !== size)
      throw new Fault("store.corrupt", `${path} ends before byte ${offset + size}`, { at: offset });
    return bytes;
  } finally {
    await file.close();
  }
}
