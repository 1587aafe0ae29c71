/** Whether the store is this archive's, asked until it has said so once. A store that is away is asked before the first upload. */
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";

export class StoreClaim {
  readonly #claim: ((uuid: string) => Promise<void>) | undefined;
  readonly #uuid: string;
  #checking: Promise<void> | undefined;

  /** Without `claim` there is nothing to ask. */
  constructor(claim: ((uuid: string) => Promise<void>) | undefined, uuid: string) {
    this.#claim = claim;
    this.#uuid = uuid;
  }

  /** Throws `config.bad`. */
  async atStart(log: Logger): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      const { code, message } = asFault(error);
      if (code !== "store.unavailable") throw error;
      log.warn("store.not-claimed", { message });
    }
  }

  /** Throws `config.bad`, `store.unavailable`. */
  async check(): Promise<void> {
    if (this.#claim === undefined) return;
    this.#checking ??= this.#claim(this.#uuid);
    try {
      await this.#checking;
    } catch (error) {
      this.#checking = undefined;
      throw error;
    }
  }
}
