/** Who may push into a stream: asked by every way media comes in. */
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../base/errors.ts";

/** What a token allows. */
export interface PushGrant {
  /** End of the permission, ms since the Unix epoch; undefined: none. */
  readonly expiresMs: number | undefined;
  /** Calls back when the permission is taken back; returns how to stop. Left out: it never is. */
  watch?(revoked: (fault: Fault) => void): () => void;
  /** Whose it is, where it is not everybody's: the id of a key, the stream a token names. No secret. */
  readonly who?: string;
}

export interface PushAccess {
  /** False: everybody may push, and `check` allows everything. */
  readonly required: boolean;
  /** Throws `auth.required` without a token, `auth.denied`, `auth.expired`, `auth.signature`, `auth.limited`. */
  check(stream: string, token: string | undefined, request: PushRequest): PushGrant;
}

/** Where a push comes from. Of HTTP its head: some sign it instead of sending a token. */
export interface PushRequest {
  readonly method: string;
  /** As in the request line, without scheme and host. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
}

/** Everybody may push: the server listens on this machine alone, or its operator wants it so. */
export const openAccess: PushAccess = { required: false, check: () => ({ expiresMs: undefined }) };

/** Of a connection that has no HTTP head. */
export function fromAddress(remoteAddress: string): PushRequest {
  return { method: "", url: "", headers: {}, remoteAddress };
}

/** The token of an `Authorization: Bearer …` header (RFC 6750 §2.1). */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header ?? "")?.[1];
}
