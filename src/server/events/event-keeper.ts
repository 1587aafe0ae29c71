/**
 * How long events stay. A hook that is too far behind loses the oldest, and that is told; what every hook has been told stays
 * for a day, for those who poll, unless there is very much of it.
 */
import { errorEvent } from "../../archive/events.ts";
import type { HookRow, NewEvent } from "../../archive/index/index-events.ts";
import { type CancelTimer, type Clock, isoTime } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { EventIndex } from "./event-index.ts";
import type { EventMeters } from "./event-meters.ts";

export interface KeepLimits {
  /** A hook may be this far behind. Default 7 days. */
  readonly maxLagMs: number;
  /** And this many numbers of events (a number may have been left out). Default 1,000,000. */
  readonly maxLagEvents: number;
  /** Told to every hook, an event stays this long. Default 1 day. */
  readonly keptMs: number;
  /** But no more than so many of them. Default 100,000. */
  readonly keptEvents: number;
}

export const KEEP_LIMITS: KeepLimits = {
  maxLagMs: 7 * 86_400_000,
  maxLagEvents: 1_000_000,
  keptMs: 86_400_000,
  keptEvents: 100_000,
};

export interface KeeperParts {
  readonly index: EventIndex;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: EventMeters;
  readonly limits?: Partial<KeepLimits>;
  tell(event: NewEvent): void;
}

const PURGE_EVERY_MS = 60_000;
/** Rows per transaction. */
const PURGE_ROWS = 5000;

export class EventKeeper {
  readonly #parts: KeeperParts;
  readonly #limits: KeepLimits;
  #timer: CancelTimer = () => {};
  #purging: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#limits = { ...KEEP_LIMITS, ...parts.limits };
  }

  /** Purges once a minute from now on. */
  start(): void {
    this.#timer = this.#parts.clock.after(PURGE_EVERY_MS, () => {
      this.#purging = this.purge()
        .catch((error) => {
          const { code, message } = asFault(error, "index.unavailable");
          this.#parts.log.warn("events.not-purged", { code, message });
        })
        .then(() => {
          if (!this.#closed) this.start();
        });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer();
    await this.#purging;
  }

  /** Where this hook is to go on: `at`, or further on when that is too far behind. Durable when it resolves. */
  async catchUp(hook: HookRow, at: number): Promise<number> {
    const { index, clock, log, meters, tell } = this.#parts;
    const [oldest] = await index.events(at, 1);
    if (oldest === undefined) return at;
    const nowMs = clock.now();
    const last = await index.lastEventId();
    const bound = last - this.#limits.maxLagEvents;
    const late = oldest.atMs < nowMs - this.#limits.maxLagMs;
    if (oldest.id > bound && !late) return at;
    const byAge = late ? await this.#lastBefore(nowMs - this.#limits.maxLagMs, at, last) : 0;
    const to = Math.max(at, bound, byAge);
    await index.moveHook(hook.id, to);
    const skipped = to - oldest.id + 1;
    meters.hookSkipped(hook.id, skipped);
    log.error("hook.skipped", { hook: hook.id, from: oldest.id, to });
    tell(
      errorEvent({
        code: "hook.behind",
        message: `hook ${hook.id} was too far behind: events since ${isoTime(oldest.atMs)} up to number ${to} are not delivered to it`,
        atMs: nowMs,
        detail: { hook: hook.id, fromId: oldest.id, toId: to },
      }),
    );
    return to;
  }

  /** Takes away what nobody needs. Throws `index.unavailable`. */
  async purge(): Promise<void> {
    const { index, clock } = this.#parts;
    const last = await index.lastEventId();
    if (last === 0) return;
    const old = await this.#lastBefore(clock.now() - this.#limits.keptMs, 0, last);
    const places = (await index.hooks()).map(({ deliveredId }) => deliveredId);
    const upTo = Math.min(Math.max(old, last - this.#limits.keptEvents), ...places);
    if (upTo <= 0) return;
    while (!this.#closed && (await index.purgeEvents(upTo, PURGE_ROWS)) > 0);
  }

  /** The highest id of (from, to] of which all events up to it happened before then; about 20 queries of one row. */
  async #lastBefore(beforeMs: number, from: number, to: number): Promise<number> {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [row] = await this.#parts.index.events(middle, 1);
      if (row === undefined || row.id > high) high = middle;
      else if (row.atMs < beforeMs) low = row.id;
      else high = middle;
    }
    return low;
  }
}
