/** What the Matroska reader gives: the second layer, above bare elements. Pure values. */
import type { Rope } from "../../base/rope.ts";
import type { TrackSet } from "../track.ts";

/** One SimpleTag: a name with its string value. Binary tags and nested ones are left out. */
export interface SimpleTag {
  readonly name: string;
  readonly value: string;
}

/**
 * One SimpleBlock, or one BlockGroup with its Block (RFC 9559 §5.1.3, §10). The element is kept as it
 * came so that it can be stored again without re-muxing.
 */
export interface Block {
  readonly track: number;
  /** Ticks from the cluster's timestamp: signed, 16 bit. */
  readonly relativeTicks: number;
  /** SimpleBlock: its key flag. BlockGroup: no ReferenceBlock in it. */
  readonly key: boolean;
  readonly invisible: boolean;
  readonly discardable: boolean;
  readonly lacing: "none" | "xiph" | "fixed" | "ebml";
  /** BlockDuration in ticks, when a BlockGroup says so. */
  readonly durationTicks: number | undefined;
  /** The whole element, header included, byte for byte. */
  readonly element: Rope;
  /** Where in `element` the two bytes of the relative time stand. */
  readonly timeOffset: number;
  /** The payloads: one, or several when laced. Header-stripping is undone; other encodings are not. */
  readonly frames: readonly Rope[];
  /** Byte offset of the element in the input. */
  readonly at: number;
}

export type MkvItem =
  /** A new EBML header and Segment. All that was known before is void. */
  | { readonly kind: "segment"; readonly at: number; readonly docType: string }
  /** Segment Info. `dateUtcMs` is ms since the Unix epoch. `durationTicks` only in finished files. */
  | {
      readonly kind: "info";
      readonly at: number;
      readonly timestampScaleNs: number;
      readonly dateUtcNs: bigint | undefined;
      readonly durationTicks: number | undefined;
      readonly title: string | undefined;
      readonly muxingApp: string | undefined;
    }
  | { readonly kind: "tracks"; readonly at: number; readonly trackSet: TrackSet }
  /** A Cluster began and its Timestamp is known. `ticks` is never negative. */
  | { readonly kind: "cluster"; readonly at: number; readonly ticks: number }
  | { readonly kind: "block"; readonly block: Block; readonly clusterTicks: number }
  /**
   * `blocksCrc`: CRC-32 of the Cluster's block elements alone. Known when the Cluster had a CRC-32 element that
   * matched and nothing stood between or behind its blocks; whoever stores them need not compute it again.
   */
  | { readonly kind: "cluster-end"; readonly at: number; readonly blocksCrc?: number }
  | { readonly kind: "tags"; readonly at: number; readonly tags: readonly SimpleTag[] };
