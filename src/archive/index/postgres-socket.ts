/**
 * Connections for postgres.js 3.4.9, which does not survive it when one breaks: what it still has to write then throws in a
 * callback of its own, where nobody can catch it (its issues 1154, 1208). So the socket is made here, and says that it
 * is closed only when the driver has been told of the error and has nothing left to write.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Of a socket in the file system, instead of host and port. */
  readonly path: string | undefined;
  /** `require`: encrypted, whoever it is. `verify-full`: and the certificate is checked. */
  readonly tls: "disable" | "require" | "verify-full";
}

/** "I want TLS", as the protocol begins. */
const TLS_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
/** The driver's last writes come a turn or two of the event loop after the error. */
const TURNS_BEFORE_CLOSE = 20;

/** `silenceMs`: an answer that takes longer is not waited for. A peer that vanished says nothing, for hours. */
export async function openSocket(address: Address, silenceMs: number): Promise<Socket> {
  const { host, port, path, tls } = address;
  let socket = path === undefined ? connectTcp({ host, port }) : connectTcp({ path });
  socket.setNoDelay(true);
  await settled(socket, "connect", silenceMs);
  if (tls !== "disable") {
    socket.write(TLS_REQUEST);
    const [answer] = await settled(socket, "data", silenceMs);
    if (!(answer instanceof Uint8Array) || answer[0] !== 0x53) {
      socket.destroy();
      throw new Error("the server has no TLS");
    }
    const name = isIP(host) === 0 ? { servername: host } : {};
    const rejectUnauthorized = tls === "verify-full";
    socket = connectTls({ socket, host, ...name, rejectUnauthorized });
    await settled(socket, "secureConnect", silenceMs);
  }
  watchSilence(socket, silenceMs);
  deferClose(socket);
  return socket;
}

function settled(socket: Socket, event: string, silenceMs: number): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.setTimeout(0);
      for (const name of [event, "error", "close"]) socket.removeAllListeners(name);
      socket.removeAllListeners("timeout");
    };
    const failed = (error?: Error) => {
      done();
      socket.on("error", () => {});
      socket.destroy();
      reject(error instanceof Error ? error : new Error("PostgreSQL closed the connection"));
    };
    socket.setTimeout(silenceMs, () => failed(new Error("PostgreSQL does not answer")));
    socket.once("error", failed);
    socket.once("close", () => failed());
    socket.once(event, (...values: readonly unknown[]) => {
      done();
      resolve(values);
    });
  });
}

/** An idle connection may be silent. */
function watchSilence(socket: Socket, silenceMs: number): void {
  let waiting = false;
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  socket.write = (...args: readonly unknown[]) => {
    waiting = true;
    return write(...args);
  };
  socket.on("data", () => {
    waiting = false;
  });
  socket.setTimeout(silenceMs, () => {
    if (waiting) socket.destroy(new Error("PostgreSQL does not answer"));
  });
}

function deferClose(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (...args: readonly unknown[]) => boolean;
  let failed = false;
  socket.emit = (event: string | symbol, ...args: readonly unknown[]) => {
    if (event === "error") failed = true;
    if (event !== "close") return emit(event, ...args);
    if (!failed) emit("error", new Error("PostgreSQL closed the connection"));
    let turns = TURNS_BEFORE_CLOSE;
    const turn = () => {
      if (turns-- > 0) setImmediate(turn);
      else emit("close", ...args);
    };
    turn();
    return true;
  };
}
