/** The HTTP server with all its routes. Makes no parts and opens no port. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { Fault } from "../base/errors.ts";
import { handlePutMedia, wantsContinue } from "../ingest/mkv-http/put-media.ts";
import { enforceAccess } from "./access/enforce.ts";
import { enforceOrigins, OriginRules } from "./access/origin.ts";
import { signInPage } from "./access/sign-in-page.ts";
import { fromFastify, refuseSocket, replyFault } from "./error-reply.ts";
import { httpServer } from "./http-server.ts";
import { kvsRoutes } from "./kvs/routes.ts";
import { limitBodies } from "./limit-bodies.ts";
import { countRequests } from "./metrics/http-metrics.ts";
import { pagePath, pagePolicy } from "./page-policy.ts";
import type { Parts } from "./parts.ts";
import { putParts } from "./put-parts.ts";
import { dashRoutes } from "./routes/dash.ts";
import { eventRoutes } from "./routes/events.ts";
import { groupRoutes } from "./routes/groups.ts";
import { healthRoutes } from "./routes/health.ts";
import { hlsRoutes } from "./routes/hls.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { imageRoutes } from "./routes/images.ts";
import { keyRoutes } from "./routes/keys.ts";
import { kvsSessionRoutes } from "./routes/kvs-sessions.ts";
import { mediaRoutes } from "./routes/media.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { retentionRoutes } from "./routes/retention.ts";
import { serverRoutes } from "./routes/server.ts";
import { sessionRoutes } from "./routes/session.ts";
import { sourceRoutes } from "./routes/sources.ts";
import { streamRoutes } from "./routes/streams.ts";
import { userRoutes } from "./routes/users.ts";
import { segmentedOf } from "./segmented.ts";
import { STRICT_JSON } from "./strict-json.ts";
import type { Certificates } from "./tls.ts";

/** A JSON body may have this many bytes. Media bodies have no end and are read as they come. */
const JSON_BODY_BYTES = 1 << 20;

/** `certificates`: with them it speaks HTTPS. */
export function buildApp(parts: Parts, certificates?: Certificates): FastifyInstance {
  const { log, clock } = parts;
  const { maxConnections } = parts.config;
  const app = fastify({
    bodyLimit: JSON_BODY_BYTES,
    forceCloseConnections: true,
    serverFactory: (listener) => httpServer(listener, { certificates, maxConnections, log }),
    // What is refused before there is a route, in our form, too.
    frameworkErrors: (error, _req, reply) => replyFault(reply as FastifyReply, error),
    clientErrorHandler: (error, socket) => refuseSocket(socket, error),
    routerOptions: { maxParamLength: 256 },
    // Some SDKs send the absolute form of the request line (RFC 9112 §3.2.2).
    rewriteUrl: (req) => (req.url ?? "/").replace(/^https?:\/\/[^/]+/, "") || "/",
    exposeHeadRoutes: false,
    ajv: STRICT_JSON,
  });
  app.setErrorHandler((error, _req, reply) => {
    const fault = fromFastify(error);
    if (fault.code === "internal")
      log.error("request.failed", { error: String(fault.stack ?? fault) });
    return replyFault(reply, fault);
  });
  app.setNotFoundHandler((req) => {
    throw new Fault("request.no-route", `there is no ${req.method} ${req.url.slice(0, 200)}`);
  });
  const origins = OriginRules.of(parts);
  enforceOrigins(app, origins);
  limitBodies(app, clock);
  enforceAccess(app, parts.guard);
  countRequests(app, parts.metrics);
  openApiRoutes(app);
  healthRoutes(app, parts);
  metricsRoutes(app, parts);
  serverRoutes(app, parts);
  keyRoutes(app, parts);
  userRoutes(app, parts);
  sessionRoutes(app, parts);
  hookRoutes(app, parts);
  eventRoutes(app, parts);
  // Bodies of media are asked for when it is clear that they are taken here.
  app.server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    if (wantsContinue(req) && !isPutMedia(req)) res.writeContinue();
    app.routing(req, res);
  });
  streamRoutes(app, parts);
  retentionRoutes(app, parts);
  sourceRoutes(app, parts);
  groupRoutes(app, parts);
  mediaRoutes(app, parts);
  imageRoutes(app, parts);
  const segmented = segmentedOf(app, parts);
  hlsRoutes(app, parts, segmented);
  dashRoutes(app, parts, segmented);
  kvsSessionRoutes(app, parts, segmented);
  putMediaRoute(app, parts);
  nodeRoutes(app, parts);
  kvsRoutes(app, parts);
  staticRoutes(app, parts, origins.framers);
  return app;
}

function isPutMedia({ url = "" }: IncomingMessage): boolean {
  return /^(?:https?:\/\/[^/]+)?\/putMedia(?:\?|$)/.test(url);
}

/** PutMedia bodies have any content type (the C SDK says application/json) and are never parsed here. */
function putMediaRoute(app: FastifyInstance, parts: Parts): void {
  app.register((scope, _options, ready) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_req, _payload, done) => done(null));
    scope.post("/putMedia", (req, reply) => {
      reply.hijack();
      handlePutMedia(req.raw, reply.raw, putParts(parts));
    });
    ready();
  });
}

function staticRoutes(app: FastifyInstance, parts: Parts, framers: string): void {
  app.get("/*", async (req, reply) => {
    const signIn = await signInPage(parts.guard, req);
    if (signIn !== undefined) return reply.header("cache-control", "no-store").redirect(signIn);
    const asset = await parts.files.get(decodeURIComponent(pagePath(req.url)));
    reply.header("etag", asset.etag).header("cache-control", "no-cache").type(asset.type);
    const { publicUrl } = parts.config;
    const otherNodes = parts.nodes !== undefined;
    const policy = pagePolicy(asset, { framers, otherNodes, publicUrl });
    reply.header("content-security-policy", policy);
    reply.header("x-content-type-options", "nosniff").header("referrer-policy", "no-referrer");
    if (req.headers["if-none-match"] === asset.etag) return reply.code(304).send();
    return reply.send(asset.body);
  });
}
