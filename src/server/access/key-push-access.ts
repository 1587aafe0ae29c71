/** Who may push, when authentication is on: who has a key for it, or the secret of the push key file. */
import { Fault } from "../../base/errors.ts";
import type { PushAccess, PushGrant, PushRequest } from "../../ingest/push-access.ts";
import type { Principal, RequestHead } from "./guard.ts";

/** What of the guard is asked; all of it answers at once. */
export interface PushGuard {
  ofToken(token: string): Principal;
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

  check(stream: string, token: string | undefined, request?: PushRequest): PushGrant {
    const granted = token === undefined ? undefined : this.#byFile(stream, token);
    if (granted !== undefined) return granted;
    const principal = this.#principal(token, request);
    principal.require("produce", { stream });
    // A session's token is its key's: a producer may come with the one, and again with the other.
    return { expiresMs: principal.expiresMs, who: principal.id.replace(/^session:/, "") };
  }

  #principal(token: string | undefined, request: PushRequest | undefined): Principal {
    if (token !== undefined && token !== "") return this.#guard.ofToken(token);
    if (request?.headers.authorization !== undefined) return this.#guard.ofRequest(request);
    throw new Fault("auth.required", "this server asks for a key to push");
  }

  /** Undefined: it is none of the file's. */
  #byFile(stream: string, token: string): PushGrant | undefined {
    try {
      return this.#file?.check(stream, token);
    } catch {
      return undefined;
    }
  }
}
