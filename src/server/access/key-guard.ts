/** Authentication is on: who shows a key, a signature made with one, a session token, or the cookie of a sign-in. */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { bearerToken } from "../../ingest/push-access.ts";
import type { Directory } from "./directory.ts";
import type { FailureLimit } from "./failure-limit.ts";
import type { Action, Guard, Principal, RequestHead } from "./guard.ts";
import type { Maker } from "./maker.ts";
import { ScopedPrincipal } from "./scope.ts";
import { cookieToken, requireOwnPage } from "./session-cookie.ts";
import type { SessionClaims, SessionTokens } from "./session-tokens.ts";
import { SIGV4_SCHEME, signerOf, verifySigV4 } from "./sigv4/verify.ts";

/** Session tokens that stand for a caller: what they allow is in their `data`. */
export const API_SESSION = "api";
/** In a cookie, and nowhere else: stands for its maker. */
export const COOKIE_SESSION = "cookie";
const SESSION_MARK = /^ss\d+\./;

export interface KeyGuardParts {
  readonly directory: Directory;
  readonly sessions: SessionTokens;
  readonly clock: Clock;
  readonly limit: FailureLimit;
}

export class KeyGuard implements Guard {
  readonly required = true;
  readonly #parts: KeyGuardParts;

  constructor(parts: KeyGuardParts) {
    this.#parts = parts;
  }

  async identify(request: RequestHead, body?: Uint8Array): Promise<Principal> {
    return this.ofRequest(request, body);
  }

  /** The same, at once. */
  ofRequest(request: RequestHead, body?: Uint8Array): Principal {
    return this.#parts.limit.guess(request.remoteAddress, () => this.#principal(request, body));
  }

  /** Of a key's or a session's token, as it came from this address. Throws `auth.denied`, `auth.expired`, `auth.limited`. */
  ofToken(token: string, address: string): Principal {
    return this.#parts.limit.guess(address, () => this.#ofToken(token));
  }

  watch({ maker }: Pick<Principal, "maker">, revoked: (fault: Fault) => void): () => void {
    return this.#parts.directory.revocations.watch(maker, revoked);
  }

  #principal(request: RequestHead, body: Uint8Array | undefined): Principal {
    const { authorization } = request.headers;
    if (authorization?.startsWith(SIGV4_SCHEME)) return this.#signed(request, body);
    const token =
      bearerToken(authorization) ?? basicToken(authorization) ?? queryToken(request.url);
    if (token !== undefined) return this.#ofToken(token);
    const cookie = cookieToken(request.headers);
    if (cookie !== undefined) return this.#signedIn(cookie, request);
    throw new Fault("auth.required", "this server asks who you are: send a key or a token");
  }

  #ofToken(token: string): Principal {
    const { sessions, directory } = this.#parts;
    if (SESSION_MARK.test(token)) return sessionPrincipal(sessions.read(token, API_SESSION));
    const { id } = directory.keys.ofToken(token);
    return directory.principal({ id: `key:${id}` });
  }

  #signed({ method, url, headers }: RequestHead, body: Uint8Array | undefined): Principal {
    const { directory, clock, sessions } = this.#parts;
    const signer = signerOf(headers.authorization ?? "");
    const token = headers["x-amz-security-token"];
    if (typeof token === "string") {
      const claims = sessions.read(token, API_SESSION);
      const { accessKeyId, secretAccessKey } = sessions.credentials(token);
      if (signer !== accessKeyId) throw new Fault("auth.denied", "the token is of another key id");
      verifySigV4({ method, url, headers, body }, secretAccessKey, clock.now());
      return sessionPrincipal(claims);
    }
    const { id, secret } = directory.keys.find(signer);
    verifySigV4({ method, url, headers, body }, secret, clock.now());
    return directory.principal({ id: `key:${id}` });
  }

  #signedIn(cookie: string, request: RequestHead): Principal {
    const { maker, expiresMs } = this.#cookieClaims(cookie);
    requireOwnPage(request);
    return this.#parts.directory.principal(maker, expiresMs);
  }

  /** Browsers send what another server on this machine has set, too: that is no guess. */
  #cookieClaims(cookie: string): SessionClaims & { readonly maker: Maker } {
    try {
      const { maker, ...claims } = this.#parts.sessions.read(cookie, COOKIE_SESSION);
      if (maker !== undefined) return { ...claims, maker };
    } catch (cause) {
      if (cause instanceof Fault && cause.code === "auth.expired") throw cause;
    }
    throw new Fault("auth.required", "not signed in any more: sign in again");
  }
}

/** `stream` is a pattern; `data` the actions. */
function sessionPrincipal({ stream, expiresMs, data, maker }: SessionClaims): Principal {
  const { actions, id, streamsOnly = false } = data as SessionData;
  return new ScopedPrincipal(
    `session:${id}`,
    { actions, streams: stream, expiresMs, ...(streamsOnly ? { streamsOnly } : {}) },
    maker,
  );
}

/** What stands in a token of `API_SESSION`. */
export interface SessionData {
  readonly actions: readonly Action[];
  /** Of who asked for it. */
  readonly id: string;
  readonly streamsOnly?: boolean;
}

/** `Basic id:secret` (RFC 7617) as a token. */
function basicToken(header: string | undefined): string | undefined {
  const [, text] = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? "") ?? [];
  if (text === undefined) return undefined;
  const decoded = Buffer.from(text, "base64").toString("utf8");
  const at = decoded.indexOf(":");
  return at < 0 ? undefined : `${decoded.slice(0, at)}.${decoded.slice(at + 1)}`;
}

/** Pages can set no header on a WebSocket or a picture's address. Throws `auth.denied`. */
function queryToken(url: string): string | undefined {
  const at = url.indexOf("?");
  if (at < 0) return undefined;
  const token = new URLSearchParams(url.slice(at + 1)).get("token") ?? undefined;
  // Lists call their place `token` too: there is no dot in those.
  return token?.includes(".") ? addressToken(token) : undefined;
}

/** Addresses are written down by proxies and browsers: what is good for years does not belong there. */
export function addressToken(token: string): string {
  if (/^s[bs]\d+\./.test(token)) return token;
  throw new Fault(
    "auth.denied",
    "only a session's token may stand in an address: POST /v1/session makes one of a key",
  );
}
