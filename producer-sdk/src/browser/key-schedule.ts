/** When a picture has to be a key frame: by the pictures' own times, not by their count. Pure. */
export class KeySchedule {
  readonly #intervalUs: number;
  #lastUs: number | undefined;
  #forced = true;

  constructor(intervalMs: number) {
    this.#intervalUs = intervalMs * 1000;
  }

  /** Half a picture of tolerance: one that comes a little early does not wait for the next. */
  isDue(timeUs: number, pictureUs: number): boolean {
    const sinceUs = timeUs - (this.#lastUs ?? Number.NEGATIVE_INFINITY);
    if (!this.#forced && sinceUs < this.#intervalUs - pictureUs / 2) return false;
    // On the grid of the first one, so that the distance does not drift.
    const onGrid = !this.#forced && this.#lastUs !== undefined && sinceUs < this.#intervalUs * 1.5;
    this.#lastUs = onGrid ? (this.#lastUs ?? 0) + this.#intervalUs : timeUs;
    this.#forced = false;
    return true;
  }

  /** The next picture: pictures were left out, or the encoder is a new one. */
  force(): void {
    this.#forced = true;
  }
}
