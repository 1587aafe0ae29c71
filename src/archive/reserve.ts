/**
 * A file that only takes room: let go when the disk is full, so that the index can still be written, and with it media
 * removed. Its blocks are written, not left sparse.
 */
import { asFault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Files } from "./files.ts";

const PIECE = new Uint8Array(1 << 20);

export class Reserve {
  readonly #files: Files;
  readonly #path: string;
  readonly #bytes: number;
  readonly #log: Logger;
  #work: Promise<void> = Promise.resolve();

  constructor({
    files,
    path,
    bytes,
    log,
  }: { files: Files; path: string; bytes: number; log: Logger }) {
    this.#files = files;
    this.#path = path;
    this.#bytes = bytes;
    this.#log = log;
  }

  /** Makes the file when it is not there or too short. A disk without room for it is logged. */
  hold(): void {
    this.#then(() => this.#make());
  }

  release(): void {
    this.#then(() => this.#files.remove(this.#path));
  }

  async idle(): Promise<void> {
    await this.#work;
  }

  #then(run: () => Promise<void>): void {
    this.#work = this.#work.then(run).catch((error) => {
      const { code, message } = asFault(error, "store.unavailable");
      this.#log.warn("reserve.failed", { code, message });
    });
  }

  async #make(): Promise<void> {
    if (this.#bytes === 0) return;
    const there = await this.#files.exists(this.#path);
    const file = await this.#files.open(this.#path, there ? "change" : "create");
    try {
      for (let at = await file.size(); at < this.#bytes; at += PIECE.length)
        await file.write([PIECE.subarray(0, this.#bytes - at)], at);
      await file.sync();
    } catch (error) {
      await file.close().catch(() => {});
      await this.#files.remove(this.#path);
      throw error;
    }
    await file.close();
  }
}
