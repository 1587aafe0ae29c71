/**
 * Read leases: what somebody reads is not removed under their hands. A range of a stream keeps rows and objects of its packs
 * from retention; single packs keep their objects, although their rows may be gone: until they are given back, or for a time
 * after somebody got to know what is in them. In memory of this process: a read on another node has the grace time alone.
 */
import type { Clock } from "../../base/clock.ts";

/** A lease runs out by itself after this, ms: a reader that hangs must not keep objects for ever. */
export const LEASE_CAP_MS = 15 * 60_000;

/** Packs that are kept for a time. Of more, those that were asked for longest ago have the grace time alone. */
export const MAX_KEPT = 2000;

export interface ReadLease {
  /** Gives back what it is for. Calling it twice does nothing. */
  release(): void;
}

/** Producer's clock, µs, half open. */
export interface LeasedRange {
  readonly stream: string;
  readonly fromUs: number;
  readonly toUs: number;
}

interface Held {
  readonly untilMs: number;
}

interface Span {
  readonly producedStartUs: number;
  readonly producedEndUs: number;
}

export class ReadLeases {
  readonly #clock: Clock;
  readonly #capMs: number;
  readonly #byPack = new Map<string, Set<Held>>();
  readonly #ranges = new Set<LeasedRange & Held>();
  /** Until when, by pack; the one that ends first at the front. */
  readonly #kept = new Map<string, number>();

  constructor({ clock, capMs = LEASE_CAP_MS }: { clock: Clock; capMs?: number }) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** From now until it is released, at most for the cap. After that a read may end with `store.not-found`. */
  take(packIds: readonly string[]): ReadLease {
    const held = this.#held();
    for (const packId of packIds) {
      const all = this.#byPack.get(packId) ?? new Set();
      this.#byPack.set(packId, all.add(held));
    }
    return { release: () => this.#drop(packIds, held) };
  }

  /** The same for all packs that overlap the range and have not been removed yet. */
  takeRange(range: LeasedRange): ReadLease {
    const held = { ...range, ...this.#held() };
    this.#ranges.add(held);
    return { release: () => this.#ranges.delete(held) };
  }

  /** Keeps the pack's object for the cap from now, for whoever has its list and will read its bytes. */
  keep(packId: string): void {
    this.#kept.delete(packId);
    this.#kept.set(packId, this.#held().untilMs);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Whether the pack's object is under lease by its id. */
  has(packId: string): boolean {
    return this.#byPack.has(packId) || this.#kept.has(packId);
  }

  /** Whether the pack is in a range under lease. */
  covers(stream: string, { producedStartUs, producedEndUs }: Span): boolean {
    for (const range of this.#ranges)
      if (range.stream === stream && range.fromUs < producedEndUs && range.toUs > producedStartUs)
        return true;
    return false;
  }

  /** Packs under lease by their ids, or a few more. */
  get size(): number {
    return this.#byPack.size + this.#kept.size;
  }

  /** Ends those that have run out. */
  expire(): void {
    const now = this.#clock.elapsed();
    for (const [packId, untilMs] of this.#kept) {
      if (untilMs > now) break;
      this.#kept.delete(packId);
    }
    for (const range of this.#ranges) if (range.untilMs <= now) this.#ranges.delete(range);
    for (const [packId, all] of this.#byPack)
      for (const held of all) if (held.untilMs <= now) this.#drop([packId], held);
  }

  #held(): Held {
    return { untilMs: this.#clock.elapsed() + this.#capMs };
  }

  #drop(packIds: readonly string[], held: Held): void {
    for (const packId of packIds) {
      const all = this.#byPack.get(packId);
      all?.delete(held);
      if (all?.size === 0) this.#byPack.delete(packId);
    }
  }
}
