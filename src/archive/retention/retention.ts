/** Retention as the server sees it: the parts of this folder put together over an index and a store. */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { PackSummary, StreamInfo } from "../../fragment/fragment.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import type { AuditRow } from "../index/index-ledger.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { changeStream, type StreamPatch } from "./change-stream.ts";
import {
  ClockGuard,
  type ClockLimits,
  type ClockStateStore,
  type ClockSuspicion,
} from "./clock-guard.ts";
import { Collector, type LocalPacks } from "./collector.ts";
import { type Deleted, type DeleteRange, deleteRange } from "./delete-range.ts";
import { type Preview, preview } from "./dry-run.ts";
import type { Forecast } from "./forecast.ts";
import { checkWho, Holds } from "./holds.ts";
import { ReadLeases } from "./leases.ts";
import { checkRules, type RetentionRules } from "./policy.ts";
import { type RemovedMedia, removedMedia } from "./removed.ts";
import type { SpaceState } from "./space-sweep.ts";
import { type LastSweep, Sweeper } from "./sweeper.ts";

export interface RetentionOptions {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clockState: ClockStateStore;
  readonly local?: LocalPacks;
  /** Between two sweeps, ms. Default: a minute. */
  readonly intervalMs?: number;
  /** Objects stay this long after their rows have gone, ms. Default: a minute. */
  readonly graceMs?: number;
  /** Default 0: none. */
  readonly floorBytes?: number;
  /** Packs per page and per transaction. Default 500. */
  readonly batch?: number;
  readonly clockLimits?: Partial<ClockLimits>;
  /** Told of every removal when it is durable. Must not throw. */
  readonly removed?: (media: RemovedMedia) => void;
}

export interface RetentionState {
  readonly last?: LastSweep;
  /** Nothing is removed: why. */
  readonly paused?: ClockSuspicion;
  readonly space?: SpaceState & { readonly floorBytes: number };
  /** How often in a row objects could not be deleted. */
  readonly deleteFailures: number;
  readonly forecast?: Forecast;
}

export class Retention {
  readonly holds: Holds;
  readonly leases: ReadLeases;
  readonly sweeper: Sweeper;
  readonly #options: RetentionOptions;
  readonly #guard: ClockGuard;
  readonly #collector: Collector;
  readonly #floorBytes: number;

  private constructor(options: RetentionOptions, guard: ClockGuard) {
    const { index, clock, intervalMs = 60_000, graceMs = 60_000 } = options;
    const { floorBytes = 0, batch = 500 } = options;
    this.#options = options;
    this.#guard = guard;
    this.#floorBytes = floorBytes;
    this.holds = new Holds({ index, clock });
    this.leases = new ReadLeases({ clock });
    this.#collector = new Collector({ ...options, leases: this.leases, graceMs, batch });
    const collector = this.#collector;
    this.sweeper = new Sweeper({
      ...options,
      ...{ guard, collector, leases: this.leases, intervalMs, floorBytes, batch },
      removed: options.removed ?? (() => {}),
    });
  }

  /** Throws `index.unavailable`. Nothing runs before `start`. */
  static async open(options: RetentionOptions): Promise<Retention> {
    const { index, clock, log, clockState: store, clockLimits: limits } = options;
    let newestMs: number | undefined;
    for (const { name } of await index.streams()) {
      const received = (await index.extent(name))?.receivedLastMs;
      if (received !== undefined) newestMs = Math.max(newestMs ?? received, received);
    }
    const guard = await ClockGuard.open({ clock, store, log, newestMs, ...(limits && { limits }) });
    return new Retention(options, guard);
  }

  start(): void {
    this.sweeper.start();
  }

  stop(): Promise<void> {
    return this.sweeper.stop();
  }

  /** Throws `stream.not-found`, `request.bad`. */
  async preview(stream: string, change: Partial<RetentionRules>): Promise<Preview> {
    checkRules(change);
    const info = await this.#stream(stream);
    const rules = { ...info, ...change };
    const { misdated } = this.#guard;
    const nowMs = this.#options.clock.now();
    return preview({ index: this.#options.index, stream: info, rules, nowMs, misdated });
  }

  /** Throws `stream.not-found`, `stream.version-mismatch`, `request.bad`. What is too much now goes with the next sweep. */
  change(stream: string, patch: StreamPatch): Promise<StreamInfo> {
    return changeStream(this.#options, stream, patch);
  }

  /** Throws `stream.not-found`, `request.bad`. The clock does not matter: somebody wants it. */
  async deleteRange(asked: DeleteRange): Promise<Deleted> {
    const { index, clock } = this.#options;
    checkWho(asked.who);
    await this.#stream(asked.stream);
    const nowMs = clock.now();
    const remove = (packs: readonly PackSummary[]) => this.#removeByUser(asked, packs);
    return deleteRange({ index, nowMs, remove }, asked);
  }

  async #removeByUser(
    { stream, who, why }: DeleteRange,
    packs: readonly PackSummary[],
  ): Promise<ReadonlySet<string>> {
    const { index, clock } = this.#options;
    const packIds = packs.map(({ packId }) => packId);
    const atMs = clock.now();
    const removal = { stream, packIds, cause: "user", who, atMs } as const;
    const gone = await index.remove({ ...removal, ...(why === undefined ? {} : { detail: why }) });
    const ids = new Set(gone.packIds);
    for (const { packId, bytes } of packs)
      if (ids.has(packId)) this.#collector.removed(packId, bytes);
    const media = removedMedia(removal, packs, gone);
    if (media !== undefined) this.#options.removed?.(media);
    return ids;
  }

  async state(): Promise<RetentionState> {
    const { last, space, forecaster } = this.sweeper;
    const paused = this.#guard.suspicion;
    const free = (await this.#options.store.space())?.free;
    const forecast = forecaster.forecast(
      free === undefined ? undefined : Math.max(0, free - this.#floorBytes),
    );
    return {
      ...(last === undefined ? {} : { last }),
      ...(paused === undefined ? {} : { paused }),
      ...(space === undefined ? {} : { space: { ...space, floorBytes: this.#floorBytes } }),
      deleteFailures: this.#collector.failures,
      ...(forecast === undefined ? {} : { forecast }),
    };
  }

  /** An operator says that the clock is right. Throws `request.bad`. */
  async confirmClock(who: string): Promise<void> {
    checkWho(who);
    const { index, clock } = this.#options;
    const before = this.#guard.suspicion;
    await this.#guard.confirm();
    const detail = before === undefined ? {} : { detail: before.reason };
    const row = { atMs: clock.now(), action: "clock-confirmed", stream: "", who, ...detail };
    await index.addAudit(row);
  }

  /** Newest first; `beforeId` continues. */
  audit(query: {
    stream?: string;
    beforeId?: number;
    limit: number;
  }): Promise<readonly AuditRow[]> {
    return this.#options.index.audit(query);
  }

  async #stream(name: string): Promise<StreamInfo> {
    const info = await this.#options.index.stream(name);
    if (info === undefined) throw new Fault("stream.not-found", `there is no stream ${name}`);
    return info;
  }
}
