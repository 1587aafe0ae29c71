/** The way from ingest to live viewers: implemented by the hub, used by ingest. Calls never wait. */
import type { Millis } from "../base/units.ts";
import type { Frame, TrackSet } from "../media/track.ts";
import type { FragmentNumber } from "./fragment-number.ts";

export interface LiveSink {
  /** A producer connection begins. Several may overlap for a moment; each publishes its own timeline. */
  open(stream: string, session: string): LivePublisher;
}

export interface LivePublisher {
  /** The tracks of all frames that follow. Call before the first frame and at every change. */
  tracks(trackSet: TrackSet): void;
  /**
   * All frames that follow belong to this fragment. `run` rises at a break in the timeline. `whole` (default true): they are
   * all of its frames.
   */
  fragment(number: FragmentNumber, run: number, whole?: boolean): void;
  /** Frames in decode order. The frame's payload must not change afterwards. */
  frame(frame: Frame, receivedMs: Millis): void;
  /** The connection is over. Viewers stay and wait for the next one. */
  close(): void;
}
