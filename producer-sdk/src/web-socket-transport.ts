/**
 * The WebSocket that browsers have, and Node from 22 on. One message is a piece of the byte stream. It does not follow
 * redirects, so where a connection is refused the server is asked which node records the stream, and that one is tried:
 * for this connection only, since the next may find it elsewhere.
 */
import type { Link, LinkHandlers, Transport } from "./transport.ts";

/** Pushes through the runtime's own WebSocket. */
export const webSocketTransport: Transport = {
  connect(url: string, handlers: LinkHandlers): Link {
    return new WebSocketLink(url, handlers);
  },
};

/** For the answer which node it is, ms. */
const ASK_MS = 5000;

class WebSocketLink implements Link {
  readonly #handlers: LinkHandlers;
  #socket: WebSocket;
  #ended = false;
  #asked = false;

  constructor(url: string, handlers: LinkHandlers) {
    this.#handlers = handlers;
    this.#socket = this.#open(url);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    // A subarray may share its buffer with other frames; the socket copies what it queues.
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#ended = true;
    this.#socket.close(1000);
  }

  #open(url: string): WebSocket {
    const socket = new WebSocket(url);
    const handlers = this.#handlers;
    let opened = false;
    let gone = false;
    const finish = (reason: string) => {
      if (this.#ended || gone) return;
      gone = true;
      if (opened || this.#asked) this.#finish(reason);
      else void this.#askAndOpen(url, reason);
    };
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      opened = true;
      if (!this.#ended) handlers.opened();
    };
    socket.onmessage = (event) => {
      // One ack per message, without a line end; the reader of acks takes lines.
      if (!this.#ended && typeof event.data === "string") handlers.text(`${event.data}\n`);
    };
    socket.onerror = () => finish("the server cannot be reached, or refused the connection");
    socket.onclose = (event) => finish(event.reason || `the connection was closed (${event.code})`);
    return socket;
  }

  async #askAndOpen(url: string, reason: string): Promise<void> {
    this.#asked = true;
    const other = await otherNode(url);
    if (this.#ended) return;
    if (other === undefined) this.#finish(reason);
    else this.#socket = this.#open(other);
  }

  #finish(reason: string): void {
    this.#ended = true;
    this.#handlers.closed(reason);
  }
}

/** The address of the same push socket on the node that records the stream; undefined: the server does not name another. */
async function otherNode(url: string): Promise<string | undefined> {
  const tried = new URL(url);
  const path = tried.pathname.replace(/\/put$/, "/endpoint");
  try {
    const asked = `${tried.origin.replace(/^ws/, "http")}${path}`;
    const answer = await fetch(asked, { signal: AbortSignal.timeout(ASK_MS) });
    const { url: owner } = (await answer.json()) as { url?: unknown };
    if (!answer.ok || typeof owner !== "string") return undefined;
    const base = new URL(owner.replace(/^http/, "ws"));
    if (base.host === tried.host) return undefined;
    return `${base.origin}${tried.pathname}${tried.search}`;
  } catch {
    return undefined;
  }
}

/** Address of a stream's push socket. Block times are epoch times: `timecode=ABSOLUTE`. */
export function putUrl(server: string, stream: string, create: boolean): string {
  const base = server.replace(/^http/, "ws").replace(/\/+$/, "");
  const query = `timecode=ABSOLUTE${create ? "&create=1" : ""}`;
  return `${base}/v1/streams/${encodeURIComponent(stream)}/put?${query}`;
}
