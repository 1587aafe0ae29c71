/**
 * The socket side of the HTTP server: what a peer may cost before any route has seen its request. Heads have a size and a
 * deadline, connections a number; bodies are `limit-bodies.ts`.
 */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Logger } from "../base/logger.ts";
import type { Certificates } from "./tls.ts";

/** A request's line and headers together. Node's own default, said here because it is promised. */
const HEAD_BYTES = 16_384;
const MAX_HEADERS = 100;
/** From the first byte of a connection or a request to the end of its head, ms; and how often that is looked at. */
const HEAD_MS = 20_000;
const CHECK_MS = 2000;
/** A connection without a request is closed after so long, ms. */
const IDLE_MS = 72_000;
const HANDSHAKE_MS = 10_000;
/** Files and sockets that the rest of the server needs: packs, the index, stores, RTMP. */
const OTHER_FILES = 1500;
const FEWEST = 16;

export interface HttpServerOptions {
  readonly certificates: Certificates | undefined;
  readonly maxConnections: number;
  readonly log: Logger;
  /** Default: `HEAD_MS`. */
  readonly headMs?: number;
}

export function httpServer(
  listener: RequestListener,
  { certificates, maxConnections, log, headMs = HEAD_MS }: HttpServerOptions,
): Server {
  const limits = {
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: headMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, headMs),
    keepAliveTimeout: IDLE_MS,
    // A producer's request lasts as long as its camera runs.
    requestTimeout: 0,
  };
  const server = certificates === undefined ? createServer(limits, listener) : tls();
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = Math.min(maxConnections, mostOf(openFiles()));
  server.on("drop", () => log.warn("http.too-many-connections", { most: server.maxConnections }));
  return server;

  function tls(): Server {
    const pair = certificates?.pair;
    const made = createTlsServer({ ...limits, ...pair, handshakeTimeout: HANDSHAKE_MS }, listener);
    certificates?.follow(made);
    // A peer that speaks no TLS, or goes away in the handshake: its socket ends, nothing else does.
    made.on("tlsClientError", (_error, socket) => socket.destroy());
    return made;
  }
}

/** So many of them that recording still finds a file to write to. */
export function mostOf(openFilesLimit: number): number {
  return Math.max(FEWEST, openFilesLimit - Math.min(OTHER_FILES, openFilesLimit / 2));
}

/** How many files this process may have open, where the system tells. */
function openFiles(): number {
  try {
    const [, soft] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
