/** What the engine is given, and what it measures. */
import type { Clock } from "../../src/base/clock.ts";

/** What engineers ask for when something is wrong. */
export interface EngineStats {
  readonly mime: string;
  /** Of one picture, seconds. */
  readonly frameS: number;
  readonly framesPerSecond: number;
  readonly marginS: number;
  readonly troughS: number | undefined;
  readonly aheadS: number;
  readonly stalls: number;
  readonly connections: number;
  readonly lostFrames: number;
  readonly bytes: number;
}

/** Where to play, and from which server and stream. */
export interface EngineOptions {
  readonly video: HTMLVideoElement;
  readonly clock: Clock;
  /** `http(s)://host` of the server. */
  readonly server: string;
  readonly stream: string;
  readonly token: string | undefined;
  /** Something changed, or a tick passed. */
  readonly changed: () => void;
  /** Gaps are played in real time instead of being left out. */
  readonly waits: () => boolean;
  /** Playback left out a stretch in which nothing is recorded, ms. */
  readonly skipped: (fromMs: number, toMs: number) => void;
  /** The picture on screen is about to go: the last moment to keep a copy. */
  readonly leaving: () => void;
  /** Asked when no connection can be made: why, in a whole sentence, or `undefined` when waiting may help. */
  readonly explain: () => Promise<string | undefined>;
  /** A new picture is on screen. */
  readonly shown: () => void;
}
