/** Sees every picture that is shown: when, which, and how far apart they are. Browser only. */
import type { Clock } from "../../src/base/clock.ts";

/** Used until two pictures have been seen, seconds. */
const DEFAULT_FRAME_S = 1 / 30;
/** So many newest distances decide. */
const SAMPLES = 30;

export class FrameWatch {
  readonly #video: HTMLVideoElement;
  readonly #clock: Clock;
  readonly #shown: () => void;
  #steps: number[] = [];
  #lastMedia: number | undefined;
  #shownAt: number[] = [];
  #stopped = false;

  /** `shown` runs after each picture; none are shown in a hidden tab. */
  constructor(video: HTMLVideoElement, clock: Clock, shown: () => void) {
    this.#video = video;
    this.#clock = clock;
    this.#shown = shown;
    this.#watch();
  }

  /** Media time of the picture on screen, seconds. */
  get mediaS(): number | undefined {
    return this.#lastMedia;
  }

  /** Distance of two pictures, seconds: the shortest seen lately, as some may have been left out. */
  get frameS(): number {
    return this.#steps.length === 0 ? DEFAULT_FRAME_S : Math.min(...this.#steps);
  }

  /** Pictures shown in the last second. */
  get perSecond(): number {
    const now = this.#clock.elapsed();
    return this.#shownAt.filter((at) => now - at <= 1000).length;
  }

  /** Another source: nothing of it is on screen yet. */
  reset(): void {
    this.#lastMedia = undefined;
  }

  stop(): void {
    this.#stopped = true;
  }

  #watch(): void {
    this.#video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.#stopped) return;
      const step = mediaTime - (this.#lastMedia ?? mediaTime);
      if (step > 0.004 && step < 1) this.#steps = [...this.#steps.slice(1 - SAMPLES), step];
      this.#lastMedia = mediaTime;
      const now = this.#clock.elapsed();
      this.#shownAt = [...this.#shownAt.filter((at) => now - at <= 1000), now];
      this.#shown();
      this.#watch();
    });
  }
}
