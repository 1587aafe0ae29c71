/** Bytes on the HTTP port as they are, and what comes back until the server closes. */
import { connect } from "node:net";

export interface RawPeer extends Disposable {
  send(text: string | Uint8Array): void;
  /** Sends, and resolves when anything came back. */
  answered(text: string): Promise<void>;
  /** All that came, when the connection has ended. */
  readonly ended: Promise<string>;
}

export function rawPeer(port: number): RawPeer {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.on("data", (piece: Buffer) => {
    text += piece.toString("latin1");
  });
  // A server that has refused may reset what is still being sent.
  socket.on("error", () => {});
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  return {
    send: (bytes) => void socket.write(bytes),
    answered: (bytes) =>
      new Promise((resolve, reject) => {
        socket.once("data", () => resolve());
        socket.once("close", () => reject(new Error("the server closed")));
        socket.write(bytes);
      }),
    ended,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** One request of these bytes; resolves with the whole answer. */
export async function rawAnswer(port: number, text: string): Promise<string> {
  using peer = rawPeer(port);
  peer.send(text);
  // Awaited here: it is disposed of at the end.
  return await peer.ended;
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}
