/**
 * Keeps the timeline's recorded ranges current: loads a little more than what is shown, as fine as the pixels,
 * again every few seconds, and soon after the view changed. One request at a time.
 */
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import type { Coverage } from "./api.ts";
import { type Span, spanOf, type View } from "./timeline-model.ts";

const EVERY_MS = 3000;
const SOON_MS = 150;
/** Finer than a pixel, so that a pixel can be drawn as strongly as it is recorded; then as coarse as it has to be. */
const PER_PIXEL = 16;
const COARSER = 8;

export interface CoverageLoaderOptions {
  readonly load: (span: Span & { resolutionMs: number }, signal: AbortSignal) => Promise<Coverage>;
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
  #perPixel = PER_PIXEL;
  #retry = false;

  /** Begins at once. */
  constructor(options: CoverageLoaderOptions) {
    this.#options = options;
    this.#cancel = options.clock.after(0, () => this.#run());
  }

  /** The view changed. */
  soon(): void {
    if (!this.#loading) this.#again(SOON_MS);
  }

  stop(): void {
    this.#stop.abort();
    this.#cancel();
  }

  #again(ms: number): void {
    this.#cancel();
    if (!this.#stop.signal.aborted) this.#cancel = this.#options.clock.after(ms, () => this.#run());
  }

  #refused(error: unknown): void {
    const large = error instanceof Fault && error.code === "request.too-large";
    if (!large) return;
    this.#retry = this.#perPixel > 1 / COARSER;
    this.#perPixel = Math.max(1 / COARSER, this.#perPixel / COARSER);
  }

  #run(): void {
    this.#loading = true;
    const { load, loaded, view: current } = this.#options;
    const { view, width } = current();
    const margin = spanOf(view) / 2;
    const from = Math.max(0, view.fromMs - margin);
    const to = Math.max(from + 1, view.toMs + margin);
    const resolutionMs = Math.floor(spanOf(view) / Math.max(1, width) / this.#perPixel);
    load({ from, to, resolutionMs }, this.#stop.signal)
      .then((coverage) => {
        if (!this.#stop.signal.aborted) loaded(coverage, { from, to });
      })
      // The player says by itself when the server is away; old ranges stay on screen meanwhile.
      .catch((error: unknown) => this.#refused(error))
      .finally(() => {
        this.#loading = false;
        this.#again(this.#retry ? SOON_MS : EVERY_MS);
        this.#retry = false;
      });
  }
}
