/** WebSocket routes: push and tail. Compression is off: media does not shrink and it costs latency. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { asFault, Fault } from "../base/errors.ts";
import { ensureStream } from "../ingest/ensure-stream.ts";
import { handlePutSocket } from "../ingest/mkv-ws/put-socket.ts";
import { bearerToken } from "../ingest/push-access.ts";
import { handleTailSocket } from "../play/tail/tail-socket.ts";
import { errorBody } from "./error-reply.ts";
import { httpStatus } from "./http-status.ts";
import type { Parts } from "./parts.ts";
import { putParts } from "./put-parts.ts";
import type { RawQuery } from "./routes/query.ts";
import { putParams, tailParams } from "./socket-params.ts";

/** Largest WebSocket message a producer may send, bytes. Message borders mean nothing in its stream. */
const PUT_MESSAGE_BYTES = 16 << 20;
/** Viewers send short JSON only. */
const TAIL_MESSAGE_BYTES = 4096;

const ROUTE = /^\/v1\/streams\/([^/]{1,768})\/(put|tail)$/;

/** Takes over the server's upgrade requests. Returns how to close every socket. */
export function attachSockets(server: Server, parts: Parts): () => void {
  const options = { noServer: true, perMessageDeflate: false } as const;
  const put = new WebSocketServer({ ...options, maxPayload: PUT_MESSAGE_BYTES });
  const tail = new WebSocketServer({ ...options, maxPayload: TAIL_MESSAGE_BYTES });
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    route(req, parts).then(
      (target) => {
        const wss = target.kind === "put" ? put : tail;
        wss.handleUpgrade(req, socket, head, (ws) => target.accept(ws));
      },
      (error) => refuse(socket, asFault(error)),
    );
  });
  return () => {
    for (const wss of [put, tail]) for (const ws of wss.clients) ws.close(1001, "server closing");
  };
}

interface Target {
  readonly kind: "put" | "tail";
  accept(ws: WebSocket): void;
}

/** Checks the request before the handshake, so that a refusal is a readable HTTP answer. */
async function route(req: IncomingMessage, parts: Parts): Promise<Target> {
  const url = new URL(req.url ?? "/", "http://localhost");
  const [, encoded, kind] = ROUTE.exec(url.pathname) ?? [];
  if (encoded === undefined)
    throw new Fault("request.no-route", `there is no WebSocket at ${url.pathname.slice(0, 200)}`);
  const stream = decodeName(encoded);
  const query = Object.fromEntries(url.searchParams) as RawQuery;
  if (kind === "put") {
    const params = putParams(stream, query, parts.clock.now());
    const put = putParts(parts);
    const token = bearerToken(req.headers.authorization);
    const ready = () => ensureStream(stream, params.create || put.createMissing, put);
    // Before the handshake a refusal is a readable answer; a page tells its token after it.
    if (!put.access.required) await ready();
    else if (token !== undefined) put.access.check(stream, token);
    return { kind, accept: (ws) => handlePutSocket(ws, { ...params, token }, { ...put, ready }) };
  }
  await parts.archive.get(stream);
  const params = tailParams(stream, query);
  const { hub, archive, clock, log } = parts;
  return {
    kind: "tail",
    accept: (ws) => handleTailSocket(ws, params, { hub, reader: archive, clock, log }),
  };
}

function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new Fault("stream.bad-name", "the stream's name is not valid percent-encoding", {
      cause,
    });
  }
}

function refuse(socket: Duplex, fault: Fault): void {
  const body = JSON.stringify(errorBody(fault));
  socket.end(
    `HTTP/1.1 ${httpStatus(fault.code)} Refused\r\n` +
      "content-type: application/json; charset=utf-8\r\nconnection: close\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
