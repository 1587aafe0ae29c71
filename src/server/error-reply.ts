/** A fault as an HTTP answer: `{"error":{"code","message","at"?}}` with the table's status. */
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { asFault, Fault } from "../base/errors.ts";
import { httpStatus, retryAfterS } from "./http-status.ts";

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly at?: number };
}

/** The JSON body for a fault. `internal` faults do not tell what went wrong inside. */
export function errorBody(fault: Fault): ErrorBody {
  const message =
    fault.code === "internal" ? "internal error; see the server's log" : fault.message;
  return {
    error: { code: fault.code, message, ...(fault.at === undefined ? {} : { at: fault.at }) },
  };
}

/** Answers with the fault, unless the answer has already begun. */
export function replyFault(reply: FastifyReply, error: unknown): FastifyReply {
  const fault = fromFastify(error);
  const seconds = retryAfterS(fault.code);
  if (seconds !== undefined) reply.header("retry-after", seconds);
  return reply.code(httpStatus(fault.code)).send(errorBody(fault));
}

/** Fastify's own errors (bad JSON, schema, body too large) carry a status; ours are faults. */
export function fromFastify(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) return new Fault("request.too-large", message ?? "too large");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Fault("request.bad", message ?? "bad request", { cause: error });
  return asFault(error);
}

/** Bytes that Node could not read as a request, or that did not come in time (Node's error codes). */
export function refuseSocket(socket: Socket, error: NodeJS.ErrnoException): void {
  // Gone already, or in the middle of an answer.
  if (error.code === "ECONNRESET" || socket.destroyed || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [line, fault] = UNREADABLE[error.code ?? ""] ?? NO_HTTP;
  const body = JSON.stringify(errorBody(fault));
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

const NO_HTTP = ["400 Bad Request", new Fault("request.bad", "this is no HTTP request")] as const;

const UNREADABLE: Readonly<Record<string, readonly [line: string, fault: Fault]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    new Fault("request.too-large", "the request's line and headers are too large"),
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    "408 Request Timeout",
    new Fault("request.too-slow", "the request's head did not come in time"),
  ],
};
