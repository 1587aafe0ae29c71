/** Who may push, when authentication is on: who has a key for it, or the secret of the push key file. */
import { Fault } from "../../base/errors.ts";
import type { PushAccess, PushGrant, PushRequest } from "../../ingest/push-access.ts";
import type { FailureLimit } from "./failure-limit.ts";
import type { Guard, Principal, RequestHead } from "./guard.ts";
import { cookieToken } from "./session-cookie.ts";

/** What of the guard is asked; all of it answers at once. */
export interface PushGuard extends Pick<Guard, "watch"> {
  ofToken(token: string, address: string): Principal;
  ofRequest(request: RequestHead): Principal;
}

export class KeyPushAccess implements PushAccess {
  readonly required = true;
  readonly #guard: PushGuard;
  readonly #file: PushAccess | undefined;

  constructor(guard: PushGuard, file: PushAccess | undefined) {
    this.#guard = guard;
    this.#file = file;
  }

  check(stream: string, token: string | undefined, request: PushRequest): PushGrant {
    const granted = token === undefined ? undefined : this.#byFile(stream, token, request);
    if (granted !== undefined) return granted;
    const principal = this.#principal(token, request);
    principal.require("produce", { stream });
    const { expiresMs, id } = principal;
    // A session's token is its key's: a producer may come with the one, and again with the other.
    const who = id.replace(/^session:/, "");
    return { expiresMs, who, watch: (revoked) => this.#guard.watch(principal, revoked) };
  }

  #principal(token: string | undefined, request: PushRequest): Principal {
    if (token !== undefined && token !== "")
      return this.#guard.ofToken(token, request.remoteAddress);
    const { headers } = request;
    if (headers.authorization !== undefined || cookieToken(headers) !== undefined)
      return this.#guard.ofRequest(request);
    throw new Fault("auth.required", "this server asks for a key to push");
  }

  /** Undefined: it is none of the file's. */
  #byFile(stream: string, token: string, request: PushRequest): PushGrant | undefined {
    try {
      return this.#file?.check(stream, token, request);
    } catch {
      return undefined;
    }
  }
}

/** The push key file alone: who guesses it waits. */
export class LimitedPushAccess implements PushAccess {
  readonly required = true;
  readonly #file: PushAccess;
  readonly #limit: FailureLimit;

  constructor(file: PushAccess, limit: FailureLimit) {
    this.#file = file;
    this.#limit = limit;
  }

  check(stream: string, token: string | undefined, request: PushRequest): PushGrant {
    return this.#limit.guess(request.remoteAddress, () => this.#file.check(stream, token, request));
  }
}
