/** What the hub hands to its listeners, in order. Pure values; nothing here is encoded or joined. */
import type { Millis } from "../base/units.ts";
import type { FragmentNumber } from "../fragment/fragment-number.ts";
import type { Frame, TrackSet } from "../media/track.ts";

/**
 * A timeline begins: a new session, run, or track set. All frames up to the next one have this track
 * set, and times that go on without a break.
 */
export interface TimelineItem {
  readonly kind: "timeline";
  readonly session: string;
  readonly run: number;
  readonly trackSet: TrackSet;
}

/** The frames that follow belong to this fragment. */
export interface FragmentItem {
  readonly kind: "fragment";
  readonly number: FragmentNumber;
  /** False: some of its first frames were not shown (undecodable, or before this session took over). */
  readonly whole: boolean;
}

export interface FrameItem {
  readonly kind: "frame";
  readonly frame: Frame;
  /** Server time of its arrival. */
  readonly receivedMs: Millis;
  /** Sequence of its fragment; 0 when the producer named none. */
  readonly sequence: number;
  /**
   * Decoding can start here for all tracks: a key frame of the main video track, or, while there is no
   * video, the first frame of every second.
   */
  readonly startsGroup: boolean;
}

/** The last producer left. The next item, if any, is a timeline. */
export interface EndItem {
  readonly kind: "end";
  /** When it left, server's clock. */
  readonly atMs: Millis;
}

export type LiveItem = TimelineItem | FragmentItem | FrameItem | EndItem;

/** Called for every item as it happens. Must not throw, must not wait. */
export type LiveListener = (item: LiveItem) => void;

/** Ends a subscription. Twice is fine. */
export interface LiveSubscription {
  close(): void;
}
