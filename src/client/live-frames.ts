/** Frames of a stream as they arrive, over the tail WebSocket; over lost connections, which are told. */
import type { CancelTimer } from "../base/clock.ts";
import { ApiError, type Connection } from "./connection.ts";
import { type LiveFrame, readFrameMessage } from "./frame-message.ts";
import { Pauses } from "./pauses.ts";
import type { Time, TrackView } from "./types.ts";

/** Where to begin, when to end, and how much may wait. */
export interface LiveOptions {
  /** Producer's time to begin at: the archive first, then live. Default: live. */
  readonly from?: Time;
  readonly signal?: AbortSignal;
  /** Bytes that may wait for a reader that is slow; then it goes on at the next join point. Default 64 MB. */
  readonly maxWaitingBytes?: number;
}

/** A timeline begins: its tracks. */
export interface LiveConfig {
  readonly kind: "config";
  readonly session: string;
  readonly run: number;
  /** `codecPrivate` as base64. */
  readonly tracks: readonly (Omit<TrackView, "hls"> & { readonly codecPrivate?: string })[];
}

/** What happened between frames. `disconnected`: the connection was lost and is made again. */
export type LiveNotice =
  | { readonly kind: "live" | "disconnected" }
  | { readonly kind: "offline"; readonly sinceMs?: number }
  /** Left out because the reader was too slow. */
  | { readonly kind: "lost"; readonly frames: number }
  | { readonly kind: "gap"; readonly afterSequence: number; readonly beforeSequence: number };

/** What comes, in order. */
export type LiveItem = LiveFrame | LiveConfig | LiveNotice;

/** Longest wait of a timer, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const WAITING_BYTES = 64 << 20;

/** Ends when the signal aborts. Throws `ApiError` where there is no such stream, or it may not be read. */
export async function* liveFrames(
  connection: Connection,
  stream: string,
  options: LiveOptions = {},
): AsyncGenerator<LiveItem, undefined> {
  const { signal, maxWaitingBytes = WAITING_BYTES } = options;
  const waits = new Pauses(connection.clock);
  let from = options.from;
  while (signal?.aborted !== true) {
    // A refused handshake tells a page nothing: this says why.
    const path = `/v1/streams/${encodeURIComponent(stream)}`;
    try {
      await connection.ask(path, { signal });
      const query = { format: "frames", from, stream };
      const socket = await connection.socket(`${path}/tail`, query);
      renewing(connection, socket);
      for await (const item of itemsOf(socket, maxWaitingBytes, signal)) {
        waits.reset();
        // After a loss it goes on with what is live, as a viewer would.
        from = undefined;
        yield item;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && !error.passing) throw error;
    }
    if (signal?.aborted) return;
    yield { kind: "disconnected" };
    await waits.wait(signal, () => {});
  }
}

/** Of what is left of a token's life, this much is used. */
const RENEW_AFTER = 0.8;

/** Tells the server a fresh token before the one that the socket is open by ends. */
function renewing(connection: Connection, socket: WebSocket): void {
  const { clock } = connection;
  let cancel: CancelTimer = () => {};
  const present = async () => {
    const token = await connection.token();
    if (token !== undefined) socket.send(JSON.stringify({ type: "token", token }));
  };
  socket.addEventListener("close", () => cancel());
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") return;
    const { type, expiresMs } = JSON.parse(data) as { type: string; expiresMs?: number };
    if (type !== "access" || expiresMs === undefined) return;
    cancel();
    const leftMs = (expiresMs - clock.now()) * RENEW_AFTER;
    // Where there is none to be had the server closes the socket, and that is told.
    cancel = clock.after(Math.min(Math.max(leftMs, 1000), MAX_TIMER_MS), () => {
      present().catch(() => {});
    });
  });
}

/** Until the socket closes. */
async function* itemsOf(
  socket: WebSocket,
  maxBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<LiveItem, undefined> {
  const queue = new ItemQueue(maxBytes);
  const close = () => socket.close();
  socket.onmessage = ({ data }) => queue.add(itemOf(data as string | ArrayBuffer));
  socket.onclose = () => queue.end();
  socket.onerror = () => queue.end();
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) close();
  try {
    for (let item = await queue.take(); item !== undefined; item = await queue.take()) yield item;
  } finally {
    signal?.removeEventListener("abort", close);
    socket.close();
  }
}

function itemOf(data: string | ArrayBuffer): LiveItem | undefined {
  if (typeof data !== "string") return readFrameMessage(data);
  const { type, ...rest } = JSON.parse(data) as { type: string };
  const known = ["config", "live", "offline", "lost", "gap"];
  return known.includes(type) ? ({ kind: type, ...rest } as LiveItem) : undefined;
}

/** What has come and was not taken: a page's WebSocket cannot be made to wait. */
class ItemQueue {
  readonly #maxBytes: number;
  #items: LiveItem[] = [];
  #bytes = 0;
  #lost = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(item: LiveItem | undefined): void {
    if (item === undefined) return;
    if (item.kind === "frame" && !this.#admit(item)) return;
    this.#items.push(item);
    this.#wake();
  }

  /** Over the limit all frames are dropped, and those up to the next join point. */
  #admit(frame: LiveFrame): boolean {
    if (this.#bytes + frame.payload.length > this.#maxBytes) {
      const kept = this.#items.filter((item) => item.kind !== "frame");
      this.#lost += this.#items.length - kept.length;
      this.#items = kept;
      this.#bytes = 0;
      if (!frame.join) this.#lost ||= 1;
    }
    if (this.#lost > 0) {
      if (!frame.join) {
        this.#lost++;
        return false;
      }
      this.#items.push({ kind: "lost", frames: this.#lost });
      this.#lost = 0;
    }
    this.#bytes += frame.payload.length;
    return true;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async take(): Promise<LiveItem | undefined> {
    while (this.#items.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const item = this.#items.shift();
    if (item?.kind === "frame") this.#bytes -= item.payload.length;
    return item;
  }
}
