/**
 * Packs that cannot be sent although the store works: a bad sector under the file, another object of that name. Each waits
 * on its own and is tried again for ever, so that none of them stops the others.
 */
import type { CancelTimer, Clock } from "../base/clock.ts";
import { type Millis, millis } from "../base/units.ts";
import type { PackRow } from "./index/fragment-index.ts";
import { type BackOffLimits, backOffMs } from "./retry.ts";

interface Waiting {
  readonly receivedLastMs: number;
  failures: number;
  /** Monotonic. */
  dueMs: number;
}

/** So much longer than a store, at most, is waited for: nothing changes by itself here. */
const PATIENCE = 10;

export class Aside {
  readonly #clock: Clock;
  readonly #limits: BackOffLimits;
  readonly #packs = new Map<string, Waiting>();
  #timer: CancelTimer = () => {};

  constructor(clock: Clock, { firstMs, maxMs }: BackOffLimits) {
    this.#clock = clock;
    this.#limits = { firstMs, maxMs: maxMs * PATIENCE };
  }

  get size(): number {
    return this.#packs.size;
  }

  /** When the last fragment of the oldest arrived. */
  get oldestMs(): Millis | undefined {
    if (this.#packs.size === 0) return undefined;
    const all = [...this.#packs.values()].map(({ receivedLastMs }) => receivedLastMs);
    return millis(Math.min(...all));
  }

  has(packId: string): boolean {
    return this.#packs.has(packId);
  }

  /** Not to be tried now. */
  waits(packId: string): boolean {
    return (this.#packs.get(packId)?.dueMs ?? 0) > this.#clock.elapsed();
  }

  /** True when it was not aside before. */
  add({ packId, receivedLastMs }: PackRow): boolean {
    const before = this.#packs.get(packId);
    const failures = (before?.failures ?? 0) + 1;
    const dueMs = this.#clock.elapsed() + backOffMs(failures, this.#limits);
    this.#packs.set(packId, { receivedLastMs, failures, dueMs });
    return before === undefined;
  }

  delete(packId: string): void {
    this.#packs.delete(packId);
  }

  keepOnly(packIds: ReadonlySet<string>): void {
    for (const packId of this.#packs.keys()) if (!packIds.has(packId)) this.#packs.delete(packId);
  }

  /** Calls `run` when the next one is due. One call waits at a time. */
  wake(run: () => void): void {
    this.stop();
    if (this.#packs.size === 0) return;
    const next = Math.min(...[...this.#packs.values()].map(({ dueMs }) => dueMs));
    this.#timer = this.#clock.after(Math.max(1, next - this.#clock.elapsed()), run);
  }

  stop(): void {
    this.#timer();
  }
}
