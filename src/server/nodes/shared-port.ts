/**
 * A port that several processes of one machine listen on at once (SO_REUSEPORT): the kernel gives each connection to one of them.
 * Beside it each has a port of its own, by which the others and redirected producers reach it.
 */
import { createServer, type Server } from "node:net";
import { Fault } from "../../base/errors.ts";

export interface SharedPort {
  close(): void;
}

/** Gives every connection to `server`, as if it had come to its own port. Throws `server.port-taken`, `config.bad`. */
export async function listenShared(
  server: Server,
  { port, host }: { port: number; host: string },
): Promise<SharedPort> {
  // As an HTTP server's own listener would be: a request's half that ended is not the end of the connection.
  const shared = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit("connection", socket);
  });
  await new Promise<void>((resolve, reject) => {
    shared.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const why = taken
        ? `port ${port} is taken`
        : `cannot share ${host}:${port}: ${cause.message}`;
      reject(new Fault(taken ? "server.port-taken" : "config.bad", why, { cause }));
    });
    shared.listen({ port, host, reusePort: true }, resolve);
  });
  return { close: () => shared.close() };
}
