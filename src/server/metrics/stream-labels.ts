/** Streams as label values, bounded: a page with every camera of a large site would be too large to be read. */

/** Label of all streams that came after the bound was reached. */
export const OTHER = "other";

export class StreamLabels {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max = 1000) {
    this.#max = max;
  }

  /** The first `max` streams keep their names until the server stops. */
  label(stream: string): string {
    if (this.#known.has(stream)) return stream;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(stream);
    return stream;
  }
}
