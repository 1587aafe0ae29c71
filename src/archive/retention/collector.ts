/**
 * Deletes the objects of packs whose rows are gone: after a grace time, and not while they are read. What fails is
 * tried again at a later sweep. Several nodes may do this at once: deleting and forgetting twice is fine.
 */
import type { Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import { objectKey } from "../pack-id.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { ReadLeases } from "./leases.ts";
import { END_OF_TIME_MS } from "./policy.ts";

/** Files of packs on this node's own disk (`active/`, `spool/`), and what memory knows of them. */
export interface LocalPacks {
  /** Fine when there are none. Throws `store.unavailable`. */
  remove(packIds: readonly string[]): Promise<void>;
}

export interface CollectorParts {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leases: ReadLeases;
  readonly local?: LocalPacks;
  readonly graceMs: number;
  readonly batch: number;
}

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 30 * 60_000;

export class Collector {
  readonly #parts: CollectorParts;
  /** Bytes of packs that this process removed and whose objects are still there. */
  readonly #sizes = new Map<string, number>();
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /** How often it has failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  removed(packId: string, bytes: number): void {
    this.#sizes.set(packId, bytes);
  }

  /** Bytes that will be free; undefined while objects wait whose size is not known (removed by another process). */
  async pendingBytes(): Promise<number | undefined> {
    const waiting = await this.#parts.index.garbage(END_OF_TIME_MS, this.#sizes.size + 1);
    const known = new Set(waiting);
    for (const packId of this.#sizes.keys()) if (!known.has(packId)) this.#sizes.delete(packId);
    const sizes = waiting.map((packId) => this.#sizes.get(packId));
    return sizes.includes(undefined) ? undefined : sizes.reduce<number>((a, b) => a + (b ?? 0), 0);
  }

  /** Deletes what is due at `nowMs`; returns how many objects. Does nothing for a while after a failure. Never rejects. */
  async collect(nowMs: number, stopped: () => boolean): Promise<number> {
    const { clock, log } = this.#parts;
    if (clock.elapsed() < this.#notBeforeMs) return 0;
    let deleted = 0;
    try {
      while (!stopped()) {
        const count = await this.#batch(nowMs);
        deleted += count;
        if (count === 0) break;
      }
      this.#failures = 0;
    } catch (error) {
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
      this.#notBeforeMs = clock.elapsed() + wait;
      this.#failures++;
      const { code, message } = asFault(error, "store.unavailable");
      log.error("retention.not-deleted", { code, message, againInMs: wait });
    }
    return deleted;
  }

  /** Order: files of this node, objects, rows. */
  async #batch(nowMs: number): Promise<number> {
    const { index, store, leases, local, graceMs, batch } = this.#parts;
    leases.expire();
    const due = await index.garbage(nowMs - graceMs, batch + leases.size);
    const going = due.filter((packId) => !leases.has(packId)).slice(0, batch);
    if (going.length === 0) return 0;
    await local?.remove(going);
    await store.delete(going.map(objectKey));
    await index.forgetGarbage(going);
    for (const packId of going) this.#sizes.delete(packId);
    return going.length;
  }
}
