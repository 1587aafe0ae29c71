/**
 * WebSocket push: the bytes of a PutMedia body as binary messages, whose borders mean nothing, and one
 * ack per text message. A text message `{"type":"end"}`, or a normal close, is the end of the body.
 */
import type { WebSocket } from "ws";
import type { Clock } from "../../base/clock.ts";
import { asFault, type Fault } from "../../base/errors.ts";
import { type Ack, ackErrorId, ackLine } from "../ack.ts";
import type { Ingest } from "../ingest.ts";
import type { IngestSession, SessionTransport } from "../session.ts";

/** Pings keep proxies from closing a quiet connection, ms. */
const PING_MS = 15_000;
/** Close codes: RFC 6455 §7.4.1, and 4000 + for our own. */
const CLOSE_NORMAL = 1000;
const CLOSE_BAD_DATA = 1007;
const CLOSE_INTERNAL = 1011;

export interface PutSocketParams {
  readonly stream: string;
  /** Producer time of timecode 0, ns since the Unix epoch; 0 for ABSOLUTE. */
  readonly startNs: bigint;
}

export interface PutSocketParts {
  readonly ingest: Ingest;
  readonly clock: Clock;
}

/** Takes over an accepted socket. Never throws. */
export function handlePutSocket(
  ws: WebSocket,
  params: PutSocketParams,
  parts: PutSocketParts,
): void {
  ws.on("error", () => {});
  ws.pause();
  const transport = socketTransport(ws);
  parts.ingest.open({ ...params, transport }).then(
    (session) => feed(ws, session, parts.clock),
    (error) => refuse(ws, asFault(error)),
  );
}

function feed(ws: WebSocket, session: IngestSession, clock: Clock): void {
  ws.on("message", (data: Buffer, binary) => {
    if (binary) session.push(data);
    else if (isEnd(data)) session.end();
  });
  ws.once("close", (code) => (code === CLOSE_NORMAL ? session.end() : session.abort()));
  keepAlive(ws, clock);
  ws.resume();
  if (ws.readyState !== ws.OPEN) session.abort();
}

function isEnd(data: Buffer): boolean {
  try {
    return (JSON.parse(data.toString("utf8")) as { type?: unknown }).type === "end";
  } catch {
    return false;
  }
}

function keepAlive(ws: WebSocket, clock: Clock): void {
  let answered = true;
  ws.on("pong", () => {
    answered = true;
  });
  const beat = () => {
    if (ws.readyState !== ws.OPEN) return;
    // A paused socket is one we do not read from: its pong is waiting behind its media.
    if (!answered && !ws.isPaused) {
      ws.terminate();
      return;
    }
    answered = false;
    ws.ping();
    clock.after(PING_MS, beat);
  };
  clock.after(PING_MS, beat);
}

function socketTransport(ws: WebSocket): SessionTransport {
  const send = (ack: Ack) => {
    if (ws.readyState === ws.OPEN) ws.send(ackLine(ack));
  };
  return {
    send,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    finished(fault) {
      if (ws.readyState !== ws.OPEN) return;
      ws.resume();
      if (fault === undefined) ws.close(CLOSE_NORMAL);
      else ws.close(closeCode(fault), fault.message.slice(0, 100));
    },
  };
}

function closeCode(fault: Fault): number {
  return ackErrorId(fault) < 5000 ? CLOSE_BAD_DATA : CLOSE_INTERNAL;
}

function refuse(ws: WebSocket, fault: Fault): void {
  const { code, message, at } = fault;
  const id = ackErrorId(fault);
  ws.send(
    ackLine({ type: "ERROR", id, timecode: undefined, number: undefined, code, message, at }),
  );
  ws.close(closeCode(fault), message.slice(0, 100));
  ws.resume();
}
