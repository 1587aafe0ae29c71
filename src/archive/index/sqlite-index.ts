/**
 * The embedded index: two workers over one SQLite file, so that neither a commit nor a long query ever
 * holds the event loop, and reads do not wait behind commits.
 */
import { Worker } from "node:worker_threads";
import { Fault, type FaultCode } from "../../base/errors.ts";
import type {
  PackChain,
  PackSelection,
  StreamExtent,
  StreamInfo,
  TimeRange,
} from "../../fragment/fragment.ts";
import type { FragmentIndex, PackPage, PackRow, PageKey, TrackSetRow } from "./fragment-index.ts";
import type { WorkerReply, WorkerRequest } from "./sqlite-worker.ts";

export class SqliteIndex implements FragmentIndex {
  readonly #writer: StoreWorker;
  readonly #reader: StoreWorker;

  private constructor(path: string) {
    this.#writer = new StoreWorker(path, false);
    this.#reader = new StoreWorker(path, true);
  }

  /** Opens or makes the file and brings its tables up to date. Throws `index.unavailable`, `config.bad`. */
  static async open(path: string): Promise<SqliteIndex> {
    const index = new SqliteIndex(path);
    try {
      await index.#writer.call("streams");
    } catch (error) {
      await index.#terminate();
      throw error;
    }
    return index;
  }

  meta(name: string, value: string): Promise<string> {
    return this.#writer.call("meta", name, value);
  }
  createStream(info: StreamInfo): Promise<void> {
    return this.#writer.call("createStream", info);
  }
  stream(name: string): Promise<StreamInfo | undefined> {
    return this.#reader.call("stream", name);
  }
  streams(): Promise<readonly StreamInfo[]> {
    return this.#reader.call("streams");
  }
  deleteStream(name: string): Promise<void> {
    return this.#writer.call("deleteStream", name);
  }
  commit(rows: readonly PackRow[], trackSets: readonly TrackSetRow[]): Promise<void> {
    return this.#writer.call("commit", rows, trackSets);
  }
  packs(stream: string, selection: PackSelection, after?: PageKey): Promise<PackPage> {
    return this.#reader.call("packs", stream, selection, after);
  }
  chain(stream: string, range: TimeRange): Promise<PackChain | undefined> {
    return this.#reader.call("chain", stream, range);
  }
  pack(stream: string, packId: string): Promise<PackRow | undefined> {
    return this.#reader.call("pack", stream, packId);
  }
  openPacks(): Promise<readonly PackRow[]> {
    return this.#reader.call("openPacks");
  }
  trackSet(id: string): Promise<TrackSetRow | undefined> {
    return this.#reader.call("trackSet", id);
  }
  extent(stream: string): Promise<StreamExtent | undefined> {
    return this.#reader.call("extent", stream);
  }
  lastSequence(stream: string): Promise<number> {
    return this.#reader.call("lastSequence", stream);
  }
  garbage(): Promise<readonly string[]> {
    return this.#reader.call("garbage");
  }
  forgetGarbage(packIds: readonly string[]): Promise<void> {
    return this.#writer.call("forgetGarbage", packIds);
  }

  /** Waits for what was asked before. */
  async close(): Promise<void> {
    await Promise.all([this.#reader.call("close"), this.#writer.call("close")]);
    await this.#terminate();
  }

  async #terminate(): Promise<void> {
    await Promise.all([this.#reader.terminate(), this.#writer.terminate()]);
  }
}

interface Waiting {
  resolve(value: unknown): void;
  reject(fault: Fault): void;
}

/** One worker and the requests it has not answered yet. */
class StoreWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #gone: Fault | undefined;

  constructor(path: string, readOnly: boolean) {
    this.#worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), {
      workerData: { path, readOnly },
    });
    this.#worker.on("message", (reply: WorkerReply) => this.#answer(reply));
    this.#worker.on("error", (cause) => this.#lost(cause));
    this.#worker.on("exit", () => this.#lost(undefined));
    this.#worker.unref();
  }

  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      // A request that is under way keeps the process alive, an idle worker does not.
      this.#worker.ref();
      this.#worker.postMessage({ id, method, args } satisfies WorkerRequest);
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(new Fault(reply.code as FaultCode, reply.message));
  }

  #lost(cause: unknown): void {
    this.#gone ??= new Fault("index.unavailable", "the index worker has ended", { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#gone);
    this.#waiting.clear();
  }
}
