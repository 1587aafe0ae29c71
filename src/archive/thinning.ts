/**
 * Keeps the index small. Fragment lists of old packs leave it: the packs have them too, and ten years of lists would be most of a
 * database. What has grown loose in it is built anew.
 * Runs now and then, a bounded number at a time.
 */
import type { CancelTimer, Clock } from "../base/clock.ts";
import { asFault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FragmentIndex } from "./index/fragment-index.ts";

/** Lists of packs whose last fragment is older stay in the packs alone, ms: 30 days. */
export const THIN_AFTER_MS = 30 * 86_400_000;
const EVERY_MS = 3_600_000;
/** Of one transaction: others wait behind it. */
const BATCH = 500;

export interface ThinningParts {
  readonly index: Pick<FragmentIndex, "thin" | "tidy">;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Thinning {
  readonly #parts: ThinningParts;
  #cancel: CancelTimer = () => {};
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ThinningParts) {
    this.#parts = parts;
  }

  /** The first time after an hour. */
  start(): void {
    this.#cancel = this.#parts.clock.after(EVERY_MS, () => {
      this.#running = this.run().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** All that is due now. Never rejects: what fails is due the next time. */
  async run(): Promise<void> {
    const { index, clock, log } = this.#parts;
    try {
      while (!this.#stopped && (await index.thin(clock.now() - THIN_AFTER_MS, BATCH)) === BATCH);
      const done = this.#stopped ? [] : await index.tidy();
      if (done.length > 0) log.info("index.tidied", { indexes: done.join() });
    } catch (error) {
      const { code, message } = asFault(error, "index.unavailable");
      log.warn("index.not-thinned", { code, message });
    }
  }

  /** Resolves when none is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }
}
