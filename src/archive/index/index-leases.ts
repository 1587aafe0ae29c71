/** Who records a stream, when several nodes share one index (docs/design/nodes.md). */
import type { Millis } from "../../base/units.ts";

export interface LeaseRow {
  readonly stream: string;
  readonly node: string;
  /** Rises with every change of owner: what an earlier owner writes is refused. */
  readonly epoch: number;
  /** Belongs to the node before this, on the index's clock. */
  readonly untilMs: Millis;
}

export interface NodeRow {
  readonly id: string;
  /** Where other nodes and producers reach it: `http://host:port`, no slash at the end. */
  readonly url: string;
  readonly rtmpUrl: string;
  /** When it was last heard of, on the index's clock. */
  readonly seenMs: Millis;
  /** JSON for other nodes. */
  readonly status: string;
}

export interface IndexLeases {
  /** The clock that leases go by: the database server's, or the machine's where the index is a file. */
  now(): Promise<Millis>;
  /**
   * The lease after trying: ours when it was free, ran out before `nowMs`, or was ours; else its owner's. `ttlMs` from
   * `nowMs`. `steal` takes it in any case (its owner let it go by word). A new owner gets epoch + 1.
   */
  takeLease(
    want: { stream: string; node: string; ttlMs: number; steal?: boolean },
    nowMs: number,
  ): Promise<LeaseRow>;
  /** Prolongs those that are still this node's at that epoch; returns the names of these. */
  renewLeases(
    leases: readonly { stream: string; epoch: number }[],
    node: string,
    untilMs: number,
  ): Promise<readonly string[]>;
  /** Lets it go when it is this node's at that epoch. Its epoch is remembered. */
  freeLease(stream: string, node: string, epoch: number): Promise<void>;
  lease(stream: string): Promise<LeaseRow | undefined>;
  /** All that have not run out at `nowMs`. */
  leases(nowMs: number): Promise<readonly LeaseRow[]>;
  putNode(node: NodeRow): Promise<void>;
  nodes(): Promise<readonly NodeRow[]>;
}
