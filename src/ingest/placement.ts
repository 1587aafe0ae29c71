/** Where a stream is recorded when several nodes share the work: asked before a producer's body is taken. */

/** Another node, as producers reach it. */
export interface Elsewhere {
  readonly node: string;
  /** `http://host:port`, no slash at the end. */
  readonly url: string;
  /** `rtmp://host:port`; "" when it takes no RTMP. */
  readonly rtmpUrl: string;
}

export interface Placement {
  /**
   * Undefined: here, and it stays here for the seconds until the session opens. Waits while the node that had it seems dead.
   * Throws `ingest.busy` when that takes too long, `index.unavailable`.
   */
  elsewhere(stream: string): Promise<Elsewhere | undefined>;
  /** As `elsewhere`, without trying to have it here. */
  lookUp(stream: string): Promise<Elsewhere | undefined>;
  /** Asks its owner to let it go to this node; `identity` is the producer's. Then as `elsewhere`. */
  fetch(stream: string, identity: string): Promise<Elsewhere | undefined>;
}

/** One server alone. */
export const onlyHere: Placement = {
  elsewhere: async () => undefined,
  lookUp: async () => undefined,
  fetch: async () => undefined,
};
