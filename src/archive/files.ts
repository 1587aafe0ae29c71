/**
 * The file operations the archive's promises rest on, as a port: tests make each of them fail. All of
 * them run off the event loop.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { Fault } from "../base/errors.ts";

export interface OpenFile {
  /** All bytes of all buffers from `position` on, or a rejection. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Resolves when the file's bytes and length survive a power cut. */
  sync(): Promise<void>;
  /** Up to `size` bytes: fewer only at the end of the file. */
  read(position: number, size: number): Promise<Uint8Array>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Files {
  /** `create` fails when the file is there; `change` and `read` when it is not (`store.not-found`). `change` and `read`: `store.unreadable`. */
  open(path: string, how: "create" | "change" | "read"): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Fine when it is already gone. */
  remove(path: string): Promise<void>;
  /** Makes the folder and those above it. */
  makeDir(path: string): Promise<void>;
  /** The folder's entries survive a power cut. */
  syncDir(path: string): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** What is in a folder, with its kind; nothing when the folder is not there. */
  entries(path: string): Promise<readonly FolderEntry[]>;
  /** Bytes of a file, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>;
  /** Of the file system the path is on. */
  space(path: string): Promise<Space>;
}

export interface FolderEntry {
  readonly name: string;
  readonly folder: boolean;
}

/** In bytes; `free` is what an ordinary user may still write. */
export interface Space {
  readonly free: number;
  readonly total: number;
}

const FLAGS = { create: "wx+", change: "r+", read: "r" } as const;

/** Errors of reading that say something about this one file: others may be read. */
const OF_ONE_FILE: ReadonlySet<string | undefined> = new Set([
  ...["EIO", "EACCES", "EPERM", "EUCLEAN", "EBADMSG"],
]);

/**
 * A failed file operation as a fault: `store.full`, `store.not-found` or `store.unavailable`; where it only `reads`, also
 * `store.unreadable`.
 */
export function storeFault(error: unknown, what: string, reads = false): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (reads && OF_ONE_FILE.has(code))
    return new Fault("store.unreadable", `${what}: ${message}`, { cause: error });
  const full = code === "ENOSPC" || code === "EDQUOT";
  // A name through a file, or of a folder, names no file either.
  const missing = code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
  return new Fault(
    full ? "store.full" : missing ? "store.not-found" : "store.unavailable",
    `${what}: ${message}`,
    { cause: error },
  );
}

async function guarded<T>(what: string, run: () => Promise<T>, reads = false): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw storeFault(error, what, reads);
  }
}

/** Of one file, changing nothing. */
function reading<T>(what: string, run: () => Promise<T>): Promise<T> {
  return guarded(what, run, true);
}

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return guarded(`writing ${this.#path}`, async () => {
      let list = buffers;
      for (let at = position; list.length > 0; ) {
        const { bytesWritten } = await this.#handle.writev([...list], at);
        at += bytesWritten;
        list = after(list, bytesWritten);
      }
    });
  }

  sync(): Promise<void> {
    return guarded(`syncing ${this.#path}`, () => this.#handle.datasync());
  }

  read(position: number, size: number): Promise<Uint8Array> {
    return reading(`reading ${this.#path}`, async () => {
      const out = Buffer.allocUnsafeSlow(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await this.#handle.read(
          out,
          filled,
          size - filled,
          position + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return out.subarray(0, filled);
    });
  }

  truncate(length: number): Promise<void> {
    return guarded(`truncating ${this.#path}`, () => this.#handle.truncate(length));
  }

  size(): Promise<number> {
    return reading(`reading ${this.#path}`, async () => (await this.#handle.stat()).size);
  }

  close(): Promise<void> {
    return guarded(`closing ${this.#path}`, () => this.#handle.close());
  }
}

/** What is left of the buffers after so many bytes. */
function after(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(left === 0 ? buffer : buffer.subarray(left));
      left = 0;
    }
  }
  return rest;
}

function unlessMissing<T, M>(run: Promise<T>, missing: M): Promise<T | M> {
  return run.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return missing;
    throw error;
  });
}

/** The machine's own files. */
export const nodeFiles: Files = {
  open: (path, how) =>
    guarded(
      `opening ${path}`,
      async () => new NodeFile(await open(path, FLAGS[how]), path),
      how !== "create",
    ),
  rename: (from, to) => guarded(`moving ${from}`, () => rename(from, to)),
  remove: (path) => guarded(`removing ${path}`, () => rm(path, { force: true })),
  makeDir: (path) =>
    guarded(`making ${path}`, async () => {
      await mkdir(path, { recursive: true });
    }),
  syncDir: (path) =>
    guarded(`syncing ${path}`, async () => {
      const handle = await open(path, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }),
  list: (path) => guarded(`listing ${path}`, () => readdir(path)),
  exists: async (path) => (await stat(path).catch(() => undefined)) !== undefined,
  entries: (path) =>
    guarded(`listing ${path}`, async () => {
      const found = await unlessMissing(readdir(path, { withFileTypes: true }), []);
      return found.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
    }),
  size: (path) =>
    reading(`looking at ${path}`, async () => {
      const found = await unlessMissing(stat(path), undefined);
      return found?.isFile() ? found.size : undefined;
    }),
  space: (path) =>
    guarded(`asking the disk of ${path}`, async () => {
      const { bavail, blocks, bsize } = await statfs(path);
      return { free: bavail * bsize, total: blocks * bsize };
    }),
};
