/**
 * Keeps the timeline's recorded ranges current: loads a little more than what is shown, as fine as the pixels,
 * again every few seconds, and soon after the view changed. One request at a time.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import type { CoverageWish } from "./api.ts";
import type { Coverage, Span } from "./coverage-types.ts";
import { spanOf, type View } from "./timeline-model.ts";

const EVERY_MS = 3000;
/** Of long stretches a pixel changes less often. */
const SELDOM_MS = 30_000;
const SOON_MS = 150;
/** Parts of what is recorded in one answer, at most. */
const MAX_BUCKETS = 8192;
/** Finer than a pixel: the ends of ranges are sharp, and gaps have their causes; then as coarse as it has to be. */
const PER_PIXEL = 16;
const COARSER = 8;

export interface CoverageLoaderOptions {
  readonly load: (wish: CoverageWish, signal: AbortSignal) => Promise<Coverage>;
  readonly clock: Clock;
  readonly view: () => { readonly view: View; readonly width: number };
  /** `asked` is the stretch that was loaded. */
  readonly loaded: (coverage: Coverage, asked: Span) => void;
}

export class CoverageLoader {
  readonly #options: CoverageLoaderOptions;
  readonly #stop = new AbortController();
  #cancel: CancelTimer;
  #loading = false;
  /** Answers about stretches of this length or longer were too large with so many parts of a pixel. */
  #coarse = { perPixel: PER_PIXEL, spanMs: Number.POSITIVE_INFINITY };
  #retry = false;

  /** Begins at once. */
  constructor(options: CoverageLoaderOptions) {
    this.#options = options;
    this.#cancel = options.clock.after(0, () => this.#run());
  }

  /** The view changed. */
  soon(): void {
    // What is on its way is of another view.
    if (this.#loading) this.#retry = true;
    else this.#again(SOON_MS);
  }

  stop(): void {
    this.#stop.abort();
    this.#cancel();
  }

  #again(ms: number): void {
    this.#cancel();
    if (!this.#stop.signal.aborted) this.#cancel = this.#options.clock.after(ms, () => this.#run());
  }

  #refused(error: unknown, perPixel: number, spanMs: number): void {
    const large = error instanceof Fault && error.code === "request.too-large";
    if (!large) return;
    this.#retry ||= perPixel > 1 / COARSER;
    this.#coarse = { perPixel: Math.max(1 / COARSER, perPixel / COARSER), spanMs };
  }

  #run(): void {
    this.#loading = true;
    const { load, loaded, view: current } = this.#options;
    const { view } = current();
    const width = Math.max(1, current().width);
    const spanMs = spanOf(view);
    // Zoomed in: it may be as fine as the pixels again.
    if (spanMs < this.#coarse.spanMs * 0.75)
      this.#coarse = { perPixel: PER_PIXEL, spanMs: Number.POSITIVE_INFINITY };
    const { perPixel } = this.#coarse;
    const pixelMs = spanMs / width;
    // Parts are whole pixels of the view, beginning half a view before it.
    const before = Math.floor(width / 2);
    const from = Math.floor(Math.max(0, view.fromMs - before * pixelMs));
    const buckets = Math.min(MAX_BUCKETS, 2 * before + width);
    const to = Math.ceil(from + buckets * pixelMs);
    const resolutionMs = Math.floor(pixelMs / perPixel);
    load({ from, to, resolutionMs, buckets }, this.#stop.signal)
      .then((coverage) => {
        if (!this.#stop.signal.aborted) loaded(coverage, { from, to });
      })
      // The player says by itself when the server is away; old ranges stay on screen meanwhile.
      .catch((error: unknown) => this.#refused(error, perPixel, spanMs))
      .finally(() => {
        this.#loading = false;
        const every = Math.min(SELDOM_MS, Math.max(EVERY_MS, pixelMs));
        this.#again(this.#retry ? SOON_MS : every);
        this.#retry = false;
      });
  }
}
