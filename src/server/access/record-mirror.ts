/**
 * All records of one kind in memory, read anew now and then: asking waits for nothing. What is changed here counts at once,
 * also when a reading that began before it ends after it.
 */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";

const PAGE = 500;

interface MirrorOptions<T> {
  readonly index: Pick<FragmentIndex, "records">;
  readonly kind: string;
  /** `before`: what it was at the last reading. */
  parse(id: string, body: string, before: T | undefined): T;
}

export class RecordMirror<T> {
  readonly #options: MirrorOptions<T>;
  #all = new Map<string, T>();
  /** Changes of this process since the reading that is under way began. */
  #edits = new Map<string, T | undefined>();

  constructor(options: MirrorOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  get(id: string): T | undefined {
    return this.#all.get(id);
  }

  entries(): [string, T][] {
    return [...this.#all];
  }

  set(id: string, value: T): void {
    this.#edits.set(id, value);
    this.#all.set(id, value);
  }

  delete(id: string): void {
    this.#edits.set(id, undefined);
    this.#all.delete(id);
  }

  /** One at a time. Throws `index.unavailable`: what was known stays known. */
  async read(): Promise<void> {
    const { index, kind, parse } = this.#options;
    this.#edits = new Map();
    const all = new Map<string, T>();
    for (let after = ""; ; ) {
      const rows = await index.records(kind, after, PAGE);
      for (const { id, body } of rows) all.set(id, parse(id, body, this.#all.get(id)));
      after = rows.at(-1)?.id ?? "";
      if (rows.length < PAGE) break;
    }
    for (const [id, value] of this.#edits)
      if (value === undefined) all.delete(id);
      else all.set(id, value);
    this.#all = all;
  }
}
