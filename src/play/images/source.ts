/** A picture that was found and not decoded yet. */
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import type { Track } from "../../media/track.ts";

export interface PictureSource {
  /** Says the same for the same picture of the same media, and nothing else: for tags and caches. */
  readonly identity: string;
  /** Same for pictures whose frames one decoder can take one after another. */
  readonly decoder: string;
  readonly track: Track;
  /** From a key frame to the picture itself, in decode order. */
  readonly frames: readonly ClipFrame[];
  /** When it was shown first, producer's clock, µs. */
  readonly shownUs: number;
  /** The same on the server's clock: when its fragment began to arrive, and so much later. */
  readonly receivedUs: number;
}

/** What there is at a time: nothing was recorded; media, but nothing that can be shown; a picture. */
export type Found =
  | { readonly kind: "no-media" }
  | { readonly kind: "undecodable"; readonly why: string }
  | { readonly kind: "picture"; readonly source: PictureSource };
