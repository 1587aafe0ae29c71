/** What a key may do: actions, on which streams, for which time, until when. Pure. */
import { Fault } from "../../base/errors.ts";
import type { Action, Principal, Target } from "./guard.ts";
import type { Maker } from "./maker.ts";

export interface Scope {
  readonly actions: readonly Action[];
  /** Names with `*` for any characters; `*` alone: all, and the server. */
  readonly streams: string;
  /** Only media of this time, ms since 1970 on the producer's clock; half open. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly expiresMs?: number;
  /** True: manages streams, also all of them, and nothing of the server. */
  readonly streamsOnly?: boolean;
}

export class ScopedPrincipal implements Principal {
  readonly id: string;
  readonly maker: Maker | undefined;
  readonly #scope: Scope;
  readonly #pattern: RegExp;

  constructor(id: string, scope: Scope, maker?: Maker) {
    this.id = id;
    this.maker = maker;
    this.#scope = scope;
    this.#pattern = patternOf(scope.streams);
  }

  get expiresMs(): number | undefined {
    return this.#scope.expiresMs;
  }

  get scope(): Scope {
    return this.#scope;
  }

  may(action: Action, { stream, range }: Target): boolean {
    const { actions, streams, fromMs, toMs, streamsOnly = false } = this.#scope;
    if (!actions.includes(action) && !actions.includes("manage")) return false;
    if (stream === undefined && action === "manage" && streamsOnly) return false;
    if (stream === undefined ? streams !== "*" : !this.#pattern.test(stream)) return false;
    if (fromMs === undefined && toMs === undefined) return true;
    // What has no time (a live picture, a setting) is not of a window.
    if (range === undefined || action !== "read") return false;
    return range.fromMs >= (fromMs ?? 0) && range.toMs <= (toMs ?? Number.POSITIVE_INFINITY);
  }

  require(action: Action, target: Target): void {
    if (this.may(action, target)) return;
    const what = target.stream === undefined ? "the server" : target.stream;
    throw new Fault("auth.denied", `${this.id} may not ${action} ${what}`);
  }
}

function patternOf(streams: string): RegExp {
  const parts = streams.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
