/**
 * Read leases: while somebody reads packs, their objects are not deleted, although their rows may be gone. In memory of
 * this process: a read on another node has the grace time alone.
 */
import type { Clock } from "../../base/clock.ts";

/** A lease runs out by itself after this, ms: a reader that hangs must not keep objects for ever. */
export const LEASE_CAP_MS = 15 * 60_000;

export interface ReadLease {
  /** Gives the packs back. Calling it twice does nothing. */
  release(): void;
}

interface Held {
  readonly untilMs: number;
}

export class ReadLeases {
  readonly #clock: Clock;
  readonly #capMs: number;
  readonly #byPack = new Map<string, Set<Held>>();

  constructor({ clock, capMs = LEASE_CAP_MS }: { clock: Clock; capMs?: number }) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** From now until it is released, at most for the cap. After that a read may end with `store.not-found`. */
  take(packIds: readonly string[]): ReadLease {
    const held: Held = { untilMs: this.#clock.elapsed() + this.#capMs };
    for (const packId of packIds) {
      const all = this.#byPack.get(packId) ?? new Set();
      this.#byPack.set(packId, all.add(held));
    }
    return { release: () => this.#drop(packIds, held) };
  }

  has(packId: string): boolean {
    return this.#byPack.has(packId);
  }

  /** Packs under lease. */
  get size(): number {
    return this.#byPack.size;
  }

  /** Ends those that have run out. */
  expire(): void {
    const now = this.#clock.elapsed();
    for (const [packId, all] of this.#byPack)
      for (const held of all) if (held.untilMs <= now) this.#drop([packId], held);
  }

  #drop(packIds: readonly string[], held: Held): void {
    for (const packId of packIds) {
      const all = this.#byPack.get(packId);
      all?.delete(held);
      if (all?.size === 0) this.#byPack.delete(packId);
    }
  }
}
