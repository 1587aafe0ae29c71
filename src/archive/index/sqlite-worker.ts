/** Worker side of the SQLite index: one request, one answer, in order. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { keepCompiledCode, writeCompiledCode } from "../../native/compile-cache.ts";
import type { IndexMethod } from "./sql/operations.ts";
import type { SqliteStore } from "./sqlite-store.ts";

export interface WorkerRequest {
  readonly id: number;
  readonly method: IndexMethod | "close";
  readonly args: readonly unknown[];
}

export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

const port = parentPort;
assert(port !== null, "not in a worker");
const { path, readOnly } = workerData as { path: string; readOnly: boolean };

keepCompiledCode();
const sqlite = await import("./sqlite-store.ts");
let store: SqliteStore | undefined;

/** Opened at the first request, so that a failure to open has someone to tell. */
function handle({ id, method, args }: WorkerRequest): WorkerReply {
  try {
    store ??= new sqlite.SqliteStore(path, { readOnly });
    const value = method === "close" ? store.close() : store.call(method, args);
    return { id, ok: true, value };
  } catch (error) {
    const { code, message } = sqlite.indexFault(error);
    return { id, ok: false, code, message };
  }
}

port.once("message", () => setImmediate(writeCompiledCode));
port.on("message", (request: WorkerRequest) => {
  port.postMessage(handle(request));
  if (request.method === "close") port.close();
});
