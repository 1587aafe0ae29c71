/** Key frames as the player asks for them and shows them. Pure. */
import type { KeyFrameTrack } from "../../../src/fragment/key-frames.ts";

/** One coded picture that needs no other one. */
export interface Picture {
  /** ms since the Unix epoch, producer's clock; may have fractions. */
  readonly timeMs: number;
  readonly payload: Uint8Array;
  readonly track: KeyFrameTrack;
}

export interface PicturePage {
  /** In the order they are shown. */
  readonly pictures: readonly Picture[];
  /** Where the next page goes on, ms; `undefined`: there is nothing more. */
  readonly nextMs: number | undefined;
}

export interface PageWish {
  /** From here on: forwards this and later, backwards what is before it. ms */
  readonly atMs: number;
  readonly backward: boolean;
  /** At least so far apart, ms. */
  readonly stepMs: number;
  readonly limit: number;
}

/** Something that pictures are shown on. */
export interface PictureScreen {
  /** Resolves when it is on screen. Rejects when it cannot be decoded. */
  show(picture: Picture): Promise<void>;
  close(): void;
}
