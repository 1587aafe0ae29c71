/** Who asks, and what they may do: what every route asks before it does anything. docs/design/access.md. */
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../../base/errors.ts";
import type { TimeRange } from "../../fragment/fragment.ts";
import type { Maker } from "./maker.ts";
import type { Scope } from "./scope.ts";

/** `manage` of a stream allows `produce` and `read` of it; `manage` of no stream (of the server) allows everything. */
export type Action = "produce" | "read" | "manage";

/** What a request is about. */
export interface Target {
  /** Undefined: the server, or all streams. */
  readonly stream?: string | undefined;
  /** On the producer's clock, where the request names one: keys may be bound to a window of time. */
  readonly range?: TimeRange | undefined;
}

export interface Principal {
  /** For the audit and the log: `root`, `user:ann`, `key:AKIA…`, `session:…`, `anonymous`. No secret. */
  readonly id: string;
  /** End of what it may do, ms since 1970; undefined: none. */
  readonly expiresMs: number | undefined;
  /** Media of this time alone, on the producer's clock; undefined: of any. */
  readonly window?: TimeRange | undefined;
  /** What it may do, to be shown. */
  readonly scope: Pick<Scope, "actions" | "streams" | "streamsOnly">;
  /** With whom it ends; undefined: with nobody. */
  readonly maker: Maker | undefined;
  may(action: Action, target: Target): boolean;
  /** Throws `auth.denied`. */
  require(action: Action, target: Target): void;
}

/** What of a request decides who sends it. */
export interface RequestHead {
  readonly method: string;
  /** As in the request line, with its query, without scheme and host. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** For limits on failures. */
  readonly remoteAddress: string;
}

export interface Guard {
  /** False: everybody may do everything, `identify` gives `anonymous` to whoever brings no credentials. */
  readonly required: boolean;
  /**
   * Bearer token, SigV4, Basic, `?token=` or the cookie of a sign-in. `body`: the whole body, where the signature covers it; undefined for bodies
   * that have no end (PutMedia). Throws `auth.required`, `auth.denied`, `auth.expired`, `auth.signature`, `auth.limited`.
   */
  identify(request: RequestHead, body?: Uint8Array): Promise<Principal>;
  /** Calls back when what was granted is taken back. Returns how to stop. */
  watch(principal: Pick<Principal, "maker">, revoked: (fault: Fault) => void): () => void;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * What a caller of this route must be allowed to do with the stream in `:name` (or with the server, where the path has
     * none). `seen`: produce or read. `public`: everybody may call it. `own`: the route checks by itself.
     */
    readonly access?: Action | "seen" | "public" | "own";
    /** `own`: the route itself keeps a key with a window of time in it, by what it answers (`window.ts`). */
    readonly window?: "own";
  }
}
