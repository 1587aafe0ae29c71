/**
 * What came and could not be stored, written down as gaps as soon as the index takes them, whether media comes again or not
 * (P4). Of one stream. Kept in memory until then, and tried again for ever.
 */
import type { Clock } from "../base/clock.ts";
import { asFault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import { micros } from "../base/units.ts";
import { gapEvent } from "./events.ts";
import type { FragmentIndex } from "./index/fragment-index.ts";
import type { GapCause, NewGap } from "./index/index-ledger.ts";
import { BACK_OFF, type BackOffLimits, Retry } from "./retry.ts";

export interface RefusedSpansParts {
  readonly stream: string;
  readonly index: Pick<FragmentIndex, "commit">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: Meters;
  readonly backOff?: BackOffLimits;
}

/** Of more, the last ones are joined: they say a little too much then, and not too little. */
export const MAX_REFUSED = 100;

interface Refused {
  readonly startUs: number;
  readonly endUs: number;
  readonly cause: GapCause;
  readonly detail: string;
}

export class RefusedSpans {
  readonly #parts: RefusedSpansParts;
  readonly #retry: Retry;
  #waiting: NewGap[] = [];
  #writing: Promise<void> | undefined;
  #failing = false;
  #closed = false;

  constructor(parts: RefusedSpansParts) {
    this.#parts = parts;
    this.#retry = new Retry(parts.clock, parts.backOff ?? BACK_OFF);
  }

  add(refused: readonly Refused[]): void {
    const { stream, clock } = this.#parts;
    for (const { startUs, endUs, cause, detail } of refused) {
      if (startUs >= endUs) continue;
      const recordedMs = clock.now();
      const gap = { stream, startUs: micros(startUs), endUs: micros(endUs), cause, detail };
      this.#join({ ...gap, recordedMs });
    }
    // What waits for the index is tried when it is due.
    if (!this.#failing) void this.write();
  }

  /** Resolves when it has been tried. Never rejects. */
  async write(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  /** Tries once more; then nothing is tried again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry.stop();
    await this.write();
  }

  /** Those that touch are one; of too many the last ones are, too. */
  #join(gap: NewGap): void {
    const last = this.#waiting.at(-1);
    const touches =
      last !== undefined &&
      last.cause === gap.cause &&
      gap.startUs <= last.endUs &&
      gap.endUs >= last.startUs;
    if (last === undefined || (!touches && this.#waiting.length < MAX_REFUSED)) {
      this.#waiting.push(gap);
      return;
    }
    const startUs = micros(Math.min(last.startUs, gap.startUs));
    const endUs = micros(Math.max(last.endUs, gap.endUs));
    this.#waiting[this.#waiting.length - 1] = { ...gap, cause: last.cause, startUs, endUs };
  }

  async #write(): Promise<void> {
    const { index, meters, log } = this.#parts;
    const gaps = this.#waiting;
    this.#waiting = [];
    try {
      await index.commit({ gaps, events: gaps.map(gapEvent) });
      for (const { cause, startUs, endUs } of gaps) meters.gap(cause, endUs - startUs);
      this.#failing = false;
      this.#retry.worked();
    } catch (error) {
      const since = this.#waiting;
      this.#waiting = [...gaps];
      for (const gap of since) this.#join(gap);
      const { code, message } = asFault(error, "index.unavailable");
      if (!this.#failing) log.error("gap.not-written", { code, message });
      this.#failing = true;
      if (!this.#closed) this.#retry.failed(() => void this.write());
    }
  }
}
