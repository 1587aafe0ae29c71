/** What audio and video messages have in common. */
import type { Rope } from "../../../base/rope.ts";

export type FlvTag<Codec, Frame> =
  | { readonly kind: "config"; readonly codec: Codec; readonly config: Uint8Array }
  | ({ readonly kind: "frame"; readonly codec: Codec; readonly payload: Rope } & Frame)
  /** A codec that is not taken, by the name the sender gave it. */
  | { readonly kind: "unsupported"; readonly name: string }
  /** Nothing to store: end of sequence, seek markers, a message too short for its header. */
  | { readonly kind: "nothing" };

export const NOTHING = { kind: "nothing" } as const;

/** The first bytes of a message, or fewer. */
export function headOf(payload: Rope, count: number): Uint8Array {
  return payload.slice(0, Math.min(count, payload.length)).toBytes();
}

/** Enhanced RTMP's name of a codec, behind the first byte. */
export function fourCc(head: Uint8Array): string {
  return String.fromCharCode(...head.subarray(1, 5));
}
