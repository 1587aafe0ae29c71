/** `POST /putMedia`: a producer's endless Matroska body, and its acks in the answer (KVS page PutMedia). */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { asFault, type Fault, type FaultCode } from "../../base/errors.ts";
import type { StreamCatalogue } from "../../fragment/fragment.ts";
import { type Ack, ackLine } from "../ack.ts";
import { ensureStream } from "../ensure-stream.ts";
import type { Ingest } from "../ingest.ts";
import type { Placement } from "../placement.ts";
import { identityOf } from "../publishers.ts";
import { bearerToken, type PushAccess } from "../push-access.ts";
import type { IngestSession, SessionTransport } from "../session.ts";
import { readPutMediaHeaders } from "./headers.ts";

/**
 * How long bytes of a refused body are read and thrown away, ms. Closing at once would reset the connection, and
 * a producer that is still sending would lose the ERROR ack that is on its way.
 */
const LINGER_MS = 5000;

export interface PutParts {
  readonly ingest: Ingest;
  readonly access: PushAccess;
  readonly placement: Placement;
  readonly clock: Clock;
  readonly catalogue: StreamCatalogue;
  /** Create a stream on its first push. */
  readonly createMissing: boolean;
  readonly defaultRetentionHours: number;
}

/** Takes over the request. Never throws and never rejects: what goes wrong is in the answer. */
export function handlePutMedia(req: IncomingMessage, res: ServerResponse, parts: PutParts): void {
  req.pause();
  req.socket.setNoDelay(true);
  req.on("error", () => {});
  res.on("error", () => {});
  res.setHeader("x-amzn-RequestId", randomUUID());
  accept(req, res, parts).catch((error) => refuse(req, res, asFault(error)));
}

async function accept(req: IncomingMessage, res: ServerResponse, parts: PutParts): Promise<void> {
  const { stream, startNs, acks, archivedAcks } = readPutMediaHeaders(req.headers);
  const remoteAddress = req.socket.remoteAddress ?? "";
  // Asked once: a body has no place for another token, and KVS does not ask again either.
  const grant = parts.access.check(stream, bearerToken(req.headers.authorization), {
    ...{ method: "POST", headers: req.headers },
    url: (req.url ?? "/").replace(/^https?:\/\/[^/]+/, "") || "/",
    remoteAddress,
  });
  await ensureStream(stream, parts.createMissing, parts);
  const owner = await parts.placement.elsewhere(stream);
  if (owner !== undefined) {
    redirect(req, res, `${owner.url}/putMedia`);
    return;
  }
  const transport = httpTransport({ req, res, acks, clock: parts.clock });
  const protocol = "put-media";
  const producer = { protocol, identity: identityOf(protocol, grant.who, remoteAddress) } as const;
  const session = await parts.ingest.open({ stream, startNs, transport, archivedAcks, producer });
  if (req.destroyed) {
    session.abort();
    return;
  }
  const unwatch = grant.watch?.((fault) => session.shutDown(fault));
  if (unwatch !== undefined) req.once("close", unwatch);
  if (wantsContinue(req)) res.writeContinue();
  res.setHeader("content-type", "application/json");
  // The answer begins before the body ends: producers wait for acks while they send. One that wants none may close its
  // connection without a look at the answer: bytes that reach it then would reset it, with what is still on the way.
  if (acks) res.flushHeaders();
  feed(req, session);
}

/** Whether the client sends its body only when it is told to (RFC 9110 §10.1.1). */
export function wantsContinue(req: IncomingMessage): boolean {
  return /^100-continue$/i.test(req.headers.expect ?? "");
}

function feed(req: IncomingMessage, session: IngestSession): void {
  req.on("data", (chunk: Buffer) => session.push(chunk));
  req.once("end", () => session.end());
  req.once("close", () => session.abort());
  req.resume();
}

interface HttpTransportParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The producer wants all acks, not only errors. */
  readonly acks: boolean;
  readonly clock: Clock;
}

/** One `write` per ack: some clients take one HTTP chunk for one ack. */
function httpTransport({ req, res, acks, clock }: HttpTransportParts): SessionTransport {
  const open = () => !res.writableEnded && !res.destroyed;
  return {
    send(ack: Ack) {
      if (open() && (acks || ack.type === "ERROR")) res.write(ackLine(ack));
    },
    pause: () => req.pause(),
    resume: () => req.resume(),
    finished(fault) {
      if (open()) res.end();
      if (fault === undefined || req.complete) return;
      req.resume();
      const cancel = clock.after(LINGER_MS, () => req.destroy());
      req.once("close", cancel);
    },
  };
}

/**
 * Another node records it (RFC 9110 §15.4.8: the same request again, there). The body is not read: a client that
 * waits for `100 Continue` has not sent any of it, and another's connection is closed.
 */
function redirect(req: IncomingMessage, res: ServerResponse, location: string): void {
  if (res.destroyed) return;
  const body = JSON.stringify({ Message: "another node records this stream", Location: location });
  res.writeHead(307, { "content-type": "application/json", location, connection: "close" });
  res.end(body);
  req.resume();
}

const EXCEPTIONS: Partial<Record<FaultCode, readonly [number, string]>> = {
  "stream.not-found": [404, "ResourceNotFoundException"],
  "auth.required": [401, "NotAuthorizedException"],
  "auth.denied": [403, "AccessDeniedException"],
  "auth.expired": [401, "NotAuthorizedException"],
  "auth.signature": [403, "InvalidSignatureException"],
  "auth.limited": [400, "ThrottlingException"],
  "ingest.busy": [503, "ServiceUnavailable"],
  "server.closing": [503, "ServiceUnavailable"],
  "store.unavailable": [503, "ServiceUnavailable"],
  "store.unreadable": [503, "ServiceUnavailable"],
  "index.unavailable": [503, "ServiceUnavailable"],
  internal: [500, "InternalFailure"],
};

/** An error before the stream of acks has begun, as KVS spells it. */
function refuse(req: IncomingMessage, res: ServerResponse, fault: Fault): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const [status, type] = EXCEPTIONS[fault.code] ?? [400, "InvalidArgumentException"];
  const body = JSON.stringify({ Message: fault.message, Code: fault.code });
  res.writeHead(status, {
    "content-type": "application/json",
    "x-amzn-ErrorType": type,
    connection: "close",
  });
  res.end(body);
  req.resume();
}
