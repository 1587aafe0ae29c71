/**
 * Events on their way into the index. Those of stored fragments go with the fragments' own transaction; all others wait here
 * until they are written, in order, tried for ever. The queue is bounded: when it is full (the index has been away for long)
 * new events are dropped, those that tell how it began are kept, and one `error` event says how many are missing.
 */
import { type EventSource, errorEvent, persistedEvent } from "../../archive/events.ts";
import type { HookRow, NewEvent } from "../../archive/index/index-events.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import type { EventIndex } from "./event-index.ts";
import type { EventMeters } from "./event-meters.ts";
import { hookFilter } from "./hook-filter.ts";

/** What is done in the index around an event. Each is done again after a failure, and after the event was written twice. */
export interface Around {
  before?(): Promise<unknown>;
  after?(): Promise<unknown>;
}

interface Waiting {
  readonly event: NewEvent;
  readonly around: Around;
}

export interface OutboxParts {
  readonly index: Pick<EventIndex, "commit" | "hooks">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: EventMeters;
  /** Called when events have been written. */
  written(): void;
  /** Events that wait at most. Default 10,000. */
  readonly maxWaiting?: number;
}

/** Events per transaction. */
const BATCH = 500;
const RETRY_MS = { first: 100, most: 5000 } as const;
/** How long the last events may take when the server stops. */
const CLOSE_MS = 2000;
/** Streams whose answer is remembered. */
const MAX_KNOWN = 10_000;

export class Outbox implements EventSource {
  readonly #parts: OutboxParts;
  readonly #maxWaiting: number;
  #waiting: Waiting[] = [];
  #dropped = 0;
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #filters: readonly ReturnType<typeof hookFilter>[] = [];
  /** By stream: whether some hook wants its fragments. */
  readonly #wanted = new Map<string, boolean>();

  private constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#maxWaiting = parts.maxWaiting ?? 10_000;
  }

  /** Reads who wants what; later changes are told by `hooksChanged`. Throws `index.unavailable`. */
  static async open(parts: OutboxParts): Promise<Outbox> {
    const outbox = new Outbox(parts);
    outbox.hooksChanged(await parts.index.hooks());
    return outbox;
  }

  /** How many wait to be written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** These are the hooks from now on. */
  hooksChanged(hooks: readonly HookRow[]): void {
    this.#filters = hooks.map(hookFilter);
    this.#wanted.clear();
  }

  forPersisted(stream: string, fragments: readonly StoredFragment[]): readonly NewEvent[] {
    if (this.#filters.length === 0 || !this.#wants(stream)) return [];
    const now = this.#parts.clock.now();
    return fragments.map((fragment) => persistedEvent(stream, fragment, now));
  }

  written(): void {
    this.#parts.written();
  }

  tell(event: NewEvent, around: Around = {}): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#dropped++;
      this.#parts.meters.eventsDropped(1);
      return;
    }
    this.#waiting.push({ event, around });
    this.#running ??= this.#run();
  }

  /** Resolves when all that was told is written or dropped. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Writes what waits, if that can be done soon. */
  async close(): Promise<void> {
    if (this.#running !== undefined) {
      const given = this.#parts.clock.after(CLOSE_MS, () => this.#stop.abort());
      await this.#running;
      given();
    }
    this.#stop.abort();
    const { length } = this.#waiting;
    if (length > 0) this.#parts.log.error("events.lost", { events: length });
  }

  #wants(stream: string): boolean {
    const known = this.#wanted.get(stream);
    if (known !== undefined) return known;
    const event = { type: "fragment.persisted", stream } as const;
    const wants = this.#filters.some((filter) => filter(event));
    if (this.#wanted.size >= MAX_KNOWN) this.#wanted.clear();
    this.#wanted.set(stream, wants);
    return wants;
  }

  async #run(): Promise<void> {
    // Events of one turn of the event loop share a transaction.
    await Promise.resolve();
    let retryMs: number = RETRY_MS.first;
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      if (await this.#writeSome()) retryMs = RETRY_MS.first;
      else {
        await sleep(this.#parts.clock, retryMs, this.#stop.signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS.most);
      }
    }
    this.#running = undefined;
  }

  async #writeSome(): Promise<boolean> {
    const { index, log, written } = this.#parts;
    const some = this.#waiting.slice(0, BATCH);
    try {
      for (const { around } of some) await around.before?.();
      await index.commit({ events: some.map(({ event }) => event) });
      for (const { around } of some) await around.after?.();
    } catch (error) {
      const { code, message } = asFault(error, "index.unavailable");
      log.warn("events.not-written", { code, message, waiting: this.#waiting.length });
      return false;
    }
    this.#waiting.splice(0, some.length);
    written();
    if (this.#dropped > 0) this.#tellDropped();
    return true;
  }

  #tellDropped(): void {
    const count = this.#dropped;
    this.#dropped = 0;
    const message = `the index was away for so long that ${count} events were dropped`;
    const atMs = this.#parts.clock.now();
    this.tell(errorEvent({ code: "events.dropped", message, atMs, detail: { count } }));
  }
}
