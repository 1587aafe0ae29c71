/**
 * Delivery to one hook: in order, at least once, from its place in the events on, for ever. A batch is made once and sent
 * until some 2xx answers; only then the place moves, durably. So a lost answer or a crash means the same events again.
 *
 * Of several nodes on one index the one that holds the lease `hook:<id>` delivers. A node that was frozen past its lease may
 * send a batch that another one also sends; each of them sends in order.
 */
import type { EventRow, HookRow } from "../../archive/index/index-events.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { EventHead } from "./event-head.ts";
import type { EventIndex } from "./event-index.ts";
import type { EventMeters } from "./event-meters.ts";
import { eventView } from "./event-view.ts";
import { hookFilter } from "./hook-filter.ts";
import type { Poster } from "./hook-request.ts";

export interface SenderParts {
  readonly index: EventIndex;
  readonly head: EventHead;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: EventMeters;
  /** Names this process among those on the index. */
  readonly node: string;
  /** From 0 up to 1. */
  random(): number;
  /** Brings a place that is too far behind forward; returns where it is then. */
  catchUp(hook: HookRow, deliveredId: number): Promise<number>;
}

/** As `GET /v1/hooks` shows it. */
export interface SenderStatus {
  /** `elsewhere`: another node delivers it. */
  readonly state: "idle" | "sending" | "retrying" | "elsewhere";
  readonly deliveredId: number;
  /** Tries of the batch at hand that failed. */
  readonly failures: number;
  readonly lastError?: string;
  readonly lastDeliveredMs?: number;
}

interface Batch {
  readonly delivery: string;
  readonly body: string;
  readonly first: EventRow;
  /** Where the place is once it is delivered. */
  readonly upTo: number;
}

/** Events and characters per POST. One event is sent whatever its size. */
const BATCH_EVENTS = 100;
const BATCH_CHARS = 256 << 10;
/** Events looked at per query. */
const PAGE = 500;
const LEASE_MS = 30_000;
const BACK_OFF = { first: 1000, most: 300_000 } as const;
/** After trouble with the index. */
const INDEX_RETRY_MS = 1000;
/** A place that moves only because events are not for this hook is written down after so many, or so long. */
const MOVE_EVERY = { events: 1000, ms: 60_000 } as const;

export class HookSender {
  readonly hook: HookRow;
  readonly #parts: SenderParts;
  readonly #filter: ReturnType<typeof hookFilter>;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #at: number;
  /** Of the place, as it is in the index. */
  #writtenAt: number;
  #writtenMs: number;
  #state: SenderStatus["state"] = "idle";
  #failures = 0;
  #lastError: string | undefined;
  #lastDeliveredMs: number | undefined;
  /** The lease is ours before this, on our own `elapsed` clock. */
  #leaseEndsMs = Number.NEGATIVE_INFINITY;
  #epoch: number | undefined;

  constructor(hook: HookRow, parts: SenderParts) {
    this.hook = hook;
    this.#parts = parts;
    this.#filter = hookFilter(hook);
    this.#at = hook.deliveredId;
    this.#writtenAt = hook.deliveredId;
    this.#writtenMs = parts.clock.elapsed();
    this.#done = this.#run();
  }

