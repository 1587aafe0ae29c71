/** What a source gives: tracks, then their frames, and news of trouble. Pure values. */
import type { Frame, Track } from "../../../src/media/track.ts";

/** Tracks, a frame, or why there are none. */
export type SourceItem =
  /** The tracks in force for the frames that follow. Comes first, and again after every restart. */
  | {
      readonly kind: "tracks";
      readonly tracks: readonly Track[];
      /** What was left out, and why; one line. */
      readonly note?: string;
    }
  /** `timeUs` is µs since the Unix epoch; it never begins again below what came before a restart. */
  | { readonly kind: "frame"; readonly frame: Frame }
  /** The source broke; it is tried again in `retryMs`. `reason` is one line without passwords. */
  | { readonly kind: "trouble"; readonly reason: string; readonly retryMs: number };

/** Frames as they come, until the source is over or its signal aborts. Throws a `Fault` for good. */
export type Source = AsyncIterable<SourceItem>;
