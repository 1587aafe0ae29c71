/**
 * The embedded index: two workers over one SQLite file, so that neither a commit nor a long query ever
 * holds the event loop, and reads do not wait behind commits.
 */
import { Worker } from "node:worker_threads";
import { Fault, type FaultCode } from "../../base/errors.ts";
import type { FragmentIndex } from "./fragment-index.ts";
import { type IndexMethod, indexOver, isRead } from "./sql/operations.ts";
import type { WorkerReply, WorkerRequest } from "./sqlite-worker.ts";

export const SqliteIndex = {
  /** Opens or makes the file and brings its tables up to date. Throws `index.unavailable`, `config.bad`. */
  async open(path: string): Promise<FragmentIndex> {
    const writer = new StoreWorker(path, false);
    const reader = new StoreWorker(path, true);
    const terminate = async () => {
      await Promise.all([reader.terminate(), writer.terminate()]);
    };
    try {
      await writer.call("streams", []);
    } catch (error) {
      await terminate();
      throw error;
    }
    return indexOver(
      (method, args) => (isRead(method) ? reader : writer).call(method, args),
      async () => {
        // After what was asked before.
        // The last connection puts the log into the file, and one that only reads cannot.
        await reader.call("close", []);
        await writer.call("close", []);
        await terminate();
      },
    );
  },
};

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

  call(method: IndexMethod | "close", args: readonly unknown[]): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
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