  get status(): SenderStatus {
    const [lastError, lastDeliveredMs] = [this.#lastError, this.#lastDeliveredMs];
    return {
      state: this.#state,
      deliveredId: this.#at,
      failures: this.#failures,
      ...(lastError === undefined ? {} : { lastError }),
      ...(lastDeliveredMs === undefined ? {} : { lastDeliveredMs }),
    };
  }

  /** Breaks off a delivery under way. Resolves when nothing more will be sent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    const { index, node } = this.#parts;
    if (this.#epoch === undefined) return;
    if (this.#at > this.#writtenAt) await index.moveHook(this.hook.id, this.#at).catch(() => {});
    await index.freeLease(leaseName(this.hook.id), node, this.#epoch).catch(() => {});
  }

  async #run(): Promise<void> {
    const { head, log, clock } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        // Its place is known for sure only to who has the lease.
        if (this.#epoch === undefined && !(await this.#owns())) continue;
        await head.after(this.#at, signal);
        if (signal.aborted || !(await this.#owns())) continue;
        this.#at = await this.#parts.catchUp(this.hook, this.#at);
        const batch = await this.#next();
        if (batch === undefined) await this.#pass();
        else await this.#deliver(batch);
      } catch (error) {
        const { code, message } = asFault(error, "index.unavailable");
        log.warn("hook.index", { hook: this.hook.id, code, message });
        await sleep(clock, INDEX_RETRY_MS, signal);
      }
    }
  }

  /** Whether this node delivers. If not, waits until it may ask again. */
  async #owns(): Promise<boolean> {
    const { index, clock, node } = this.#parts;
    const began = clock.elapsed();
    if (began < this.#leaseEndsMs - LEASE_MS / 2) return true;
    const nowMs = await index.now();
    const stream = leaseName(this.hook.id);
    const lease = await index.takeLease({ stream, node, ttlMs: LEASE_MS }, nowMs);
    if (lease.node !== node) {
      this.#state = "elsewhere";
      this.#epoch = undefined;
      await sleep(clock, Math.max(1000, lease.untilMs - nowMs), this.#stop.signal);
      return false;
    }
    // Somebody else may have delivered since: the place is what the index says.
    if (this.#epoch !== lease.epoch) await this.#reload();
    this.#epoch = lease.epoch;
    this.#leaseEndsMs = began + LEASE_MS;
    if (this.#state === "elsewhere") this.#state = "idle";
    return true;
  }

  async #reload(): Promise<void> {
    const { index } = this.#parts;
    const found = (await index.hooks()).find(({ id }) => id === this.hook.id);
    if (found === undefined) return;
    // A hook that came with an import has a place of another index: it begins with what happens now.
    const last = await index.lastEventId();
    if (found.deliveredId > last) await index.putHook({ ...found, deliveredId: last });
    this.#at = Math.min(found.deliveredId, last);
    this.#writtenAt = this.#at;
  }

  /** The next events for this hook; undefined when a whole page had none, or there are no more. */
  async #next(): Promise<Batch | undefined> {
    // Read before the events: what is written from here on must not be passed over.
    const last = this.#parts.head.id;
    const rows = await this.#parts.index.events(this.#at, PAGE);
    const views: string[] = [];
    let first: EventRow | undefined;
    let chars = 0;
    let upTo = this.#at;
    for (const row of rows) {
      if (this.#filter(row)) {
        if (views.length >= BATCH_EVENTS || (views.length > 0 && chars >= BATCH_CHARS)) break;
        const text = JSON.stringify(eventView(row));
        views.push(text);
        chars += text.length;
        first ??= row;
      }
      upTo = row.id;
    }
    if (first === undefined) {
      // The head may be known of events that have been purged: then there is nothing up to it.
      this.#at = rows.length > 0 ? upTo : Math.max(this.#at, last);
      return undefined;
    }
    const delivery = `${this.hook.id}-${first.id}-${upTo}`;
    const body = deliveryBody(this.hook.id, delivery, views);
    return { delivery, body, first, upTo };
  }

  /** Nothing was for this hook. */
  async #pass(): Promise<void> {
    const waitedMs = this.#parts.clock.elapsed() - this.#writtenMs;
    if (this.#at - this.#writtenAt >= MOVE_EVERY.events || waitedMs >= MOVE_EVERY.ms)
      await this.#move();
    this.#meter(0);
  }

  async #deliver(batch: Batch): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    this.#failures = 0;
    while (!signal.aborted) {
      if (!(await this.#owns())) return;
      if (await this.#try(batch)) {
        this.#at = batch.upTo;
        this.#state = "idle";
        this.#failures = 0;
        this.#lastError = undefined;
        this.#lastDeliveredMs = clock.now();
        await this.#move();
        this.#meter(0);
        return;
      }
      if (signal.aborted) return;
      this.#failures++;
      this.#state = "retrying";
      this.#meter(clock.now() - batch.first.atMs);
      await sleep(clock, this.#backOff(), signal);
      const at = await this.#parts.catchUp(this.hook, this.#at);
      if (at > this.#at) {
        this.#at = at;
        this.#state = "idle";
        return;
      }
    }
  }

  async #try({ delivery, body }: Batch): Promise<boolean> {
    const { poster, log, meters } = this.#parts;
    const { id: hook, url, secret } = this.hook;
    const { signal } = this.#stop;
    this.#state = "sending";
    try {
      const { status } = await poster.post({ url, secret, delivery, body, signal });
      if (status >= 200 && status < 300) {
        meters.hookTried(hook, "ok");
        return true;
      }
      this.#lastError = `it answered ${status}`;
    } catch (error) {
      if (signal.aborted) return false;
      this.#lastError = (error as Error).message;
    }
    meters.hookTried(hook, "failed");
    log.warn("hook.failed", { hook, delivery, message: this.#lastError });
    return false;
  }

  /** Durable when it resolves; tried until then, so that what was delivered is not sent again for no reason. */
  async #move(): Promise<void> {
    const { index, clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      try {
        await index.moveHook(this.hook.id, this.#at);
        this.#writtenAt = this.#at;
        this.#writtenMs = clock.elapsed();
        return;
      } catch (error) {
        const fault = asFault(error, "index.unavailable");
        if (fault.code === "hook.not-found") return this.#stop.abort();
        log.warn("hook.not-moved", { hook: this.hook.id, message: fault.message });
        await sleep(clock, INDEX_RETRY_MS, this.#stop.signal);
      }
    }
  }

  /** 1 s, doubled with every failure up to 5 min, of which a random half is taken away. */
  #backOff(): number {
    const full = Math.min(BACK_OFF.first * 2 ** (this.#failures - 1), BACK_OFF.most);
    return full * (1 - this.#parts.random() / 2);
  }

  #meter(ageMs: number): void {
    const events = Math.max(0, this.#parts.head.id - this.#at);
    this.#parts.meters.hookLag(this.hook.id, events, Math.max(0, ageMs) / 1000);
  }
}

/** The body of a delivery; `events` are JSON texts. */
export function deliveryBody(hook: string, delivery: string, events: readonly string[]): string {
  const [hookText, deliveryText] = [JSON.stringify(hook), JSON.stringify(delivery)];
  return `{"hook":${hookText},"delivery":${deliveryText},"events":[${events.join(",")}]}`;
}

/** Not the name of a stream: those have no colon. */
function leaseName(hook: string): string {
  return `hook:${hook}`;
}
