/** Signing in on a page: with a name and a password, or with a key. What comes of it is a cookie. */
import { randomBytes } from "node:crypto";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { BoundedAudit } from "./bounded-audit.ts";
import type { Directory } from "./directory.ts";
import type { FailureLimit } from "./failure-limit.ts";
import type { Principal } from "./guard.ts";
import { COOKIE_SESSION } from "./key-guard.ts";
import type { Maker } from "./maker.ts";
import type { SessionTokens } from "./session-tokens.ts";

/** A working day, with what comes before and after. */
const SIGN_IN_MS = 43_200_000;

/** What a user's id begins with. */
const USER = "user:";

export interface PasswordChange {
  readonly password: string;
  readonly newPassword: string;
}

interface SignInParts {
  readonly directory: Directory;
  readonly sessions: SessionTokens;
  readonly limit: FailureLimit;
  readonly index: FragmentIndex;
  readonly clock: Clock;
}

export interface SignedIn {
  readonly principal: Principal;
  /** For the cookie. */
  readonly token: string;
  readonly expiresMs: number;
}

export class SignIns {
  readonly #parts: SignInParts;
  readonly #audit: BoundedAudit;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#audit = new BoundedAudit(parts);
  }

  /** Throws `auth.denied`, `auth.limited`, `request.busy`. */
  async withPassword(name: string, password: string, address: string): Promise<SignedIn> {
    const since = await this.#proven(name, password, address);
    return this.#signedIn({ id: `${USER}${name}`, since }, address);
  }

  /**
   * The own password, by who knows the old one. Everything the user was signed in with ends; what is returned goes on. Throws
   * `auth.denied` (no user, or the old one is wrong), `auth.limited`, `request.busy`, `request.bad` when both are the same.
   */
  async changePassword(
    { id, maker }: Principal,
    { password, newPassword }: PasswordChange,
    address: string,
  ): Promise<SignedIn> {
    if (maker === undefined || !maker.id.startsWith(USER))
      throw new Fault("auth.denied", "users have passwords: sign in as one");
    if (password === newPassword) throw new Fault("request.bad", "the new password is the old one");
    const name = maker.id.slice(USER.length);
    await this.#proven(name, password, address);
    const { users } = this.#parts.directory;
    const since = await users.changePassword(name, newPassword, { who: id, address });
    return this.#signedIn({ id: maker.id, since }, address);
  }

  async #proven(name: string, password: string, address: string): Promise<string> {
    const { directory, limit } = this.#parts;
    const { users } = directory;
    limit.check(address);
    const since = await users.signIn(name, password, address);
    if (since !== undefined) return since;
    limit.failed(address);
    // What is no name may be a password, typed one line too early.
    const who = users.has(name) ? `${USER}${name}` : "nobody known";
    await this.#audit.add({ action: "sign-in-failed", who, detail: JSON.stringify({ address }) });
    throw new Fault("auth.denied", "the name or the password is wrong");
  }

  /** `ID.SECRET`. Throws `auth.denied`, `auth.expired`, `auth.limited`. */
  async withKey(token: string, address: string): Promise<SignedIn> {
    const { directory, limit } = this.#parts;
    try {
      const { id } = limit.guess(address, () => directory.keys.ofToken(token));
      return await this.#signedIn({ id: `key:${id}` }, address);
    } catch (error) {
      const failed = { action: "sign-in-failed", who: "a key" };
      if (error instanceof Fault && error.code === "auth.denied")
        await this.#audit.add({ ...failed, detail: JSON.stringify({ address }) });
      throw error;
    }
  }

  /** The sign-in, and what was made with it. */
  async signOut({ maker, id, expiresMs }: Principal): Promise<void> {
    const { directory, clock } = this.#parts;
    if (maker?.signIn === undefined) return;
    await directory.ended.end(maker.signIn, expiresMs ?? clock.now() + SIGN_IN_MS);
    await this.#audit.add({ action: "signed-out", who: id });
  }

  async #signedIn(who: Maker, address: string): Promise<SignedIn> {
    const { directory, sessions, clock } = this.#parts;
    const maker = { ...who, signIn: randomBytes(12).toString("base64url") };
    const principal = directory.principal(maker, clock.now() + SIGN_IN_MS);
    const { expiresMs = clock.now() + SIGN_IN_MS } = principal;
    const claims = { purpose: COOKIE_SESSION, stream: principal.scope.streams, expiresMs, maker };
    const detail = JSON.stringify({ address });
    await this.#audit.add({ action: "signed-in", who: who.id, detail });
    return { principal, token: sessions.issue(claims), expiresMs };
  }
}
