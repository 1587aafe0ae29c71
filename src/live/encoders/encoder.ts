/** What turns the frames of one timeline into messages of one format. One for all viewers of a feed. */
import type { FrameItem, TimelineItem } from "../items.ts";

export interface TimelineEncoder {
  /** Must come before all frames. Undefined: the format needs none. */
  readonly init: Uint8Array | undefined;
  /** For MediaSource; fmp4 only. */
  readonly mime: string | undefined;
  /** Media time 0, µs since the Unix epoch; undefined when frames carry absolute times. */
  readonly originUs: number | undefined;
  carries(track: number): boolean;
  /** The frame as a message of its own; undefined when the format cannot hold its track. */
  add(item: FrameItem): EncodedFrame | undefined;
}

export interface EncodedFrame {
  readonly bytes: Uint8Array;
  /** The message can follow `init` directly. */
  readonly joins: boolean;
}

/** Throws a `Fault` (`codec.*`) when no track of the timeline can be carried. */
export type MakeEncoder = (timeline: TimelineItem, first: FrameItem) => TimelineEncoder;

/** Kept between media time 0 and the first frame, so that audio a little earlier has no negative time. */
const MARGIN_US = 1_000_000;

/** Media time 0 for a timeline that begins at this frame: a whole second, 1 to 2 s before it. */
export function originOf(first: FrameItem): number {
  return Math.floor((first.frame.timeUs - MARGIN_US) / 1_000_000) * 1_000_000;
}
