/** People: a name, a password, a role, the streams it is for. Kept as records of the index; passwords as scrypt hashes. */
import { randomBytes } from "node:crypto";
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Passwords } from "./passwords.ts";
import { RecordMirror } from "./record-mirror.ts";
import type { Scope } from "./scope.ts";

const KIND = "user";
const MAX_USERS = 10_000;

export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** As it is listed. */
export interface User {
  readonly name: string;
  readonly role: Role;
  /** Pattern of names, as of keys. */
  readonly streams: string;
  readonly createdMs: number;
  readonly changedMs: number;
}

interface Kept extends User {
  readonly hash: string;
  /** Another one after every change: what was signed in before has ended. */
  readonly since: string;
}

export interface NewUser extends Pick<User, "name" | "role" | "streams"> {
  readonly password: string;
}

export type UserChange = Partial<Omit<NewUser, "name">>;

/** Who asks, for the audit and for limits. */
export interface Caller {
  readonly who: string;
  readonly address: string;
}

interface UsersParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly passwords: Passwords;
  /** Called after a change: what rests on it may have ended. */
  readonly changed: () => void;
}

export class Users {
  readonly #parts: UsersParts;
  readonly #users: RecordMirror<Kept>;

  constructor(parts: UsersParts) {
    this.#parts = parts;
    const { index } = parts;
    this.#users = new RecordMirror({ index, kind: KIND, parse: (_, body) => JSON.parse(body) });
  }

  /** Throws `index.unavailable`. */
  read(): Promise<void> {
    return this.#users.read();
  }

  list(): User[] {
    return this.#users
      .entries()
      .map(([, user]) => shown(user))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws `user.exists`, `request.bad` when there are too many. */
  async create({ password, ...user }: NewUser, caller: Caller): Promise<User> {
    const { index, clock, passwords } = this.#parts;
    if (this.#users.size >= MAX_USERS)
      throw new Fault("request.bad", `there may be ${MAX_USERS} users`);
    if (this.#users.get(user.name) !== undefined) throw exists(user.name);
    const hash = await passwords.hash(password, caller.address);
    const now = clock.now();
    const kept: Kept = { ...user, createdMs: now, changedMs: now, hash, since: newSince() };
    await index
      .putRecord({ kind: KIND, id: user.name, body: JSON.stringify(kept) }, 0)
      .catch((error: unknown) => {
        throw isConflict(error) ? exists(user.name) : error;
      });
    this.#users.set(user.name, kept);
    await this.#audit("user-added", caller, { ...user });
    return shown(kept);
  }

  /** Ends what the user is signed in with. Throws `user.not-found`. */
  async change(name: string, change: UserChange, caller: Caller): Promise<User> {
    return shown(await this.#change(name, change, caller));
  }

  /** As `change`; returns what a sign-in with the new password begins with. */
  async changePassword(name: string, password: string, caller: Caller): Promise<string> {
    return (await this.#change(name, { password }, caller)).since;
  }

  async #change(name: string, change: UserChange, caller: Caller): Promise<Kept> {
    const { index, clock, passwords, changed } = this.#parts;
    const before = this.#known(name);
    const { password, ...rest } = change;
    const hash =
      password === undefined ? before.hash : await passwords.hash(password, caller.address);
    const kept: Kept = {
      ...{ ...before, ...rest, hash },
      ...{ changedMs: clock.now(), since: newSince() },
    };
    await index.putRecord({ kind: KIND, id: name, body: JSON.stringify(kept) });
    this.#users.set(name, kept);
    changed();
    const what = { name, ...rest, ...(password === undefined ? {} : { password: "changed" }) };
    await this.#audit("user-changed", caller, what);
    return kept;
  }

  /** Throws `user.not-found`. */
  async remove(name: string, caller: Caller): Promise<void> {
    const { index, changed } = this.#parts;
    // First here: what comes meanwhile is refused already.
    this.#users.delete(name);
    changed();
    if (!(await index.deleteRecord(KIND, name))) throw unknown(name);
    await this.#audit("user-removed", caller, { name });
  }

  /** What signing in begins with. Undefined: there is none, or the password is another. Throws `request.busy`, `auth.limited`. */
  async signIn(name: string, password: string, address: string): Promise<string | undefined> {
    const user = this.#users.get(name);
    const right = await this.#parts.passwords.isRight(password, user?.hash, address);
    return right ? user?.since : undefined;
  }

  /** Whether there is one: names that are none may be passwords in the wrong place, and are not written down. */
  has(name: string): boolean {
    return this.#users.get(name) !== undefined;
  }

  /** What one that signed in may do. Throws `auth.expired`: gone, or changed since. */
  scope(name: string, since: string | undefined): Scope {
    const user = this.#users.get(name);
    if (user === undefined || user.since !== since)
      throw new Fault("auth.expired", "the user was changed since: sign in again");
    return scopeOf(user);
  }

  #known(name: string): Kept {
    const user = this.#users.get(name);
    if (user === undefined) throw unknown(name);
    return user;
  }

  async #audit(action: string, { who }: Caller, detail: object): Promise<void> {
    const { index, clock } = this.#parts;
    const text = JSON.stringify(detail);
    await index.addAudit({ atMs: clock.now(), action, stream: "", who, detail: text });
  }
}

/** A viewer reads; an operator manages streams, and nothing of the server; an admin manages everything they are for. */
function scopeOf({ role, streams }: User): Scope {
  if (role === "viewer") return { actions: ["read"], streams };
  if (role === "operator") return { actions: ["manage"], streams, streamsOnly: true };
  return { actions: ["manage"], streams };
}

function shown({ hash: _, since: __, ...user }: Kept): User {
  return user;
}

function newSince(): string {
  return randomBytes(9).toString("base64url");
}

function isConflict(error: unknown): boolean {
  return error instanceof Fault && error.code === "record.conflict";
}

function exists(name: string): Fault {
  return new Fault("user.exists", `there is a user ${name} already`);
}

function unknown(name: string): Fault {
  return new Fault("user.not-found", `there is no user ${name.slice(0, 64)}`);
}
