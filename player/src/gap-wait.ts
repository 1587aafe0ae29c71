/** Waiting through a gap in real time, when gaps are not to be left out. Pure; times are ms. */

export class GapWait {
  /** Where the wall clock of playback stands, and where the next recording begins. */
  #atMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  #seenMs: number;

  constructor(fromMs: number, toMs: number, elapsedMs: number) {
    this.fromMs = fromMs;
    this.#atMs = fromMs;
    this.toMs = toMs;
    this.#seenMs = elapsedMs;
  }

  get atMs(): number {
    return this.#atMs;
  }

  /** True when the next recording has been reached. */
  advance(elapsedMs: number, { speed, paused }: { speed: number; paused: boolean }): boolean {
    const passed = elapsedMs - this.#seenMs;
    this.#seenMs = elapsedMs;
    if (!paused) this.#atMs = Math.min(this.toMs, this.#atMs + passed * speed);
    return this.#atMs >= this.toMs;
  }
}
