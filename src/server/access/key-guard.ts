/** Authentication is on: who shows a key, a signature made with one, or a session token. */
import type { Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";
import { bearerToken } from "../../ingest/push-access.ts";
import { FailureLimit } from "./failure-limit.ts";
import type { Guard, Principal, RequestHead } from "./guard.ts";
import type { AccessKeys } from "./keys.ts";
import { ScopedPrincipal } from "./scope.ts";
import type { SessionClaims, SessionTokens } from "./session-tokens.ts";
import { SIGV4_SCHEME, signerOf, verifySigV4 } from "./sigv4/verify.ts";

/** Session tokens that stand for a caller: what they allow is in their `data`. */
export const API_SESSION = "api";
const SESSION_MARK = /^ss\d+\./;

export interface KeyGuardParts {
  readonly keys: AccessKeys;
  readonly sessions: SessionTokens;
  readonly clock: Clock;
}

export class KeyGuard implements Guard {
  readonly required = true;
  readonly #parts: KeyGuardParts;
  readonly #limit: FailureLimit;

  constructor(parts: KeyGuardParts) {
    this.#parts = parts;
    this.#limit = new FailureLimit(parts.clock);
  }

  async identify(request: RequestHead, body?: Uint8Array): Promise<Principal> {
    return this.ofRequest(request, body);
  }

  /** The same, at once. */
  ofRequest(request: RequestHead, body?: Uint8Array): Principal {
    const { remoteAddress } = request;
    this.#limit.check(remoteAddress);
    try {
      return this.#principal(request, body);
    } catch (error) {
      const { code } = asFault(error);
      // Who brings nothing does not guess.
      if (code !== "auth.required") this.#limit.failed(remoteAddress);
      throw error;
    }
  }

  #principal(request: RequestHead, body: Uint8Array | undefined): Principal {
    const { authorization } = request.headers;
    if (authorization?.startsWith(SIGV4_SCHEME)) return this.#signed(request, body);
    const token =
      bearerToken(authorization) ?? basicToken(authorization) ?? queryToken(request.url);
    if (token === undefined)
      throw new Fault("auth.required", "this server asks who you are: send a key or a token");
    return this.ofToken(token);
  }

  /** Of a key's or a session's token. Throws `auth.denied`, `auth.expired`. */
  ofToken(token: string): Principal {
    if (SESSION_MARK.test(token))
      return sessionPrincipal(this.#parts.sessions.read(token, API_SESSION));
    const { id, ...scope } = this.#parts.keys.ofToken(token);
    return new ScopedPrincipal(`key:${id}`, scope);
  }

  #signed({ method, url, headers }: RequestHead, body: Uint8Array | undefined): Principal {
    const { keys, clock, sessions } = this.#parts;
    const signer = signerOf(headers.authorization ?? "");
    const token = headers["x-amz-security-token"];
    if (typeof token === "string") {
      const claims = sessions.read(token, API_SESSION);
      const { accessKeyId, secretAccessKey } = sessions.credentials(token);
      if (signer !== accessKeyId) throw new Fault("auth.denied", "the token is of another key id");
      verifySigV4({ method, url, headers, body }, secretAccessKey, clock.now());
      return sessionPrincipal(claims);
    }
    const { id, secret, ...scope } = keys.find(signer);
    verifySigV4({ method, url, headers, body }, secret, clock.now());
    return new ScopedPrincipal(`key:${id}`, scope);
  }
}

/** `stream` is a pattern; `data` the actions. */
function sessionPrincipal({ stream, expiresMs, data }: SessionClaims): Principal {
  const { actions, id } = data as { actions: ("read" | "produce" | "manage")[]; id: string };
  return new ScopedPrincipal(`session:${id}`, { actions, streams: stream, expiresMs });
}

/** `Basic id:secret` (RFC 7617) as a token. */
function basicToken(header: string | undefined): string | undefined {
  const [, text] = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? "") ?? [];
  if (text === undefined) return undefined;
  const decoded = Buffer.from(text, "base64").toString("utf8");
  const at = decoded.indexOf(":");
  return at < 0 ? undefined : `${decoded.slice(0, at)}.${decoded.slice(at + 1)}`;
}

/** Pages can set no header on a WebSocket or a picture's address. */
function queryToken(url: string): string | undefined {
  const at = url.indexOf("?");
  if (at < 0) return undefined;
  return new URLSearchParams(url.slice(at + 1)).get("token") ?? undefined;
}
