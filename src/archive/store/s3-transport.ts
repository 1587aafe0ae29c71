/**
 * How the S3 client's requests go out: it has no timeouts and takes no abort signals, so both are put in
 * here, below it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import https from "node:https";

/** The client throws these replies away unread and says their number in a sentence (its `request.ts`). */
const UNREAD = new Set([408, 429, 499, 500, 502, 503, 504, 520]);

export interface S3Transport {
  readonly agent: http.Agent;
  readonly transport: Pick<typeof http, "request">;
  /** Requests that `work` makes are given up when the signal aborts. */
  within<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

/** A request fails when nothing moves on its connection for `idleMs`, connecting included. */
export function s3Transport({ secure, idleMs }: { secure: boolean; idleMs: number }): S3Transport {
  const signals = new AsyncLocalStorage<AbortSignal | undefined>();
  const { Agent, request } = secure ? https : http;
  const send = (
    options: http.RequestOptions,
    onResponse: (response: http.IncomingMessage) => void,
  ) => {
    const signal = signals.getStore();
    const timed = { ...options, timeout: idleMs, ...(signal === undefined ? {} : { signal }) };
    const sent = request(timed, (response) => {
      onResponse(response);
      // Unread, it would hold its connection for ever.
      if (UNREAD.has(response.statusCode ?? 0)) response.resume();
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer for ${idleMs} ms`)));
    return sent;
  };
  return {
    agent: new Agent({ keepAlive: true, timeout: idleMs }),
    transport: { request: send as typeof http.request },
    within: (signal, work) => signals.run(signal, work),
  };
}

/**
 * The `size` bytes from `offset` that were asked for; undefined when the object ends before. Rejects when
 * the connection breaks, or the store sends something else.
 */
export async function wholeRange(
  reply: http.IncomingMessage,
  offset: number,
  size: number,
): Promise<Uint8Array | undefined> {
  const length = Number(reply.headers["content-length"] ?? Number.NaN);
  // A store that does not know ranges sends everything.
  if (reply.statusCode !== 206 && !(offset === 0 && length <= size)) {
    reply.destroy();
    throw new Error("the store did not honour the range");
  }
  if (length < size) {
    reply.resume();
    return undefined;
  }
  return replyBody(reply, size);
}

/**
 * The body of a reply, which has to be `size` bytes; undefined when it is shorter or longer. Rejects when
 * the connection breaks. Never holds more than `size` bytes and a piece.
 */
async function replyBody(
  reply: http.IncomingMessage,
  size: number,
): Promise<Uint8Array | undefined> {
  const body = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const piece of reply as AsyncIterable<Buffer>) {
    // Leaving the loop destroys the reply and its connection.
    if (filled + piece.length > size) return undefined;
    body.set(piece, filled);
    filled += piece.length;
  }
  return filled === size ? body : undefined;
}
