/**
 * Group commit of index rows: while one transaction is under way, the rows of all streams that become
 * ready wait together for the next. One fsync of the index serves them all.
 */
import type { FragmentIndex, PackRow, TrackSetRow } from "./index/fragment-index.ts";

interface Waiting {
  readonly row: PackRow;
  readonly trackSet: TrackSetRow;
  resolve(): void;
  reject(error: unknown): void;
}

export class Committer {
  readonly #index: FragmentIndex;
  /** Track sets this process has committed: they are sent once. */
  readonly #known = new Set<string>();
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(index: FragmentIndex) {
    this.#index = index;
  }

  /** Resolves when the row is durable. */
  commit(row: PackRow, trackSet: TrackSetRow): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, trackSet, resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // Rows that become ready in this turn of the event loop join the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#one(batch);
    }
    this.#busy = false;
  }

  async #one(batch: readonly Waiting[]): Promise<void> {
    const fresh = new Map(
      batch.filter((w) => !this.#known.has(w.trackSet.id)).map((w) => [w.trackSet.id, w.trackSet]),
    );
    try {
      const rows = batch.map((w) => w.row);
      await this.#index.commit({ rows, trackSets: [...fresh.values()] });
      for (const id of fresh.keys()) this.#known.add(id);
      for (const waiting of batch) waiting.resolve();
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }
}
