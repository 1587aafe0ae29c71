/** What a viewer gets: media already encoded in its format, and notices. Shared by all viewers of a feed. */

import type { FaultCode } from "../base/errors.ts";
import type { Millis } from "../base/units.ts";
import type { Track } from "../media/track.ts";
import type { FrameItem, TimelineItem } from "./items.ts";

export type TailFormat = "frames" | "mkv" | "fmp4";

/** One track of a timeline as viewers are told. */
export interface TrackView {
  readonly track: Track;
  /** False: this format cannot hold the track; its frames are left out. */
  readonly carried: boolean;
}

/** A new timeline begins for the viewer. */
export interface ConfigItem {
  readonly kind: "config";
  readonly format: TailFormat;
  readonly timeline: TimelineItem;
  readonly tracks: readonly TrackView[];
  /** For MediaSource; fmp4 only. */
  readonly mime?: string;
  /** Media time 0 on the producer's clock, µs since the Unix epoch; mkv and fmp4. */
  readonly originUs?: number;
  /** The media that must come before all other of this timeline; mkv and fmp4. */
  readonly init?: Uint8Array;
}

/** One frame, ready to send. Never changed after it was made. */
export interface ChunkItem {
  readonly kind: "chunk";
  readonly bytes: Uint8Array;
  readonly source: FrameItem;
  /** A viewer that has the config can begin here. */
  readonly joins: boolean;
}

export type NoticeItem =
  | { readonly kind: "live" }
  | { readonly kind: "offline"; readonly sinceMs?: Millis }
  | { readonly kind: "gap"; readonly afterSequence: number; readonly beforeSequence: number }
  /** The timeline cannot be sent in this format. */
  | {
      readonly kind: "error";
      readonly code: FaultCode;
      readonly message: string;
      /** When the viewer has no decoder for it: what it is, and paths that have the stream in other forms. */
      readonly codecs?: readonly string[];
      readonly alternatives?: readonly string[];
    };

export type FeedItem = ConfigItem | ChunkItem | NoticeItem;

/** Frames a viewer did not get because it was too slow. */
export interface LostItem {
  readonly kind: "lost";
  readonly frames: number;
  /** By track number. */
  readonly tracks: ReadonlyMap<number, number>;
}

/** Called for every item as it happens; must not wait. A viewer that throws is taken off the feed. */
export interface FeedViewer {
  push(item: FeedItem): void;
  failed(error: unknown): void;
}
