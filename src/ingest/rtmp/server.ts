/** The RTMP port: accepts connections, bounds how many, and closes them all. */
import { createServer, type Server, type Socket } from "node:net";
import { RtmpConnection, type RtmpParts } from "./connection.ts";
import { Publishers } from "./publishers.ts";

/** Connections at once. A camera needs one. */
const MAX_CONNECTIONS = 1000;

export class RtmpServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(parts: Omit<RtmpParts, "publishers">) {
    const publishers = new Publishers();
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      new RtmpConnection(socket, { ...parts, publishers });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Resolves with the port; 0 picks a free one. Rejects with the system's error. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener("error", reject);
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  /** Sessions are ended by whoever owns them; what is left of the sockets goes. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
