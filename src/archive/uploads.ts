/**
 * Sealed packs on their way from the spool to a remote object store. The job is the index row (sealed, not archived): it
 * survives everything and is tried for ever. Order: object verified, row archived, local file removed
 * (docs/design/write-order.md). While the store fails, one attempt at a time probes it.
 */
import type { Clock } from "../base/clock.ts";
import { asFault, type Fault, type FaultCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import type { Millis } from "../base/units.ts";
import type { FragmentIndex, PackRow } from "./index/fragment-index.ts";
import { objectKey } from "./pack-id.ts";
import type { Places } from "./places.ts";
import { type BackOffLimits, Retry } from "./retry.ts";
import type { ObjectStore } from "./store/object-store.ts";

/** Rows asked for at a time. */
const PAGE = 64;
/** Faults that say nothing about the store. */
const OF_THE_PACK: ReadonlySet<FaultCode> = new Set([
  "store.conflict",
  "store.not-found",
  "store.corrupt",
]);

export interface UploadsParts {
  readonly node: string;
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly places: Places;
  readonly clock: Clock;
  readonly log: Logger;
  readonly concurrency: number;
  readonly backOff: BackOffLimits;
  readonly meters: Meters;
  /** The pack is verified in the store and the index says so. */
  archived(row: PackRow): void;
}

/** What waits in the spool. */
export interface SpoolState {
  readonly packs: number;
  readonly bytes: number;
  /** When the last fragment of the oldest arrived. */
  readonly oldestMs: Millis | undefined;
  /** Packs that cannot be sent although the store works: see the log. */
  readonly aside: number;
  /** Why the last attempt failed; undefined when it did not. */
  readonly fault: Fault | undefined;
}

export class Uploads {
  readonly #parts: UploadsParts;
  readonly #retry: Retry;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #aside = new Set<string>();
  #running: Promise<void> | undefined;
  #woken = false;
  #waiting = false;
  #closed = false;
  #fault: Fault | undefined;
  #bytes = 0;

  constructor(parts: UploadsParts) {
    this.#parts = parts;
    this.#retry = new Retry(parts.clock, parts.backOff);
  }

  /** Bytes in the spool, as last counted and changed since. */
  get bytes(): number {
    return this.#bytes;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async state(): Promise<SpoolState> {
    const sum = await this.#parts.index.unarchivedSum(this.#parts.node);
    this.#bytes = sum.bytes;
    return { ...sum, aside: this.#aside.size, fault: this.#fault };
  }

  /** A pack has come into the spool. */
  added(bytes: number): void {
    this.#bytes += bytes;
    this.wake();
  }

  /** Looks for packs to send, unless the store is being waited for. */
  wake(): void {
    this.#woken = true;
    if (this.#closed || this.#waiting || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#woken) this.wake();
    });
  }

  /** Takes no more and waits for what is under way. The rest goes on at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    while (this.#running !== undefined) await this.#running;
    await Promise.all(this.#underWay.values());
  }

  /** Resolves when nothing that was there at the call is left or the store failed: for tests and for a drain before a stop. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#underWay.size > 0) {
      await this.#running;
      await Promise.all(this.#underWay.values());
    }
  }

  async #run(): Promise<void> {
    const { index, node } = this.#parts;
    while (!this.#closed && !this.#waiting) {
      this.#woken = false;
      let rows: readonly PackRow[];
      try {
        rows = await index.unarchived(node, PAGE + this.#aside.size);
      } catch (error) {
        this.#failed(asFault(error, "index.unavailable"), "");
        return;
      }
      const fresh = rows.filter(
        ({ packId }) => !this.#underWay.has(packId) && !this.#aside.has(packId),
      );
      if (fresh.length === 0) {
        if (this.#underWay.size > 0) await Promise.race(this.#underWay.values());
        else return;
      }
      for (const row of fresh) {
        while (this.#underWay.size >= this.#allowed) await Promise.race(this.#underWay.values());
        if (this.#closed || this.#waiting) break;
        this.#start(row);
      }
    }
    await Promise.all(this.#underWay.values());
  }

  /** After a failure one at a time, until one works. */
  get #allowed(): number {
    return this.#retry.failures > 0 ? 1 : this.#parts.concurrency;
  }

  #start(row: PackRow): void {
    const done = this.#send(row).finally(() => this.#underWay.delete(row.packId));
    this.#underWay.set(row.packId, done);
  }

  async #send(row: PackRow): Promise<void> {
    const { index, store, places, archived, meters, clock } = this.#parts;
    const { packId, bytes } = row;
    const startedMs = clock.elapsed();
    try {
      await store.put(objectKey(packId), places.path(packId, "spool"), bytes);
      meters.upload("ok", bytes, clock.elapsed() - startedMs);
      const [there] = await index.archived([packId]);
      // The stream was deleted meanwhile: its garbage may have been removed before the object was there.
      if (there === undefined) await store.delete([objectKey(packId)]);
      places.set(packId, undefined);
      await places.removeLocal(packId);
      this.#bytes = Math.max(0, this.#bytes - bytes);
      this.#fault = undefined;
      this.#retry.worked();
      this.#waiting = false;
      if (there !== undefined) archived({ ...row, archived: true });
    } catch (error) {
      const fault = asFault(error, "store.unavailable");
      meters.upload("failed", bytes, clock.elapsed() - startedMs);
      meters.storeError(fault.code);
      if (OF_THE_PACK.has(fault.code)) this.#setAside(packId, fault);
      else this.#failed(fault, packId);
    }
  }

  /** Something is wrong with this pack alone: the others go on, and it is tried again at the next start. */
  #setAside(packId: string, { code, message }: Fault): void {
    this.#aside.add(packId);
    this.#parts.log.error("upload.set-aside", { pack: packId, code, message });
  }

  #failed(fault: Fault, packId: string): void {
    const { code, message } = fault;
    // Once per outage, not once per attempt.
    if (this.#fault?.code !== code)
      this.#parts.log.error("upload.failed", { pack: packId, code, message });
    this.#fault = fault;
    if (this.#closed || this.#waiting) return;
    this.#waiting = true;
    this.#retry.failed(() => {
      this.#waiting = false;
      this.wake();
    });
  }
}
