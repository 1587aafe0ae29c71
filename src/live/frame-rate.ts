/** Pictures and bits a second of a stream over the last seconds, from frames as they come. Pure. */

export interface FrameRates {
  /** Pictures a second; of sound alone, packets. */
  readonly fps: number;
  /** 1000 bit/s of media, all tracks together. */
  readonly kbits: number;
}

/** Whole seconds that are looked back: some producers hand over two seconds at once, and a shorter span would flicker. */
const SPAN = 10;

export class FrameRate {
  readonly #bytes = new Float64Array(SPAN + 1);
  readonly #pictures = new Float64Array(SPAN + 1);
  /** The first and the newest second with a frame in it, since the Unix epoch. */
  #first: number | undefined;
  #newest = 0;

  /** One frame. `atMs`: server time of its arrival. */
  add(atMs: number, bytes: number, isPicture: boolean): void {
    const second = Math.floor(atMs / 1000);
    // The clock was set back: what was counted is of no second any more.
    if (this.#first === undefined || second < this.#newest) this.#begin(second);
    for (let one = this.#newest + 1; one <= second && one <= this.#newest + SPAN + 1; one++)
      this.#clear(one);
    this.#newest = second;
    const slot = second % (SPAN + 1);
    this.#bytes[slot] = (this.#bytes[slot] ?? 0) + bytes;
    if (isPicture) this.#pictures[slot] = (this.#pictures[slot] ?? 0) + 1;
  }

  /** Over the seconds that are whole. Zero within the first one. */
  at(nowMs: number): FrameRates {
    const now = Math.floor(nowMs / 1000);
    if (this.#first === undefined) return { fps: 0, kbits: 0 };
    const from = Math.max(now - SPAN, this.#first);
    let [bytes, pictures] = [0, 0];
    for (let second = from; second < now && second <= this.#newest; second++) {
      bytes += this.#bytes[second % (SPAN + 1)] ?? 0;
      pictures += this.#pictures[second % (SPAN + 1)] ?? 0;
    }
    const seconds = now - from;
    if (seconds <= 0) return { fps: 0, kbits: 0 };
    return {
      fps: Math.round((pictures / seconds) * 10) / 10,
      kbits: Math.round((bytes * 8) / 1000 / seconds),
    };
  }

  #begin(second: number): void {
    this.#bytes.fill(0);
    this.#pictures.fill(0);
    this.#first = second;
    this.#newest = second;
  }

  #clear(second: number): void {
    this.#bytes[second % (SPAN + 1)] = 0;
    this.#pictures[second % (SPAN + 1)] = 0;
  }
}
