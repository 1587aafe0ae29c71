/** Pictures in the order they will be shown, asked for before they are needed. Pure. */
import type { CancelTimer, Clock } from "../../../src/base/clock.ts";
import type { PageWish, Picture, PicturePage } from "./pictures.ts";

const PAGE = 40;
/** With fewer than this waiting, more are asked for. */
const LOW = 20;
/** After an answer that failed. ms */
const AGAIN_MS = 1000;

export interface FeedOptions {
  readonly clock: Clock;
  readonly load: (wish: PageWish, signal: AbortSignal) => Promise<PicturePage>;
  readonly atMs: number;
  readonly backward: boolean;
  readonly stepMs: number;
}

export class PictureFeed {
  readonly #options: FeedOptions;
  readonly #stop = new AbortController();
  #waiting: Picture[] = [];
  #nextMs: number | undefined;
  #loading = false;
  #cancelAgain: CancelTimer = () => {};

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#nextMs = options.atMs;
    this.#fill();
  }

  get head(): Picture | undefined {
    return this.#waiting[0];
  }

  /** Nothing waits, and nothing will come. */
  get ended(): boolean {
    return this.#waiting.length === 0 && this.#nextMs === undefined && !this.#loading;
  }

  /** The last picture that is due at `ms`; those before it are left out. */
  take(ms: number): Picture | undefined {
    const { backward } = this.#options;
    const later = this.#waiting.findIndex(({ timeMs }) => (backward ? timeMs < ms : timeMs > ms));
    const due = later < 0 ? this.#waiting.length : later;
    const taken = this.#waiting.splice(0, due).at(-1);
    this.#fill();
    return taken;
  }

  stop(): void {
    this.#cancelAgain();
    this.#stop.abort();
    this.#waiting = [];
  }

  #fill(): void {
    const { load, backward, stepMs, clock } = this.#options;
    const { signal } = this.#stop;
    const atMs = this.#nextMs;
    if (this.#loading || signal.aborted || atMs === undefined || this.#waiting.length >= LOW)
      return;
    this.#loading = true;
    load({ atMs, backward, stepMs, limit: PAGE }, signal)
      .then(({ pictures, nextMs }) => {
        this.#loading = false;
        if (signal.aborted) return;
        this.#waiting.push(...pictures);
        this.#nextMs = nextMs;
        this.#fill();
      })
      .catch(() => {
        if (signal.aborted) return;
        this.#cancelAgain = clock.after(AGAIN_MS, () => {
          this.#loading = false;
          this.#fill();
        });
      });
  }
}
