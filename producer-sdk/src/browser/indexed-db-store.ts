/**
 * Fragments in the browser's IndexedDB until the server has them: they outlive the page. Written in batches in the
 * background; what is not written yet when a page is killed, tens of milliseconds, is gone with it.
 */
import { asFault, Fault } from "../../../src/base/errors.ts";
import { join } from "../../../src/media/mkv/out.ts";
import type { FragmentStore, KeptFragment } from "../fragment-store.ts";

const PREFIX = "streambank-kept-";

interface Head {
  readonly id: number;
  readonly startUs: number;
  bytes: number;
}

type Operation = (transaction: IDBTransaction) => void;

/** One database per stream; one page at a time. */
export class IndexedDbStore implements FragmentStore {
  readonly #name: string;
  #db: IDBDatabase | undefined;
  #release: () => void = () => {};
  #nextId = 1;
  #operations: Operation[] = [];
  #writing: Promise<void> | undefined;
  #failed: Fault | undefined;

  constructor(stream: string) {
    this.#name = PREFIX + stream;
  }

  async open(): Promise<readonly KeptFragment[]> {
    this.#release = await lock(this.#name);
    this.#db = await openDatabase(this.#name);
    const heads = await result<Head[]>(
      this.#db.transaction("heads").objectStore("heads").getAll() as IDBRequest<Head[]>,
    );
    this.#nextId = Math.max(0, ...heads.map(({ id }) => id)) + 1;
    return heads.sort((a, b) => a.id - b.id).map((head) => new KeptRecord(this, head));
  }

  begin(startUs: number, header: Uint8Array): KeptFragment {
    if (this.#db === undefined) throw new Fault("store.unavailable", `${this.#name} is not open`);
    // A failure is told once; the next fragment tries again.
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed !== undefined) throw failed;
    return new KeptRecord(this, { id: this.#nextId++, startUs, bytes: 0 }, header);
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#db?.close();
    this.#db = undefined;
    this.#release();
  }

  /** Done in order, several in one transaction. Throws what went wrong before. */
  do(operation: Operation): void {
    if (this.#failed !== undefined) throw this.#failed;
    this.#operations.push(operation);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** All bytes of a fragment, in order. */
  async read(id: number): Promise<Uint8Array> {
    await this.#writing;
    const db = this.#db;
    if (db === undefined) throw new Fault("store.unavailable", `${this.#name} is closed`);
    const range = IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
    const chunks = await result<Uint8Array[]>(
      db.transaction("chunks").objectStore("chunks").getAll(range) as IDBRequest<Uint8Array[]>,
    );
    return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }

  async #write(): Promise<void> {
    while (this.#operations.length > 0 && this.#db !== undefined) {
      const batch = this.#operations.splice(0);
      try {
        const transaction = this.#db.transaction(["heads", "chunks"], "readwrite");
        for (const operation of batch) operation(transaction);
        await done(transaction);
      } catch (error) {
        const full = (error as Error).name === "QuotaExceededError";
        this.#failed = new Fault(full ? "store.full" : "store.unavailable", asFault(error).message);
      }
    }
  }
}

class KeptRecord implements KeptFragment {
  readonly #store: IndexedDbStore;
  readonly #head: Head;
  /** Not written yet. */
  #header: Uint8Array | undefined;
  #count = 0;

  constructor(store: IndexedDbStore, head: Head, header?: Uint8Array) {
    this.#store = store;
    this.#head = head;
    this.#header = header;
  }

  get startUs(): number {
    return this.#head.startUs;
  }

  get bytes(): number {
    return this.#head.bytes;
  }

  /** The first one with the header: a page that goes between the two would leave a fragment without a frame. */
  append(frame: Uint8Array): void {
    const bytes = this.#header === undefined ? frame : join([this.#header, frame]);
    this.#header = undefined;
    this.#head.bytes += bytes.length;
    const head = { ...this.#head };
    const at = this.#count++;
    this.#store.do((transaction) => {
      transaction.objectStore("heads").put(head);
      transaction.objectStore("chunks").put(bytes, [head.id, at]);
    });
  }

  seal(): void {}

  read(): Promise<Uint8Array> {
    return this.#store.read(this.#head.id);
  }

  remove(): void {
    const { id } = this.#head;
    try {
      this.#store.do((transaction) => {
        transaction.objectStore("heads").delete(id);
        const range = IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
        transaction.objectStore("chunks").delete(range);
      });
    } catch {
      // It stays and is sent once more by the next page; the server knows it then.
    }
  }
}

/** Held until the result is called, or the page ends. Rejects `store.locked` when another page has it. */
function lock(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    void navigator.locks.request(name, { ifAvailable: true }, (held) => {
      if (held === null) {
        reject(new Fault("store.locked", "another page keeps fragments of this stream"));
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
  });
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("heads", { keyPath: "id" });
    request.result.createObjectStore("chunks");
  };
  return result(request);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () =>
      reject(new Fault("store.unavailable", request.error?.message ?? "IndexedDB failed"));
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("a write was aborted"));
  });
}
