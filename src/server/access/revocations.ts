/** What is open on behalf of somebody, and ends when they may no longer: sockets, and answers that are still being sent. */
import type { ServerResponse } from "node:http";
import { asFault, Fault } from "../../base/errors.ts";
import type { Guard, Principal } from "./guard.ts";
import type { Maker } from "./maker.ts";

interface Watched {
  readonly maker: Maker;
  readonly revoked: (fault: Fault) => void;
}

export class Revocations {
  readonly #check: (maker: Maker) => void;
  readonly #watched = new Set<Watched>();

  /** `check` throws when the maker is gone. */
  constructor(check: (maker: Maker) => void) {
    this.#check = check;
  }

  /** Returns how to stop watching. */
  watch(maker: Maker | undefined, revoked: (fault: Fault) => void): () => void {
    if (maker === undefined) return () => {};
    const one = { maker, revoked };
    this.#watched.add(one);
    return () => {
      this.#watched.delete(one);
    };
  }

  /** Ends what rests on who is gone. */
  sweep(): void {
    for (const one of [...this.#watched]) {
      try {
        this.#check(one.maker);
      } catch (error) {
        this.#watched.delete(one);
        const { message } = asFault(error);
        one.revoked(new Fault("auth.denied", `no longer allowed: ${message}`));
      }
    }
  }
}

/** An answer is cut off when who asked may no longer ask. */
export function endWith(guard: Guard, principal: Principal, response: ServerResponse): void {
  if (!guard.required) return;
  const unwatch = guard.watch(principal, () => response.destroy());
  response.once("close", unwatch);
}
