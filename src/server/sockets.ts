/** WebSocket routes: push and tail. Compression is off: media does not shrink and it costs latency. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { asFault, Fault } from "../base/errors.ts";
import { ensureStream } from "../ingest/ensure-stream.ts";
import { handlePutSocket } from "../ingest/mkv-ws/put-socket.ts";
import { bearerToken, type PushAccess, type PushGrant } from "../ingest/push-access.ts";
import { handleTailSocket } from "../play/tail/tail-socket.ts";
import { addressToken } from "./access/key-guard.ts";
import { OriginRules } from "./access/origin.ts";
import { cookieToken } from "./access/session-cookie.ts";
import { tailAccess } from "./access/tail-access.ts";
import { errorBody } from "./error-reply.ts";
import { httpStatus, retryAfterS } from "./http-status.ts";
import { NodeAuth } from "./nodes/node-auth.ts";
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
  const origins = OriginRules.of(parts);
  server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    allowed(req, origins)
      .then(() => route(req, parts))
      .then(
        (target) => {
          if ("location" in target) return redirect(socket, target.location);
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

/** Throws `request.foreign-host`, `request.foreign-page`. */
async function allowed({ method = "GET", headers }: IncomingMessage, origins: OriginRules) {
  origins.checkHost(headers);
  origins.checkPage(method, headers);
}

interface Target {
  readonly kind: "put" | "tail";
  accept(ws: WebSocket): void;
}

/** Another node records the stream. */
interface Elsewhere {
  readonly location: string;
}

/** Checks the request before the handshake, so that a refusal is a readable HTTP answer. */
async function route(req: IncomingMessage, parts: Parts): Promise<Target | Elsewhere> {
  const url = new URL(req.url ?? "/", "http://localhost");
  const [, encoded, kind] = ROUTE.exec(url.pathname) ?? [];
  if (encoded === undefined)
    throw new Fault("request.no-route", `there is no WebSocket at ${url.pathname.slice(0, 200)}`);
  const stream = decodeName(encoded);
  const query = Object.fromEntries(url.searchParams) as RawQuery;
  if (kind === "put") {
    const { token: given, ...asked } = query as Readonly<Record<string, string>>;
    const params = putParams(stream, asked, parts.clock.now());
    const put = putParts(parts);
    const ready = async () => {
      await ensureStream(stream, params.create || put.createMissing, put);
      return put.placement.elsewhere(stream);
    };
    // Before the handshake a refusal is a readable answer; a page tells its token after it.
    const grant = pushGrant(req, stream, { given, access: put.access });
    const admitted = !put.access.required || grant !== undefined;
    const owner = await (admitted ? ready() : put.placement.lookUp(stream));
    if (owner !== undefined) return { location: `${owner.url}${req.url}` };
    const { remoteAddress } = socketHead(req);
    const accepted = { ...params, grant, remoteAddress };
    return { kind, accept: (ws) => handlePutSocket(ws, accepted, { ...put, ready }) };
  }
  return tailTarget(req, stream, query, parts);
}

/** Of what comes with the handshake; undefined: nothing does. Throws `auth.*`. */
function pushGrant(
  req: IncomingMessage,
  stream: string,
  { given, access }: { readonly given: string | undefined; readonly access: PushAccess },
): PushGrant | undefined {
  if (!access.required) return undefined;
  const token =
    bearerToken(req.headers.authorization) ??
    (given === undefined ? undefined : addressToken(given));
  if (token === undefined && cookieToken(req.headers) === undefined) return undefined;
  return access.check(stream, token, socketHead(req));
}

async function tailTarget(
  req: IncomingMessage,
  stream: string,
  query: RawQuery,
  parts: Parts,
): Promise<Target> {
  const { hub, archive, leased: reader, clock, log, nodes } = parts;
  const forNode = isNode(req, parts);
  const { token: _, ...asked } = query;
  const head = socketHead(req);
  const access = forNode ? undefined : await tailAccess(parts.guard, head, stream);
  await archive.get(stream);
  const params = { ...tailParams(stream, asked), forNode };
  return {
    kind: "tail",
    accept: (ws) => {
      // Another node is served from what is here: it would wait for itself.
      if (!forNode && nodes !== undefined) ws.once("close", nodes.watch(stream));
      const granted = access === undefined ? {} : { access };
      handleTailSocket(ws, { ...params, ...granted }, { hub, reader, clock, log });
    },
  };
}

function socketHead({ method = "GET", url = "/", headers, socket }: IncomingMessage) {
  return { method, url, headers, remoteAddress: socket.remoteAddress ?? "" };
}

/** Throws `auth.*` when it says so and is not. */
function isNode({ method = "", url = "", headers }: IncomingMessage, parts: Parts): boolean {
  const { authorization } = headers;
  if (parts.nodes === undefined || !NodeAuth.claims(authorization)) return false;
  parts.nodes.auth.check({ method, path: url }, authorization, parts.clock.now());
  return true;
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
  const seconds = retryAfterS(fault.code);
  socket.end(
    `HTTP/1.1 ${httpStatus(fault.code)} Refused\r\n` +
      "content-type: application/json; charset=utf-8\r\nconnection: close\r\n" +
      (seconds === undefined ? "" : `retry-after: ${seconds}\r\n`) +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Clients that follow it push to the node that records the stream; others ask `/v1/streams/{name}/endpoint`. */
function redirect(socket: Duplex, location: string): void {
  socket.end(
    `HTTP/1.1 307 Temporary Redirect\r\nlocation: ${location}\r\n` +
      "connection: close\r\ncontent-length: 0\r\n\r\n",
  );
}
