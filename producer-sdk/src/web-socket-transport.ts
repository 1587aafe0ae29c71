/** The WebSocket that browsers have, and Node from 22 on. One message is a piece of the byte stream. */
import type { Link, LinkHandlers, Transport } from "./transport.ts";

/** Pushes through the runtime's own WebSocket. */
export const webSocketTransport: Transport = {
  connect(url: string, handlers: LinkHandlers): Link {
    const socket = new WebSocket(url);
    let ended = false;
    const finish = (reason: string) => {
      if (ended) return;
      ended = true;
      handlers.closed(reason);
    };
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (!ended) handlers.opened();
    };
    socket.onmessage = (event) => {
      // One ack per message, without a line end; the reader of acks takes lines.
      if (!ended && typeof event.data === "string") handlers.text(`${event.data}\n`);
    };
    socket.onerror = () => finish("the server cannot be reached, or refused the connection");
    socket.onclose = (event) => finish(event.reason || `the connection was closed (${event.code})`);
    return {
      // A subarray may share its buffer with other frames; the socket copies what it queues.
      send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
      sendText: (text) => socket.send(text),
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      close() {
        ended = true;
        socket.close();
      },
    };
  },
};

/** Address of a stream's push socket. Block times are epoch times: `timecode=ABSOLUTE`. */
export function putUrl(server: string, stream: string, create: boolean): string {
  const base = server.replace(/^http/, "ws").replace(/\/+$/, "");
  const query = `timecode=ABSOLUTE${create ? "&create=1" : ""}`;
  return `${base}/v1/streams/${encodeURIComponent(stream)}/put?${query}`;
}
