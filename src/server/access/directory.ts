/** Everybody there is: keys, users, and sign-ins that were ended. Read anew every few seconds: other nodes change it too. */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { EndedSignIns } from "./ended-sign-ins.ts";
import { AccessKeys } from "./keys.ts";
import type { Maker } from "./maker.ts";
import type { Passwords } from "./passwords.ts";
import { Revocations } from "./revocations.ts";
import { type Scope, ScopedPrincipal } from "./scope.ts";
import type { SecretBox } from "./secret-box.ts";
import { Users } from "./users.ts";

/** Other nodes' changes are seen within this, ms. */
const REFRESH_MS = 5000;

interface DirectoryParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly box: SecretBox;
  readonly passwords: Passwords;
}

export class Directory {
  readonly keys: AccessKeys;
  readonly users: Users;
  readonly ended: EndedSignIns;
  readonly revocations: Revocations;
  readonly #clock: Clock;
  #cancel: CancelTimer = () => {};
  #closed = false;

  private constructor(parts: DirectoryParts) {
    this.#clock = parts.clock;
    const changed = () => this.revocations.sweep();
    this.revocations = new Revocations((maker) => this.scope(maker));
    this.keys = new AccessKeys({ ...parts, changed });
    this.users = new Users({ ...parts, changed });
    this.ended = new EndedSignIns({ ...parts, changed });
  }

  /** Throws `index.unavailable`, `config.bad` (secrets of another key file). */
  static async open(parts: DirectoryParts): Promise<Directory> {
    const directory = new Directory(parts);
    await directory.#read();
    directory.#later();
    return directory;
  }

  /** What they may do now. Throws `auth.denied`, `auth.expired`. */
  scope({ id, since, signIn }: Maker): Scope {
    if (signIn !== undefined && this.ended.has(signIn))
      throw new Fault("auth.expired", "signed out: sign in again");
    const [, kind, name = ""] = /^(key|user):(.+)$/.exec(id) ?? [];
    if (kind === "user") return this.users.scope(name, since);
    const { id: _, name: __, createdMs: ___, secret: ____, ...scope } = this.keys.find(name);
    return scope;
  }

  /** `untilMs`: at most so long. Throws `auth.denied`, `auth.expired`. */
  principal(maker: Maker, untilMs = Number.POSITIVE_INFINITY): ScopedPrincipal {
    const scope = this.scope(maker);
    const expiresMs = Math.min(untilMs, scope.expiresMs ?? Number.POSITIVE_INFINITY);
    const end = expiresMs === Number.POSITIVE_INFINITY ? {} : { expiresMs };
    return new ScopedPrincipal(maker.id, { ...scope, ...end }, maker);
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #read(): Promise<void> {
    await this.keys.read();
    await this.users.read();
    await this.ended.read();
    this.revocations.sweep();
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.#clock.after(REFRESH_MS, () => {
      // The index may be away: keys that were good stay good meanwhile.
      this.#read()
        .catch(() => {})
        .finally(() => this.#later());
    });
  }
}
