/** Shows the key frame of the time under the pointer; of times that come faster than pictures, the newest. Pure. */
import type { PageWish, PicturePage, PictureScreen } from "./pictures.ts";

export interface ScrubOptions {
  readonly screen: PictureScreen;
  readonly load: (wish: PageWish, signal: AbortSignal) => Promise<PicturePage>;
  readonly shown: () => void;
}

export class Scrub {
  readonly #options: ScrubOptions;
  readonly #stop = new AbortController();
  #wantedMs: number | undefined;
  #busy = false;
  #shownMs: number | undefined;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  at(ms: number): void {
    this.#wantedMs = ms;
    if (!this.#busy) void this.#work();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #work(): Promise<void> {
    const { screen, load, shown } = this.#options;
    const { signal } = this.#stop;
    this.#busy = true;
    for (;;) {
      const ms = this.#wantedMs;
      this.#wantedMs = undefined;
      if (ms === undefined || signal.aborted) break;
      try {
        const wish = { atMs: ms + 1, backward: true, stepMs: 0, limit: 1 };
        const [picture] = (await load(wish, signal)).pictures;
        if (picture === undefined || picture.timeMs === this.#shownMs || signal.aborted) continue;
        await screen.show(picture);
        this.#shownMs = picture.timeMs;
        if (!signal.aborted) shown();
      } catch {
        // A picture that is not there or cannot be decoded: the one before stays, the next move tries again.
      }
    }
    this.#busy = false;
  }
}
