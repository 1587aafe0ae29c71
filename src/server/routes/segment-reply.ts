/** Answers of segmented playback: playlists, which are to be checked each time, and media, which never changes. */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { MediaBytes } from "../../play/hls/service.ts";
import { API_SESSION } from "../access/key-guard.ts";
import type { Parts } from "../parts.ts";

export const HLS_TYPE = "application/vnd.apple.mpegurl";
export const DASH_TYPE = "application/dash+xml";
const MEDIA_TYPE = "video/mp4";

/** With its tag; 304 to a client that has it. */
export function sendPlaylist(
  req: FastifyRequest,
  reply: FastifyReply,
  { text, type }: { text: string; type: string },
): FastifyReply {
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
  reply.header("etag", etag).header("cache-control", "private, no-cache").type(type);
  if (tagMatches(req, etag)) return reply.code(304).send();
  return reply.send(text);
}

export function sendMedia(
  req: FastifyRequest,
  reply: FastifyReply,
  { pieces, etag }: MediaBytes,
): FastifyReply {
  reply.header("etag", etag).header("cache-control", "private, max-age=86400, immutable");
  reply.type(MEDIA_TYPE);
  if (tagMatches(req, etag)) return reply.code(304).send();
  const [only] = pieces;
  if (only === undefined || pieces.length > 1) return reply.send(Buffer.concat(pieces));
  return reply.send(Buffer.from(only.buffer, only.byteOffset, only.length));
}

/** A page of any origin may read what a URL with its own permission in it answers, once that was looked at. */
export function openToAll(reply: FastifyReply): void {
  reply.raw.removeHeader("access-control-allow-credentials");
  reply.header("access-control-allow-origin", "*");
  reply.header("cross-origin-resource-policy", "cross-origin");
}

/** The same for the `token` of the native addresses: only a session's, and where somebody checks it. */
export function openIfSession(
  reply: FastifyReply,
  { guard, sessions }: Pick<Parts, "guard" | "sessions">,
  token: string | undefined,
): void {
  if (token === undefined || !guard.required) return;
  try {
    sessions.read(token, API_SESSION);
  } catch {
    return;
  }
  openToAll(reply);
}

/** Aborts when the client has gone. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}

function tagMatches(req: FastifyRequest, etag: string): boolean {
  const header = req.headers["if-none-match"];
  return header === etag || header === "*" || header === `W/${etag}`;
}
