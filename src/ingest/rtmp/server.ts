/** The RTMP port: accepts connections, bounds how many, and closes them all. */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, Server as TlsServer } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { RtmpConnection, type RtmpParts } from "./connection.ts";

/** Connections at once. A camera needs one. */
const MAX_CONNECTIONS = 1000;
/** From the connect to the end of the TLS handshake, ms. */
const HANDSHAKE_MS = 10_000;

/** Ends a connection that has not shaken hands after a while; `shaking` has how to let it be, by its other end. */
function shakeInTime(socket: Socket, shaking: Map<string, () => void>, clock: Clock): void {
  const place = placeOf(socket);
  const cancel = clock.after(HANDSHAKE_MS, () => socket.destroy());
  shaking.set(place, cancel);
  socket.once("close", () => {
    cancel();
    if (shaking.get(place) === cancel) shaking.delete(place);
  });
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export class RtmpServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** With a certificate it speaks RTMPS, which is RTMP inside TLS. Throws what the certificate's reader throws. */
  constructor(parts: RtmpParts, certificate?: Certificate) {
    const accept = (socket: Socket) => void new RtmpConnection(socket, parts);
    if (certificate === undefined) this.#server = createServer(accept);
    else {
      const shaking = new Map<string, () => void>();
      const server = createTlsServer(certificate, (socket) => {
        shaking.get(placeOf(socket))?.();
        accept(socket);
      });
      server.on("connection", (socket: Socket) => shakeInTime(socket, shaking, parts.clock));
      // A peer that speaks no TLS, or goes away in the handshake: its socket ends, nothing else does.
      server.on("tlsClientError", (_error, socket) => socket.destroy());
      this.#server = server;
    }
    // Of TLS, too: one that has not shaken hands yet counts and has to go.
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** For handshakes from now on; what is connected stays. Throws what the certificate's reader throws. */
  setSecureContext(certificate: Certificate): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(certificate);
  }

  /** What connections that come another way are given to. */
  get server(): Server {
    return this.#server;
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
