/** By whose leave a viewer's socket is open, and until when. */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault, Fault } from "../../base/errors.ts";

/** Longest wait of a timer, ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface TailAccess {
  /** ms since the Unix epoch; undefined: no end. */
  readonly expiresMs: number | undefined;
  /** Calls back when the permission is taken back; returns how to stop. */
  watch(revoked: (fault: Fault) => void): () => void;
  /** The permission of a fresh token. Throws `auth.*`. */
  renew(token: string): Promise<TailAccess>;
}

interface Told {
  readonly clock: Clock;
  /** A new end, ms since the Unix epoch. */
  readonly granted: (expiresMs: number) => void;
  /** It has ended, was taken back, or the fresh token is none. */
  readonly ended: (fault: Fault) => void;
}

/** Holds a permission until it ends, or is followed by another. */
export class HeldAccess {
  readonly #told: Told;
  #access: TailAccess;
  #cancel: CancelTimer = () => {};
  #unwatch: () => void = () => {};
  #closed = false;

  constructor(access: TailAccess, told: Told) {
    this.#access = access;
    this.#told = told;
    this.#hold(access);
  }

  /** `text`: what the viewer sent. Anything but a token is not looked at. */
  message(text: string): void {
    const token = tokenIn(text);
    if (token === undefined) return;
    this.#access.renew(token).then(
      (access) => {
        if (!this.#closed) this.#hold(access);
      },
      (error) => this.#end(asFault(error)),
    );
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#unwatch();
  }

  #hold(access: TailAccess): void {
    this.#cancel();
    this.#unwatch();
    this.#access = access;
    this.#unwatch = access.watch((fault) => this.#end(fault));
    if (access.expiresMs === undefined) return;
    this.#told.granted(access.expiresMs);
    this.#endAt(access.expiresMs);
  }

  #endAt(expiresMs: number): void {
    const { clock } = this.#told;
    const leftMs = expiresMs - clock.now();
    this.#cancel = clock.after(Math.min(leftMs, MAX_TIMER_MS), () => {
      if (leftMs > MAX_TIMER_MS) this.#endAt(expiresMs);
      else this.#end(new Fault("auth.expired", "the token has expired"));
    });
  }

  #end(fault: Fault): void {
    if (this.#closed) return;
    this.close();
    this.#told.ended(fault);
  }
}

function tokenIn(text: string): string | undefined {
  try {
    const { type, token } = JSON.parse(text) as { type?: unknown; token?: unknown };
    return type === "token" && typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}
