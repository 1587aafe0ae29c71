/**
 * Group commit of index rows: while one transaction is under way, what all streams have ready waits together for the next.
 * One fsync of the index serves them all. An index that is away for a moment is waited for: doing a commit again is fine.
 */
import { type Clock, sleep } from "../base/clock.ts";
import { Fault, type FaultCode } from "../base/errors.ts";
import type { Meters } from "../base/meters.ts";
import type { Commit, Fence, FragmentIndex, PackRow, TrackSetRow } from "./index/fragment-index.ts";
import type { NewEvent } from "./index/index-events.ts";
import type { NewGap } from "./index/index-ledger.ts";

/** What one stream has to write. */
export interface Entry {
  readonly row: PackRow;
  readonly trackSet: TrackSetRow;
  readonly gaps?: readonly NewGap[];
  readonly events?: readonly NewEvent[];
  readonly fence?: Fence | undefined;
}

interface Waiting {
  readonly entry: Entry;
  resolve(): void;
  reject(error: unknown): void;
}

export interface CommitterOptions {
  readonly clock: Clock;
  readonly meters: Meters;
  /** Called when events are durable. */
  written(): void;
  /** How long an index that is away is waited for, ms. */
  readonly patienceMs: number;
}

/** Faults that say nothing about the other entries of a commit. */
const OF_ONE_STREAM: ReadonlySet<FaultCode> = new Set([
  "ingest.fenced",
  "stream.not-found",
  "store.not-found",
]);
/** Between two attempts, ms. */
const PAUSE_MS = 250;

export class Committer {
  readonly #index: FragmentIndex;
  readonly #options: CommitterOptions;
  /** Track sets this process has committed: they are sent once. */
  readonly #known = new Set<string>();
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(index: FragmentIndex, options: CommitterOptions) {
    this.#index = index;
    this.#options = options;
  }

  /** Resolves when it is durable. */
  commit(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // What becomes ready in this turn of the event loop joins the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#batch(batch);
    }
    this.#busy = false;
  }

  async #batch(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#commit(batch.map(({ entry }) => entry));
      for (const waiting of batch) waiting.resolve();
    } catch (error) {
      // A stream that was deleted, or that another node has taken over, must not cost the others their commit.
      if (batch.length > 1 && error instanceof Fault && OF_ONE_STREAM.has(error.code))
        for (const one of batch) await this.#batch([one]);
      else for (const waiting of batch) waiting.reject(error);
    }
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const commit = this.#joined(entries);
    const { clock, patienceMs, meters, written } = this.#options;
    const startedMs = clock.elapsed();
    for (;;) {
      try {
        await this.#index.commit(commit);
        for (const { id } of commit.trackSets ?? []) this.#known.add(id);
        meters.commit(entries.length, clock.elapsed() - startedMs);
        if (commit.events !== undefined && commit.events.length > 0) written();
        return;
      } catch (error) {
        meters.commitFailed();
        const away = error instanceof Fault && error.code === "index.unavailable";
        if (!away || clock.elapsed() >= startedMs + patienceMs) throw error;
        await sleep(clock, PAUSE_MS);
      }
    }
  }

  #joined(entries: readonly Entry[]): Commit {
    const fresh = entries.filter(({ trackSet }) => !this.#known.has(trackSet.id));
    return {
      rows: entries.map(({ row }) => row),
      trackSets: [...new Map(fresh.map(({ trackSet }) => [trackSet.id, trackSet])).values()],
      gaps: entries.flatMap(({ gaps }) => gaps ?? []),
      events: entries.flatMap(({ events }) => events ?? []),
      fences: entries.flatMap(({ fence }) => (fence === undefined ? [] : [fence])),
    };
  }
}
