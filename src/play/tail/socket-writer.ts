/**
 * Sends feed items down one WebSocket without ever waiting: directly while the socket keeps up, through a
 * bounded queue while it does not. The hot path of a live viewer.
 */
import type { WebSocket } from "ws";
import type {
  ConfigItem,
  FeedItem,
  FeedViewer,
  LostItem,
  NoticeItem,
} from "../../live/feed-items.ts";
import { type QueueLimits, ViewerQueue } from "../../live/viewer-queue.ts";
import { textMessage } from "./messages.ts";

export interface WriterLimits extends QueueLimits {
  /** Bytes handed to the socket and not yet taken by the peer's side of the connection. */
  readonly maxBuffered: number;
}

/** Default for `maxBuffered`. */
export const MAX_BUFFERED = 4 << 20;

/** What is used of a `ws` socket. */
export interface MediaSocket extends Pick<WebSocket, "send" | "bufferedAmount" | "readyState"> {}

const BINARY = { binary: true, compress: false } as const;
const TEXT = { binary: false, compress: false } as const;
const OPEN = 1;

export class SocketWriter implements FeedViewer {
  readonly #ws: MediaSocket;
  readonly #maxBuffered: number;
  readonly #queue: ViewerQueue;
  readonly #onFailed: (error: unknown) => void;
  readonly #forNode: boolean;
  readonly #refuse: (config: ConfigItem) => NoticeItem | undefined;
  /** The media of this timeline is not wanted. */
  #refused = false;
  /** More than `maxBuffered` was handed over; the last message's callback has not come yet. */
  #blocked = false;
  #flushes = 0;
  #wake: (() => void) | undefined;

  constructor(
    ws: MediaSocket,
    options: {
      limits?: Partial<WriterLimits>;
      /** The viewer is another node. */
      forNode?: boolean;
      /** What is said instead of a timeline that the viewer cannot play. */
      refuse?: (config: ConfigItem) => NoticeItem | undefined;
      onFailed: (error: unknown) => void;
    },
  ) {
    const { limits = {}, forNode = false, refuse = () => undefined, onFailed } = options;
    this.#refuse = refuse;
    this.#forNode = forNode;
    this.#ws = ws;
    this.#maxBuffered = limits.maxBuffered ?? MAX_BUFFERED;
    this.#queue = new ViewerQueue(limits);
    this.#onFailed = onFailed;
  }

  /** The socket is full; items go to the queue. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** How often a full socket has drained: a sign of life. */
  get flushes(): number {
    return this.#flushes;
  }

  get lostFrames(): number {
    return this.#queue.lostTotal;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  push(item: FeedItem): void {
    if (!this.#blocked && this.#queue.idle) {
      this.#send(item);
      return;
    }
    this.#queue.push(item);
    if (!this.#blocked) this.#pump();
  }

  failed(error: unknown): void {
    this.#onFailed(error);
  }

  /** Text that is worth nothing when late: left out while the viewer is behind. */
  sendNow(text: string): void {
    if (!this.#blocked && this.#ws.readyState === OPEN) this.#ws.send(text, TEXT);
  }

  /** Resolves when there is room in the socket and nothing waits, or when the socket is gone. */
  async room(): Promise<void> {
    while (this.#blocked && this.#ws.readyState === OPEN)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** The socket closed: nobody waits any more. */
  closed(): void {
    this.#wake?.();
  }

  #pump(): void {
    while (!this.#blocked) {
      const item = this.#queue.take();
      if (item === undefined) return;
      this.#send(item);
    }
  }

  #send(item: FeedItem | LostItem): void {
    if (item.kind === "chunk") {
      if (!this.#refused) this.#media(item.bytes);
      return;
    }
    if (this.#ws.readyState !== OPEN) return;
    const refusal = item.kind === "config" ? this.#refuse(item) : undefined;
    if (item.kind === "config") this.#refused = refusal !== undefined;
    if (refusal !== undefined) {
      this.#ws.send(textMessage(refusal, this.#forNode), TEXT);
      return;
    }
    this.#ws.send(textMessage(item, this.#forNode), TEXT);
    if (item.kind === "config" && item.init !== undefined) this.#media(item.init);
  }

  #media(bytes: Uint8Array): void {
    const ws = this.#ws;
    if (ws.readyState !== OPEN) return;
    if (ws.bufferedAmount + bytes.length < this.#maxBuffered) {
      ws.send(bytes, BINARY);
      return;
    }
    this.#blocked = true;
    ws.send(bytes, BINARY, this.#onFlushed);
  }

  readonly #onFlushed = (): void => {
    this.#blocked = false;
    this.#flushes++;
    this.#pump();
    if (!this.#blocked) this.#wake?.();
  };
}
