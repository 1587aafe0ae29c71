/**
 * Reads of a socket straight into arrays of ours. Node has that for sockets that connect (`onread`), not for accepted
 * ones, whose every read is an array of its own and goes through the machinery of streams
 * (docs/decisions/0017-rtmp-receive-path.md).
 */
import { Socket } from "node:net";

/** Neither may throw. */
export interface Reads {
  /** Where the next bytes go: not empty, and nobody else's until `filled` is told of them. */
  room(): Uint8Array;
  /** So many bytes are at the beginning of the last `room`. False: no more is read until the socket is resumed. */
  filled(count: number): boolean;
}

/** What `onread` sets in a socket, by the names of its symbols. */
interface OwnReads {
  readonly buffer: symbol;
  readonly next: symbol;
  readonly read: symbol;
}

const own = find();

function find(): OwnReads | undefined {
  const probe = new Socket({ onread: { buffer: () => new Uint8Array(1), callback: () => true } });
  const symbols = Object.getOwnPropertySymbols(probe);
  const named = (name: string) => symbols.find(({ description }) => description === name);
  const [buffer, next, read] = ["kBuffer", "kBufferGen", "kBufferCb"].map(named);
  if (buffer === undefined || next === undefined || read === undefined) return undefined;
  return { buffer, next, read };
}

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * To be called in the turn in which the socket was accepted. It has no `data` events from then on; `end`, `pause` and
 * `resume` work as ever. False, and nothing has happened, where this Node or this kind of socket cannot do it.
 */
export function readInto(socket: Socket, { room, filled }: Reads): boolean {
  const handle = (socket as { _handle?: Handle })._handle;
  if (own === undefined || socket.constructor !== Socket || handle?.useUserBuffer === undefined)
    return false;
  const first = room();
  Object.assign(socket, { [own.buffer]: first, [own.next]: room, [own.read]: filled });
  handle.useUserBuffer(first);
  socket.resume();
  return true;
}
