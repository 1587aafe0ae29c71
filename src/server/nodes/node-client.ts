/** Signed requests to other nodes. Bounded in time: a node that hangs is one that cannot be reached. */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { NodeAuth } from "./node-auth.ts";

export interface NodeClientParts {
  readonly auth: NodeAuth;
  readonly clock: Clock;
  /** For the whole answer, ms. */
  readonly timeoutMs: number;
}

export interface AskOptions {
  readonly method?: "GET" | "POST";
  readonly range?: string;
}

export class NodeClient {
  readonly #parts: NodeClientParts;

  constructor(parts: NodeClientParts) {
    this.#parts = parts;
  }

  /** `path` with its query. Throws `store.unavailable` when there is no answer. */
  async ask(
    nodeUrl: string,
    path: string,
    { method = "GET", range }: AskOptions = {},
  ): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    const { auth, clock, timeoutMs } = this.#parts;
    const authorization = auth.header({ method, path, range: range ?? "" }, clock.now());
    const headers = { authorization, ...(range === undefined ? {} : { range }) };
    const stop = new AbortController();
    const cancel = clock.after(timeoutMs, () => stop.abort());
    try {
      const init = { method, headers, signal: stop.signal, redirect: "error" } as const;
      const answer = await fetch(`${nodeUrl}${path}`, init);
      return { status: answer.status, body: new Uint8Array(await answer.arrayBuffer()) };
    } catch (cause) {
      throw new Fault("store.unavailable", `no answer from ${nodeUrl}`, { cause });
    } finally {
      cancel();
    }
  }
}
