/** What a page's camera and microphone are turned into, whichever way. */
import type { Clock } from "../../../src/base/clock.ts";
import type { Track } from "../../../src/media/track.ts";
import type { PutFrame } from "../events.ts";
import type { VideoCodec } from "./codecs.ts";

export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;

export interface CaptureOptions {
  readonly media: MediaStream;
  readonly clock: Clock;
  readonly codec: VideoCodec | "auto";
  /** Bits per second of the picture; undefined: by its size. */
  readonly bitrate: number | undefined;
  readonly keyIntervalMs: number;
  /** The tracks of the frames that follow: first of all, and when they change. */
  tracks(tracks: readonly Track[]): void;
  frame(frame: PutFrame): void;
  /** It cannot go on. */
  failed(reason: string): void;
}

export interface CaptureCounts {
  /** Pictures that were coded. */
  readonly encoded: number;
  /** Those taken from the camera, and those of them left out because the encoder was behind; a recorder does not say. */
  readonly captured: number | undefined;
  readonly dropped: number | undefined;
}

/** A running capture. */
export interface Capture {
  readonly method: "webcodecs" | "mediarecorder";
  /** Name of the picture's codec, when it is known. */
  readonly codec: string | undefined;
  readonly counts: CaptureCounts;
  /** Resolves when everything that was captured has been given. */
  stop(): Promise<void>;
}
