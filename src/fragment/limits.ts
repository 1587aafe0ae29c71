/** How fragments are cut and how large they may become. */

export interface FragmentLimits {
  /** Re-cut streams: cut at the first key frame after this many ms. */
  readonly targetMs: number;
  /** Longest fragment without a key frame to cut at, ms, when clusters do not align with key frames. */
  readonly noKeyMs: number;
  /** Longest fragment of all, ms (KVS: 20 s). */
  readonly maxMs: number;
  /** Largest fragment, bytes (KVS: 50 MB). */
  readonly maxBytes: number;
  /** A forward jump of more than this ends the run, ms. */
  readonly jumpMs: number;
  /** A step back of more than this on one track ends the run, ms. B-frames step back by less. */
  readonly backMs: number;
  /** Producer's tags kept per fragment, and their sizes in bytes (KVS quota). */
  readonly maxTags: number;
  readonly maxTagNameBytes: number;
  readonly maxTagValueBytes: number;
  /** Blocks held at the head of a cluster until its first picture says where they belong. */
  readonly maxPendingBlocks: number;
}

export const DEFAULT_LIMITS: FragmentLimits = {
  targetMs: 2000,
  noKeyMs: 10_000,
  maxMs: 20_000,
  maxBytes: 50_000_000,
  jumpMs: 10_000,
  backMs: 2000,
  maxTags: 10,
  maxTagNameBytes: 128,
  maxTagValueBytes: 256,
  maxPendingBlocks: 2000,
};
