/** Server time minus our own, from messages that took an unknown while. Pure. */

/** So many newest samples decide; clocks drift apart slowly. */
const SAMPLES = 12;

export class ServerOffset {
  #samples: number[] = [];

  /** A message that said `serverMs` arrived at `localMs`. */
  add(serverMs: number, localMs: number): void {
    this.#samples = [...this.#samples.slice(1 - SAMPLES), serverMs - localMs];
  }

  /** The largest difference is the message that was least delayed. 0 before the first. */
  get ms(): number {
    return this.#samples.length === 0 ? 0 : Math.max(...this.#samples);
  }
}
