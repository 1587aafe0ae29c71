/**
 * The video element with its media pipe: where the playhead stands, when a picture was last seen, and what wall-clock time it
 * is of. Decides nothing about what is loaded.
 */
import type { Clock } from "../../src/base/clock.ts";
import { afterHole, type Buffered, holds, liveStart, playbackStart } from "./buffer-places.ts";
import { FrameWatch } from "./frame-watch.ts";
import { MsePipe } from "./mse-pipe.ts";

export interface PlayheadOptions {
  readonly video: HTMLVideoElement;
  readonly clock: Clock;
  /** The picture on screen is about to go: the last moment to keep a copy. */
  readonly leaving: () => void;
  /** A new picture is on screen. */
  readonly shown: () => void;
  /** Nothing more can be shown; the browser's own words, which may be none. */
  readonly failed: (why: string) => void;
  /** More is buffered. */
  readonly appended: () => void;
}

/** A stretch of wall-clock time that was left out, ms. */
export interface Skipped {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Playhead {
  readonly video: HTMLVideoElement;
  readonly #options: PlayheadOptions;
  readonly #frames: FrameWatch;
  #pipe: MsePipe;
  #pictureAt: number | undefined;
  /** Media time seen last; −1: playback has not begun. */
  #lastTime = -1;

  constructor(options: PlayheadOptions) {
    this.#options = options;
    this.video = options.video;
    this.#pipe = this.#newPipe();
    this.#frames = new FrameWatch(this.video, options.clock, () => {
      if (!this.begun) return;
      this.#pictureAt = options.clock.elapsed();
      options.shown();
    });
  }

  get pipe(): MsePipe {
    return this.#pipe;
  }

  get frames(): FrameWatch {
    return this.#frames;
  }

  /** It stands where it was wanted. */
  get begun(): boolean {
    return this.#lastTime >= 0;
  }

  /** Wall clock of the playhead, ms. */
  get wallMs(): number | undefined {
    return this.#pipe.wallMs(this.video.currentTime);
  }

  /** Since the last new picture, ms; undefined: none yet. */
  get pictureAgeMs(): number | undefined {
    return this.#pictureAt === undefined
      ? undefined
      : this.#options.clock.elapsed() - this.#pictureAt;
  }

  /** An empty pipe: another place, or media that does not fit in this one. */
  renew({ keepsPicture = false } = {}): void {
    if (this.begun) this.#options.leaving();
    if (!keepsPicture) this.#pictureAt = undefined;
    this.#pipe.close();
    this.#pipe = this.#newPipe();
  }

  /** Goes there when it is buffered. */
  jump(wallMs: number): boolean {
    const at = this.#pipe.mediaS(wallMs);
    if (at === undefined || !holds(this.#pipe.ranges, at) || this.#pictureAt === undefined)
      return false;
    this.video.currentTime = at;
    return true;
  }

  /** A time inside the picture before or after the one on screen, wall-clock ms. */
  besideMs(by: -1 | 1): number | undefined {
    const { pictures } = this.#pipe;
    const at = this.video.currentTime;
    const known = pictures.beside(at, by);
    // Out of what has been loaded: the middle of the picture wanted, as they are all alike.
    const start = pictures.start(at) ?? this.#frames.mediaS ?? at;
    return this.#pipe.wallMs(known ?? start + this.#frames.frameS * (by + 0.5));
  }

  /** Just behind the newest picture. True when there is one. */
  beginLive(marginS: number): boolean {
    return this.#begin(liveStart(this.#pipe.ranges, marginS));
  }

  /** At this time or the next that is there; undefined while it has not come. */
  beginAt(wallMs: number | undefined): Skipped | undefined {
    const { ranges } = this.#pipe;
    const wanted = this.#pipe.mediaS(wallMs ?? 0) ?? ranges[0]?.start;
    const at = wanted === undefined ? undefined : playbackStart(ranges, wanted);
    if (wanted === undefined || !this.#begin(at)) return undefined;
    return this.#between(wanted, at ?? wanted);
  }

  /** With nothing at the playhead but something later: from here to there. */
  hole(): (Skipped & { readonly toS: number }) | undefined {
    const at = this.video.currentTime;
    const toS = afterHole(this.#pipe.ranges, at);
    if (toS === undefined) return undefined;
    return { ...this.#between(at, toS), toS };
  }

  /** Seconds before the end of the buffer. */
  toEnd(beforeEndS: number): boolean {
    const end = (this.#pipe.ranges.at(-1) as Buffered | undefined)?.end;
    if (end === undefined) return false;
    this.video.currentTime = end - beforeEndS;
    return true;
  }

  /** Hidden tabs and sound alone show no pictures: that time passes has to do. */
  watchTime(hasPictures: boolean): void {
    const time = this.video.currentTime;
    const moves = this.begun && time !== this.#lastTime;
    if (this.begun) this.#lastTime = time;
    if (moves && !hasPictures) this.#pictureAt = this.#options.clock.elapsed();
  }

  play(): void {
    // Refused until the user has done something when there is sound; the page starts muted.
    this.video.play().catch(() => {});
  }

  stop(): void {
    this.#frames.stop();
    this.#pipe.close();
    this.video.removeAttribute("src");
    this.video.load();
  }

  #begin(at: number | undefined): boolean {
    if (at === undefined) return false;
    this.video.currentTime = at;
    this.#lastTime = this.video.currentTime;
    return true;
  }

  #between(fromS: number, toS: number): Skipped {
    return { fromMs: this.#pipe.wallMs(fromS) ?? 0, toMs: this.#pipe.wallMs(toS) ?? 0 };
  }

  #newPipe(): MsePipe {
    this.#lastTime = -1;
    const { failed, appended } = this.#options;
    return new MsePipe(this.video, { failed, appended });
  }
}
