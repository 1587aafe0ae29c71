/** What a key may do: actions, on which streams, for which time, until when. Pure. */
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import { matchesWildcard } from "../../base/wildcard.ts";
import type { TimeRange } from "../../fragment/fragment.ts";
import { MAX_TIME_MS } from "../../play/time.ts";
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

  constructor(id: string, scope: Scope, maker?: Maker) {
    this.id = id;
    this.maker = maker;
    this.#scope = scope;
  }

  get expiresMs(): number | undefined {
    return this.#scope.expiresMs;
  }

  get scope(): Scope {
    return this.#scope;
  }

  get window(): TimeRange | undefined {
    const { fromMs, toMs } = this.#scope;
    if (fromMs === undefined && toMs === undefined) return undefined;
    return { fromMs: millis(fromMs ?? 0), toMs: millis(toMs ?? MAX_TIME_MS) };
  }

  may(action: Action, { stream, range }: Target): boolean {
    const { actions, streams, streamsOnly = false } = this.#scope;
    if (!actions.includes(action) && !actions.includes("manage")) return false;
    if (stream === undefined && action === "manage" && streamsOnly) return false;
    if (stream === undefined ? streams !== "*" : !matchesWildcard(streams, stream)) return false;
    const { window } = this;
    if (window === undefined) return true;
    // What has no time (a live picture, a setting) is not of a window.
    if (range === undefined || action !== "read") return false;
    return range.fromMs >= window.fromMs && range.toMs <= window.toMs;
  }

  require(action: Action, target: Target): void {
    if (this.may(action, target)) return;
    const what = target.stream === undefined ? "the server" : target.stream;
    throw new Fault("auth.denied", `${this.id} may not ${action} ${what}`);
  }
}
