/**
 * Removes what retention does not keep, at intervals and on demand: per stream by age and by size, then over all streams
 * for space, then the objects of what is gone. One sweep at a time; several nodes may sweep at once without harm. A
 * sweep costs in proportion to what expires and to the number of streams, not to what is stored or held.
 * Durable steps: docs/design/retention.md.
 */
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { FragmentIndex, OldPack } from "../index/fragment-index.ts";
import type { HoldRow, RemovalCause, RemovedPacks } from "../index/index-ledger.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { ClockGuard } from "./clock-guard.ts";
import type { Collector } from "./collector.ts";
import { Forecaster } from "./forecast.ts";
import type { ReadLeases } from "./leases.ts";
import { type RemovedMedia, removedMedia } from "./removed.ts";
import { type SpaceState, sweepSpace } from "./space-sweep.ts";
import { StreamSweep } from "./stream-sweep.ts";

export interface SweeperParts {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly guard: ClockGuard;
  readonly collector: Collector;
  /** Between two sweeps, ms. */
  readonly intervalMs: number;
  /** Free bytes that are kept on the store's disk; 0: none. */
  readonly floorBytes: number;
  /** Packs per page and per transaction. */
  readonly batch: number;
  readonly leases: ReadLeases;
  /** Told of every removal when it is durable. */
  readonly removed: (media: RemovedMedia) => void;
}

/** A sweep that fails is tried again after up to this, ms. */
const LONGEST_WAIT_MS = 30 * 60_000;

export interface LastSweep {
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly packs: number;
  readonly bytes: number;
  /** Objects deleted, also of earlier sweeps. */
  readonly objects: number;
  /** What stopped it; it goes on at the next one. */
  readonly error?: string;
}

interface Tally {
  packs: number;
  bytes: number;
  objects: number;
}

