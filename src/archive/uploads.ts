/**
 * Sealed packs on their way from the spool to a remote object store. The job is the index row (sealed, not archived): it
 * survives everything and is tried for ever. Order: object verified, row archived, local file removed
 * (docs/design/write-order.md). While the store fails, one attempt at a time probes it, each with another pack; a pack that
 * fails alone is put aside.
 */
import type { Clock } from "../base/clock.ts";
import { asFault, type Fault, type FaultCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import type { Millis } from "../base/units.ts";
import { Aside } from "./aside.ts";
import { type EventSource, errorEvent } from "./events.ts";
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
  "store.unreadable",
]);
/** As many cannot be bad one by one: something is wrong with the disk, and it is waited for as for the store. */
const MAX_ASIDE = 1000;

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
  readonly events: Pick<EventSource, "tell">;
  /** Throws `store.unavailable`, `config.bad` when the data folder or the store is not ours. */
  checkPlaces(): Promise<void>;
  /** The pack is verified in the store and the index says so. */
  archived(row: PackRow): void;
}

/** What waits in the spool. */
export interface SpoolState {
  readonly packs: number;
  readonly bytes: number;
  /** When the last fragment of the oldest arrived. */
  readonly oldestMs: Millis | undefined;
  /** Packs that cannot be sent although the store works: see the log. They are among `packs`. */
  readonly aside: number;
  /** As `oldestMs`, of these. */
  readonly oldestAsideMs: Millis | undefined;
  /** Why the last attempt failed; undefined when it did not. */
  readonly fault: Fault | undefined;
}

export class Uploads {
  readonly #parts: UploadsParts;
  readonly #retry: Retry;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #aside: Aside;
  /** By pack: how many had been sent when it failed first. */
  readonly #failedAt = new Map<string, number>();
  #sent = 0;
  #running: Promise<void> | undefined;
  #woken = false;
  #waiting = false;
  #closed = false;
  #fault: Fault | undefined;
  #bytes = 0;

  constructor(parts: UploadsParts) {
    this.#parts = parts;
    this.#retry = new Retry(parts.clock, parts.backOff);
    this.#aside = new Aside(parts.clock, parts.backOff);
  }

  /** Bytes in the spool, as last counted and changed since. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packs that cannot be sent although the store works. */
  get aside(): number {
    return this.#aside.size;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async state(): Promise<SpoolState> {
    const sum = await this.#parts.index.unarchivedSum(this.#parts.node);
    this.#bytes = sum.bytes;
    const { size: aside, oldestMs: oldestAsideMs } = this.#aside;
    return { ...sum, aside, oldestAsideMs, fault: this.#fault };
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
      if (!this.#closed) this.#aside.wake(() => this.wake());
      if (this.#woken) this.wake();
    });
  }

  /** Takes no more and waits for what is under way. The rest goes on at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    this.#aside.stop();
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
    while (!this.#closed && !this.#waiting) {
      this.#woken = false;
      const fresh = await this.#fresh();
      if (fresh === undefined) return;
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

  /** Those to be tried now, oldest first, but after those that have not failed. Undefined: the index is away. */
  async #fresh(): Promise<readonly PackRow[] | undefined> {
    const { index, node } = this.#parts;
    const limit = PAGE + this.#aside.size;
    let rows: readonly PackRow[];
    try {
      rows = await index.unarchived(node, limit);
    } catch (error) {
      this.#failed(asFault(error, "index.unavailable"), undefined);
      return undefined;
    }
    if (rows.length < limit) this.#keepOnly(rows);
    const free = rows.filter(
      ({ packId }) => !this.#underWay.has(packId) && !this.#aside.waits(packId),
    );
    const failed = ({ packId }: PackRow) => this.#failedAt.has(packId) || this.#aside.has(packId);
    return [...free.filter((row) => !failed(row)), ...free.filter(failed)];
  }

  /** Forgets packs that have been removed meanwhile. */
  #keepOnly(rows: readonly PackRow[]): void {
    const there = new Set(rows.map(({ packId }) => packId));
    this.#aside.keepOnly(there);
    for (const packId of this.#failedAt.keys())
      if (!there.has(packId)) this.#failedAt.delete(packId);
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
      await this.#parts.checkPlaces();
      await store.put(objectKey(packId), places.path(packId, "spool"), bytes);
      meters.upload("ok", bytes, clock.elapsed() - startedMs);
      const [there] = await index.archived([packId]);
      // The stream was deleted meanwhile: its garbage may have been removed before the object was there.
      if (there === undefined) await store.delete([objectKey(packId)]);
      if (there === undefined) await places.removeLocal(packId);
      else await places.letGo(packId, bytes);
      this.#bytes = Math.max(0, this.#bytes - bytes);
      this.#worked(packId);
      if (there !== undefined) archived({ ...row, archived: true });
    } catch (error) {
      const fault = asFault(error, "store.unavailable");
      meters.upload("failed", bytes, clock.elapsed() - startedMs);
      meters.storeError(fault.code);
      if (this.#isOfThePack(packId, fault)) this.#setAside(row, fault);
      else this.#failed(fault, packId);
    }
  }

  #worked(packId: string): void {
    this.#sent++;
    this.#failedAt.delete(packId);
    if (this.#aside.has(packId)) this.#parts.log.warn("upload.aside-sent", { pack: packId });
    this.#aside.delete(packId);
    this.#fault = undefined;
    this.#retry.worked();
    this.#waiting = false;
  }

  /** By what went wrong, or because it fails again although others have been sent since. */
  #isOfThePack(packId: string, { code }: Fault): boolean {
    if (this.#aside.size >= MAX_ASIDE && !this.#aside.has(packId)) return false;
    const before = this.#failedAt.get(packId);
    return OF_THE_PACK.has(code) || (before !== undefined && before < this.#sent);
  }

  /** The others go on, and this one is tried again on its own. */
  #setAside(row: PackRow, { code, message }: Fault): void {
    const { log, clock, events } = this.#parts;
    const { packId, stream } = row;
    if (!this.#aside.add(row)) return;
    log.error("upload.set-aside", { pack: packId, code, message });
    const about = { stream, code: "upload.set-aside", message, atMs: clock.now() };
    events.tell(errorEvent({ ...about, detail: { pack: packId, fault: code } }));
  }

  #failed(fault: Fault, packId: string | undefined): void {
    const { code, message } = fault;
    // Once per outage, not once per attempt.
    if (this.#fault?.code !== code)
      this.#parts.log.error("upload.failed", { pack: packId ?? "", code, message });
    if (packId !== undefined && !this.#failedAt.has(packId)) this.#failedAt.set(packId, this.#sent);
    this.#fault = fault;
    if (this.#closed || this.#waiting) return;
    this.#waiting = true;
    this.#retry.failed(() => {
      this.#waiting = false;
      this.wake();
    });
  }
}
