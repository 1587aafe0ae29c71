/** Objects as files under a folder: putting one is a rename, then both folders are synced. */
import { dirname, join } from "node:path";
import { Fault } from "../../base/errors.ts";
import type { Files, Space } from "../files.ts";
import { checkFileSize, fileDigest } from "./file-pieces.ts";
import { checkObjectKey, isObjectKey } from "./object-key.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { IDENTITY_OBJECT } from "./store-identity.ts";

const PAGE = 500;
/** Files removed at the same time. */
const AT_ONCE = 8;

export class FolderStore implements ObjectStore {
  readonly name: string;
  readonly remote = false;
  readonly #root: string;
  readonly #files: Files;
  /** Folders known to be there and synced into their parents. */
  readonly #known = new Set<string>();
  /** Puts under way by key: a rename replaces, so two of one key must not look at the same time. */
  readonly #putting = new Map<string, Promise<void>>();

  constructor({ root, files }: { root: string; files: Files }) {
    this.#root = root;
    this.#files = files;
    this.name = `folder ${root}`;
  }

  put(key: string, localPath: string, bytes: number): Promise<void> {
    const before = this.#putting.get(key) ?? Promise.resolve();
    const put = before.catch(() => {}).then(() => this.#putNow(key, localPath, bytes));
    this.#putting.set(key, put);
    return put.finally(() => {
      if (this.#putting.get(key) === put) this.#putting.delete(key);
    });
  }

  async #putNow(key: string, localPath: string, bytes: number): Promise<void> {
    const path = this.#path(key);
    await this.#ensureDir(dirname(path));
    const there = await this.#files.size(path);
    if (there === undefined) {
      await checkFileSize(this.#files, localPath, bytes);
      await this.#files.rename(localPath, path);
    } else await this.#checkSame({ path, there, localPath, bytes });
    await this.#files.syncDir(dirname(path));
    await this.#files.syncDir(dirname(localPath));
  }

  /** The object is there already: fine when it is what was to be put. Throws `store.conflict`. */
  async #checkSame(two: {
    path: string;
    there: number;
    localPath: string;
    bytes: number;
  }): Promise<void> {
    const { path, there, localPath, bytes } = two;
    const digest = (of: string) =>
      fileDigest(this.#files, { path: of, bytes, algorithm: "sha256" });
    const local = await this.#files.size(localPath);
    // The first try moved it.
    const same =
      there === bytes &&
      (local === undefined ||
        (local === bytes && (await digest(path)) === (await digest(localPath))));
    if (!same) throw new Fault("store.conflict", `${path} is there with other bytes`);
  }

  read(key: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    return readExactly(this.#files, this.#path(key), offset, size);
  }

  async size(key: string): Promise<number | undefined> {
    return this.#files.size(this.#path(key));
  }

  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#path(key));
    for (let i = 0; i < paths.length; i += AT_ONCE)
      await Promise.all(paths.slice(i, i + AT_ONCE).map((path) => this.#files.remove(path)));
  }

  async *list(prefix: string): AsyncGenerator<readonly StoredObject[]> {
    let page: StoredObject[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    for await (const key of this.#keys(folder, prefix)) {
      const bytes = await this.#files.size(join(this.#root, key));
      if (bytes !== undefined) page.push({ key, bytes });
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  /** Depth first, one folder in memory per level. `folder` is "" or ends with a slash. */
  async *#keys(folder: string, prefix: string): AsyncGenerator<string> {
    const entries = await this.#files.entries(join(this.#root, folder));
    // With its slash a folder sorts where its keys do: "a-b", "a.b", "a/b", "a0".
    const names = entries.map(
      ({ name, folder: isFolder }) => folder + name + (isFolder ? "/" : ""),
    );
    for (const name of names.sort()) {
      if (!name.startsWith(prefix)) continue;
      if (name.endsWith("/")) yield* this.#keys(name, prefix);
      // A bucket that was copied into a folder has said whose it is.
      else if (isObjectKey(name) && name !== IDENTITY_OBJECT) yield name;
    }
  }

  space(): Promise<Space> {
    return this.#files.space(this.#root);
  }

  async probe(): Promise<void> {
    await this.#files.space(this.#root);
  }

  async close(): Promise<void> {}

  #path(key: string): string {
    checkObjectKey(key);
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
