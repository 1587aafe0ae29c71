/** What a container format has to say about a clip before any media is read. */
import type { ClockName } from "../../fragment/fragment.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import type { Walk } from "../walk.ts";
import type { Extent } from "./extents.ts";
import type { Piece } from "./pieces.ts";

export interface ClipContent {
  readonly walk: Walk;
  readonly clock: ClockName;
  /** At least one. */
  readonly pieces: readonly Piece[];
  /** Every track set the pieces name. */
  readonly trackSets: ReadonlyMap<string, TrackSet>;
}

export interface ClipLayout {
  /** Of the whole file, bytes. */
  readonly size: number;
  readonly contentType: string;
  /** Tracks the format cannot carry, or whose codec configuration is missing. */
  readonly omittedTracks: readonly Track[];
  /** The extents from the one that holds byte `start`, or an earlier one, to the end of the file. */
  extents(start: number): AsyncIterable<Extent>;
}
