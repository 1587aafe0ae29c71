/** Pictures and bits a second over the last seconds, from totals that are read now and then. Pure. */

interface Sample {
  readonly atMs: number;
  readonly pictures: number;
  readonly bytes: number;
}

export interface Rates {
  /** Pictures a second; of sound alone, packets. */
  readonly fps: number;
  readonly kbits: number;
}

/** So many samples are looked back: ffmpeg hands over whole Clusters, and a shorter span would flicker. */
const SAMPLES = 6;

export class RateMeter {
  #samples: Sample[] = [];

  add(sample: Sample): void {
    const last = this.#samples.at(-1);
    // The totals began again.
    if (last !== undefined && last.pictures > sample.pictures) this.#samples = [];
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Zero until there are two samples. */
  get rates(): Rates {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    const spanMs = (last?.atMs ?? 0) - (first?.atMs ?? 0);
    if (first === undefined || last === undefined || spanMs <= 0) return { fps: 0, kbits: 0 };
    return {
      fps: tenths(((last.pictures - first.pictures) * 1000) / spanMs),
      kbits: Math.round(((last.bytes - first.bytes) * 8) / spanMs),
    };
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
