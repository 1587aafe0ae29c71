/** The operations over HTTP: every one is a POST with a JSON body, and errors are KVS's (KVS page "Common Errors"). */
import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../base/errors.ts";
import { headOf } from "../access/enforce.ts";
import type { Principal } from "../access/guard.ts";
import { endWith } from "../access/revocations.ts";
import { fromFastify } from "../error-reply.ts";
import { retryAfterS } from "../http-status.ts";
import { ownUrl } from "../own-url.ts";
import type { Parts } from "../parts.ts";
import { namedStream } from "./arn.ts";
import type { KvsContext } from "./context.ts";
import { KvsFault, kvsError } from "./errors.ts";
import { INPUTS, NOT_BUILT, type OperationName, pathOf } from "./model.ts";
import { HANDLERS, type Handler } from "./operations.ts";
import { check } from "./shapes.ts";

const config = { access: "own" } as const;
type Request = FastifyRequest<{ Body: Buffer | undefined }>;

export function kvsRoutes(app: FastifyInstance, parts: Parts): void {
  app.register((scope, _options, ready) => {
    // Clients send JSON under many names, with tabs and line breaks; a signature covers its very bytes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_req, body, done) => done(null, body));
    scope.setErrorHandler((error, _req, reply) => {
      reply.hijack();
      answer(parts, reply.raw, error);
    });
    for (const name of Object.keys(INPUTS) as OperationName[])
      scope.post(pathOf(name), { config }, (req: Request, reply) => run(parts, name, req, reply));
    for (const path of NOT_BUILT)
      scope.post(path, { config }, async (req: Request) => {
        // Who is nobody is told nothing, not even this.
        await parts.guard.identify(headOf(req), req.body ?? Buffer.alloc(0));
        throw new KvsFault(
          "InvalidArgumentException",
          "signaling channels, edge agents and WebRTC storage are not part of this server",
        );
      });
    ready();
  });
}

async function run(
  parts: Parts,
  name: OperationName,
  req: Request,
  reply: FastifyReply,
): Promise<unknown> {
  const requestId = randomUUID();
  reply.header("x-amzn-RequestId", requestId);
  const body = req.body ?? Buffer.alloc(0);
  const principal = await parts.guard.identify(headOf(req), body);
  endWith(parts.guard, principal, reply.raw);
  const input = inputOf(name, body);
  const context: KvsContext = {
    ...{ parts, principal, request: req.raw, response: reply.raw },
    baseUrl: ownUrl(req.raw, parts.config),
  };
  if (!MEDIA.has(name)) return call(name, input, context);
  // The answer is written by the operation itself; what goes wrong before its first byte is a readable one.
  reply.raw.setHeader("x-amzn-RequestId", requestId);
  reply.hijack();
  await call(name, input, context).catch((error) => answer(parts, reply.raw, error));
  return reply;
}

async function call(
  name: OperationName,
  input: object,
  context: KvsContext,
): Promise<object | undefined> {
  const handler = HANDLERS[name];
  const { principal, parts } = context;
  if (handler.on === "server") {
    const stream = handler.target?.(input as never);
    // A list is of what the caller may see.
    if (handler.action !== "read") principal.require(handler.action, { stream });
    return handler.run(input as never, context);
  }
  const stream = await streamOf(parts, input, principal, handler);
  return handler.run(input as never, { ...context, stream });
}

const MEDIA: ReadonlySet<OperationName> = new Set([
  "GetMedia",
  "GetMediaForFragmentList",
  "GetClip",
]);

/** Whoever may not see a stream is not told whether it is there. */
async function streamOf(
  parts: Parts,
  input: { StreamName?: string; StreamARN?: string; ResourceARN?: string },
  principal: Principal,
  { action, orProduce = false }: Extract<Handler, { on: "stream" }>,
) {
  const { StreamName, ResourceARN, StreamARN = ResourceARN } = input;
  const { name, createdMs } = namedStream({
    ...(StreamName === undefined ? {} : { StreamName }),
    ...(StreamARN === undefined ? {} : { StreamARN }),
  });
  if (!orProduce || !principal.may("produce", { stream: name }))
    principal.require(action, { stream: name });
  const info = await parts.archive.get(name);
  if (createdMs !== undefined && createdMs !== Math.floor(info.createdMs))
    throw new Fault("stream.not-found", `there is no stream ${StreamARN}`);
  return info;
}

function inputOf(name: OperationName, body: Buffer): object {
  let input: unknown;
  try {
    input = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch (_cause) {
    throw new KvsFault("SerializationException", "the body is not JSON");
  }
  check(INPUTS[name], input, "");
  const given = Object.entries(input as object).filter(([, value]) => value !== null);
  return Object.fromEntries(given);
}

/** An error in KVS's form, unless the answer has already begun. */
function answer(parts: Parts, response: ServerResponse, error: unknown): void {
  const fault = fromFastify(error);
  if (fault.code === "internal")
    parts.log.error("request.failed", { error: String(fault.stack ?? fault) });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, type, message } = kvsError(fault);
  if (!response.hasHeader("x-amzn-RequestId")) response.setHeader("x-amzn-RequestId", randomUUID());
  const seconds = retryAfterS(fault.code);
  if (seconds !== undefined) response.setHeader("retry-after", seconds);
  const body = JSON.stringify({ Message: message });
  response.writeHead(status, {
    ...{ "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    ...{ "x-amzn-ErrorType": type, "x-amz-ErrorType": type },
  });
  response.end(body);
}
