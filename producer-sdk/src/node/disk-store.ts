/**
 * Fragments in a folder, one Matroska file each, until the server has them. Frames are written as they come, without a
 * wait for the disk: what was put survives the end of the process, and a fragment that is acked within seconds never
 * reaches the disk's surface. With `sync` every whole fragment is forced there, so that it survives a power cut.
 */
import {
  closeSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Fault } from "../../../src/base/errors.ts";
import type { FragmentStore, KeptFragment } from "../fragment-store.ts";

export interface DiskStoreOptions {
  /** Made when it is not there; one per stream, for one process at a time. */
  readonly dir: string;
  /** Wait for the disk after each fragment, in the background. Default false. */
  readonly sync?: boolean;
}

const LOCK = "lock.sqlite";
/** `<count>-<µs of the first frame>.mkv`: the order of names is the order of fragments. */
const NAME = /^(\d{12})-(\d+)\.mkv$/;
/** Until its first frame is in it. A process that was killed before that had not taken the frame. */
const PART = ".part";

/** A folder. Nothing is touched before `open`. */
export class DiskStore implements FragmentStore {
  readonly #dir: string;
  readonly #sync: boolean;
  #count = 0;
  #unlock: (() => void) | undefined;

  constructor({ dir, sync = false }: DiskStoreOptions) {
    this.#dir = dir;
    this.#sync = sync;
  }

  /** Throws inside the promise: `store.locked` when a living process has the folder, `store.unavailable`. */
  async open(): Promise<readonly KeptFragment[]> {
    try {
      mkdirSync(this.#dir, { recursive: true });
      this.#unlock = lock(join(this.#dir, LOCK));
      return this.#found();
    } catch (error) {
      throw storeFault(error, this.#dir);
    }
  }

  begin(startUs: number, header: Uint8Array): KeptFragment {
    if (this.#unlock === undefined)
      throw new Fault("store.unavailable", `${this.#dir} is not open`);
    const name = `${String(++this.#count).padStart(12, "0")}-${startUs}.mkv`;
    const file = new KeptFile(join(this.#dir, name), { startUs, bytes: 0, sync: this.#sync });
    file.create(header);
    return file;
  }

  async close(): Promise<void> {
    this.#unlock?.();
    this.#unlock = undefined;
  }

  #found(): KeptFragment[] {
    const all = readdirSync(this.#dir);
    for (const name of all)
      if (name.endsWith(`.mkv${PART}`)) rmSync(join(this.#dir, name), { force: true });
    const names = all.filter((name) => NAME.test(name)).sort();
    return names.map((name) => {
      const [, count = "0", startUs = "0"] = NAME.exec(name) ?? [];
      this.#count = Math.max(this.#count, Number(count));
      const path = join(this.#dir, name);
      const bytes = statSync(path).size;
      return new KeptFile(path, { startUs: Number(startUs), bytes, sync: this.#sync });
    });
  }
}

class KeptFile implements KeptFragment {
  readonly startUs: number;
  readonly #path: string;
  readonly #sync: boolean;
  #fd: number | undefined;
  #bytes: number;
  /** What goes before the first frame; then it has its name. */
  #header: Uint8Array | undefined;

  constructor(path: string, options: { startUs: number; bytes: number; sync: boolean }) {
    this.#path = path;
    this.startUs = options.startUs;
    this.#bytes = options.bytes;
    this.#sync = options.sync;
  }

  get bytes(): number {
    return this.#bytes;
  }

  create(header: Uint8Array): void {
    try {
      this.#fd = openSync(this.#path + PART, "wx", 0o600);
    } catch (error) {
      throw storeFault(error, this.#path);
    }
    this.#header = header;
  }

  append(bytes: Uint8Array): void {
    const fd = this.#fd;
    if (fd === undefined) throw new Fault("store.unavailable", `${this.#path} is sealed`);
    try {
      if (this.#header !== undefined) {
        this.#write(fd, this.#header);
        this.#write(fd, bytes);
        renameSync(this.#path + PART, this.#path);
        this.#header = undefined;
      } else this.#write(fd, bytes);
    } catch (error) {
      throw storeFault(error, this.#path);
    }
  }

  #write(fd: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(fd, bytes, done, bytes.length - done);
    this.#bytes += bytes.length;
  }

  seal(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd === undefined) return;
    // A disk that fails here fails the next write too, and that is told.
    if (this.#sync) fdatasync(fd, () => closeSync(fd));
    else closeSync(fd);
  }

  async read(): Promise<Uint8Array> {
    try {
      return await readFile(this.#path);
    } catch (error) {
      throw storeFault(error, this.#path);
    }
  }

  remove(): void {
    this.seal();
    try {
      rmSync(this.#path + (this.#header === undefined ? "" : PART), { force: true });
    } catch {
      // It stays and is sent once more by the next process; the server knows it then.
    }
  }
}

/** Holds the folder for this process until the result is called. */
function lock(path: string): () => void {
  const db = new DatabaseSync(path);
  try {
    // A held transaction of SQLite is a lock of the operating system: it dies with the process.
    db.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    return () => db.close();
  } catch (cause) {
    db.close();
    throw new Fault("store.locked", `${path}: another process keeps fragments here`, { cause });
  }
}

function storeFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new Fault("store.not-found", `${path} is gone`, { cause: error });
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new Fault(full ? "store.full" : "store.unavailable", `${path}: ${message}`, {
    cause: error,
  });
}