export class Sweeper {
  readonly #parts: SweeperParts;
  readonly #streamSweep: StreamSweep;
  readonly #forecaster = new Forecaster();
  #timer: CancelTimer = () => {};
  #running: Promise<unknown> = Promise.resolve();
  #tally: Tally = { packs: 0, bytes: 0, objects: 0 };
  #removedBytes = 0;
  /** How often packs of a stream were passed over because they are read: they are looked at again at the next sweep. */
  readonly #delays = new Map<string, number>();
  #failures = 0;
  #stopped = false;
  #last: LastSweep | undefined;
  #space: SpaceState | undefined;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    const remove = this.#remove.bind(this);
    this.#streamSweep = new StreamSweep({ ...parts, remove });
  }

  /** The first sweep is an interval away. */
  start(): void {
    this.#arm(this.#parts.intervalMs);
  }

  /** Of all streams, or of one (then nothing else is done). Waits for a sweep that is under way. Rejects with what stopped it. */
  sweepNow(stream?: string): Promise<LastSweep> {
    const run = this.#running.then(() => this.#sweep(stream));
    this.#running = run.catch(() => {});
    return run;
  }

  /** Ends a sweep that is under way between two batches. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer();
    await this.#running;
  }

  get last(): LastSweep | undefined {
    return this.#last;
  }

  get space(): SpaceState | undefined {
    return this.#space;
  }

  get forecaster(): Forecaster {
    return this.#forecaster;
  }

  #arm(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(ms, () => void this.#round());
  }

  async #round(): Promise<void> {
    const { intervalMs, log } = this.#parts;
    try {
      await this.sweepNow();
      this.#failures = 0;
      this.#arm(intervalMs);
    } catch (error) {
      const wait = Math.min(
        Math.max(LONGEST_WAIT_MS, intervalMs),
        intervalMs * 2 ** this.#failures,
      );
      this.#failures++;
      const { code, message } = asFault(error);
      log.error("retention.failed", { code, message, againInMs: wait });
      this.#arm(wait);
    }
  }

  async #sweep(only: string | undefined): Promise<LastSweep> {
    const { clock, guard } = this.#parts;
    const startedMs = clock.now();
    this.#tally = { packs: 0, bytes: 0, objects: 0 };
    let failed: { error: unknown } | undefined;
    try {
      await guard.check();
      if (guard.suspicion === undefined) await this.#work(only);
    } catch (error) {
      failed = { error };
    }
    const { packs, bytes, objects } = this.#tally;
    const why = failed === undefined ? {} : { error: asFault(failed.error).message };
    this.#last = { startedMs, finishedMs: clock.now(), packs, bytes, objects, ...why };
    if (failed !== undefined) throw failed.error;
    return this.#last;
  }

  async #work(only: string | undefined): Promise<void> {
    const { index, guard, leases } = this.#parts;
    leases.expire();
    const stopped = () => this.#stopped;
    const streams = await this.#streams(only);
    const holds = Map.groupBy(await index.holds(only, guard.now()), (hold) => hold.stream);
    let failed: { error: unknown } | undefined;
    for (const stream of streams) {
      if (this.#stopped) return;
      const delays = this.#delays.get(stream.name) ?? 0;
      const holdKey = `${delays} ${keyOfHolds(holds.get(stream.name) ?? [])}`;
      const of = { stream, holdKey, misdated: guard.misdated, nowMs: guard.now(), stopped };
      try {
        await this.#streamSweep.sweep(of);
      } catch (error) {
        failed ??= { error };
        this.#streamFailed(stream.name, error);
      }
    }
    if (only === undefined) await this.#overAll(streams.map(({ name }) => name));
    if (failed !== undefined) throw failed.error;
  }

  /** One stream does not stop the others, unless there is nobody to ask. */
  #streamFailed(stream: string, error: unknown): void {
    const { code, message } = asFault(error);
    if (code === "index.unavailable") throw error;
    this.#parts.log.error("retention.stream-failed", { stream, code, message });
  }

  async #overAll(names: readonly string[]): Promise<void> {
    const { guard, collector } = this.#parts;
    const there = new Set(names);
    this.#streamSweep.keepOnly(there);
    for (const name of this.#delays.keys()) if (!there.has(name)) this.#delays.delete(name);
    await this.#makeRoom(names);
    this.#tally.objects = await collector.collect(guard.now(), () => this.#stopped);
  }

  async #streams(only: string | undefined): Promise<readonly StreamInfo[]> {
    if (only === undefined) return this.#parts.index.streams();
    const found = await this.#parts.index.stream(only);
    return found === undefined ? [] : [found];
  }

  async #makeRoom(names: readonly string[]): Promise<void> {
    const { index, clock } = this.#parts;
    const parts = {
      ...this.#parts,
      streamSweep: this.#streamSweep,
      remove: this.#remove.bind(this),
    };
    this.#space = await sweepSpace(parts, names, () => this.#stopped);
    if (!this.#forecaster.isDue(clock.elapsed())) return;
    let storedBytes = 0;
    for (const name of names) storedBytes += (await index.extent(name))?.bytes ?? 0;
    this.#forecaster.add({ atMs: clock.elapsed(), storedBytes, removedBytes: this.#removedBytes });
  }

  async #remove(
    stream: string,
    asked: readonly OldPack[],
    cause: RemovalCause,
  ): Promise<RemovedPacks> {
    const packs = asked.filter((pack) => !this.#parts.leases.covers(stream, pack));
    if (packs.length < asked.length) this.#delays.set(stream, (this.#delays.get(stream) ?? 0) + 1);
    if (packs.length === 0) return { packIds: [], bytes: 0 };
    const { index, guard, collector, log, removed } = this.#parts;
    const packIds = packs.map(({ packId }) => packId);
    const of = { stream, cause, who: "retention", atMs: guard.now() };
    const gone = await index.remove({ ...of, packIds });
    const media = removedMedia(of, packs, gone);
    if (media === undefined) return gone;
    const sizes = new Map(packs.map(({ packId, bytes }) => [packId, bytes]));
    for (const packId of gone.packIds) collector.removed(packId, sizes.get(packId) ?? 0);
    this.#tally.packs += media.packs;
    this.#tally.bytes += media.bytes;
    this.#removedBytes += media.bytes;
    log.info("retention.removed", { stream, cause, packs: media.packs, bytes: media.bytes });
    removed(media);
    return gone;
  }
}

function keyOfHolds(holds: readonly HoldRow[]): string {
  return holds
    .map(({ id }) => id)
    .sort()
    .join(" ");
}
