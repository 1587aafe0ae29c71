/** How long to wait before the next try: doubling, with jitter, so that many cameras do not come at once. */

const FIRST_MS = 500;
const MAX_MS = 10_000;

export class BackOff {
  readonly #random: () => number;
  #tries = 0;

  /** `random` gives 0 ≤ x < 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds: between half and the whole of 0.5, 1, 2, 4, 8, 10, 10... s. */
  next(): number {
    const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(this.#tries++, 16));
    return Math.round(full * (0.5 + this.#random() / 2));
  }

  /** The server works again. */
  reset(): void {
    this.#tries = 0;
  }
}
