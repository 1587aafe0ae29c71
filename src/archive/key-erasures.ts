/**
 * Keys of deleted streams that are still to be erased. Each is a record of the index, written in the transaction that deletes
 * the stream and removed when the key is gone; until then no stream of that name is made, because its media would be
 * encrypted with the key that goes (docs/design/write-order.md). Of several nodes one at a time works on a record.
 */
import type { Clock } from "../base/clock.ts";
import { asFault, Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type EventSource, errorEvent } from "./events.ts";
import type { FragmentIndex } from "./index/fragment-index.ts";
import { ERASE_KEY, type RecordRow } from "./index/index-records.ts";
import { type BackOffLimits, Retry } from "./retry.ts";

export interface KeyErasuresParts {
  readonly index: FragmentIndex;
  /** This node's name: one process at a time has it. */
  readonly node: string;
  /** Fine when it was done before. */
  readonly erase: (stream: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: Pick<EventSource, "tell">;
  readonly backOff: BackOffLimits;
}

const PAGE = 100;
/** A record is one node's for so long, on the index's clock, ms: longer than any request to a store can hang. */
const CLAIM_MS = 5 * 60_000;

interface Claim {
  readonly by?: string;
  readonly untilMs?: number;
}

export class KeyErasures {
  readonly #parts: KeyErasuresParts;
  readonly #retry: Retry;
  #chain: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(parts: KeyErasuresParts) {
    this.#parts = parts;
    this.#retry = new Retry(parts.clock, parts.backOff);
  }

  /** Erases what waits; what fails is tried again later, for ever. Never rejects. */
  run(): Promise<void> {
    this.#chain = this.#chain.then(() => this.#run());
    return this.#chain;
  }

  /** Resolves when all that was asked has been tried. */
  async idle(): Promise<void> {
    await this.#chain;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    await this.#chain;
  }

  async #run(): Promise<void> {
    if (this.#closed) return;
    try {
      const left = await this.#all();
      this.#failing = false;
      if (left === 0) this.#retry.worked();
      else this.#again();
    } catch (error) {
      this.#failed(asFault(error, "store.unavailable"));
    }
  }

  /** How many another process has under its hands. */
  async #all(): Promise<number> {
    const { index } = this.#parts;
    let left = 0;
    for (let after = ""; !this.#closed; ) {
      const page = await index.records(ERASE_KEY, after, PAGE);
      for (const record of page) if (!(await this.#one(record))) left++;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.id;
    }
    return left;
  }

  /** Order: claim, key, record. False: it is another process's. */
  async #one({ id, kind, body, version }: RecordRow): Promise<boolean> {
    const { index, erase, node } = this.#parts;
    const nowMs = await index.now();
    const { by, untilMs = 0 } = JSON.parse(body) as Claim;
    if (by !== undefined && by !== node && untilMs > nowMs) return false;
    const claim: Claim = { by: node, untilMs: nowMs + CLAIM_MS };
    try {
      await index.putRecord({ kind, id, body: JSON.stringify(claim) }, version);
    } catch (error) {
      if (error instanceof Fault && error.code === "record.conflict") return false;
      throw error;
    }
    await erase(id);
    await index.deleteRecord(kind, id);
    return true;
  }

  #failed({ code, message }: Fault): void {
    const { log, clock, events } = this.#parts;
    // Once per outage.
    if (!this.#failing) {
      log.error("stream.key-not-erased", { code, message });
      const about = { code: "stream.key-not-erased", message, atMs: clock.now() };
      events.tell(errorEvent({ ...about, detail: { fault: code } }));
    }
    this.#failing = true;
    this.#again();
  }

  #again(): void {
    if (!this.#closed) this.#retry.failed(() => void this.run());
  }
}
