/** A network between producer and server that breaks where the test says. */
import { connect, createServer, type Socket } from "node:net";

export interface Cut {
  /** The connection breaks after so many bytes from the producer. */
  readonly afterBytes: number;
  /** Of the server's answer only the handshake arrives. */
  readonly deaf?: boolean;
}

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were broken. */
  readonly cuts: number;
  /** The network is away: what is open breaks, what comes is cut off at once, until `up`. */
  down(): void;
  up(): void;
}

/** Every connection breaks as its turn says; those after the last are left alone. */
export async function startCuttingProxy(
  serverPort: number,
  plan: readonly Cut[],
): Promise<CuttingProxy> {
  let turn = 0;
  let cuts = 0;
  let away = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (away) {
      near.on("error", () => {});
      near.destroy();
      return;
    }
    const { afterBytes, deaf = false } = plan[turn++] ?? { afterBytes: Number.POSITIVE_INFINITY };
    const far = connect(serverPort, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    let sent = 0;
    near.on("data", (piece: Buffer) => {
      const part = piece.subarray(0, Math.max(0, afterBytes - sent));
      sent += piece.length;
      if (sent < afterBytes) {
        far.write(part);
        return;
      }
      near.pause();
      cuts++;
      // What was sent before the break arrives.
      far.end(part, () => near.destroy());
    });
    let greeted = false;
    far.on("data", (piece: Buffer) => {
      if (!greeted || !deaf) near.write(piece);
      greeted = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    down() {
      away = true;
      for (const socket of sockets) socket.destroy();
    },
    up() {
      away = false;
    },
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
