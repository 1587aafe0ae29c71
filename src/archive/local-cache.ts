/**
 * Packs that are in the remote store and stay on the local disk too, for reads that need no store: the last used ones, within
 * a bound. They may go at any time: the room they take counts as free.
 */
import { join } from "node:path";
import type { CancelTimer, Clock } from "../base/clock.ts";
import { asFault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Files } from "./files.ts";
import { localName, packIdOf } from "./pack-id.ts";

export interface LocalCacheParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dir: string;
  /** 0: none are kept, and those of an earlier setting go. */
  readonly maxBytes: number;
  /** Whether the archive still has it: another node may have removed it. */
  exists(packId: string): Promise<boolean>;
}

const TIDY_MS = 3_600_000;

export class LocalCache {
  readonly #parts: LocalCacheParts;
  /** Bytes by pack, the longest unused first. */
  readonly #packs = new Map<string, number>();
  #bytes = 0;
  #timer: CancelTimer = () => {};
  #tidying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: LocalCacheParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Finds what an earlier process kept. Trouble with the folder is logged, and nothing is kept then. */
  async open(): Promise<void> {
    const { files, dir, maxBytes, log } = this.#parts;
    try {
      if (maxBytes > 0) await files.makeDir(dir);
      const names = (await files.entries(dir)).map(({ name }) => name);
      const found = names.flatMap((name) => packIdOf(name) ?? []).sort(byAge);
      for (const packId of found) {
        const bytes = await files.size(this.path(packId));
        if (bytes !== undefined) this.#set(packId, bytes);
      }
      await this.#shrinkTo(maxBytes);
    } catch (error) {
      const { code, message } = asFault(error, "store.unavailable");
      log.warn("cache.not-read", { code, message });
    }
  }

  /** Looks now and then whether what is kept is still wanted. */
  start(): void {
    this.#tidying = this.#tidying.then(() => this.#tidy());
    this.#timer = this.#parts.clock.after(TIDY_MS, () => this.start());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer();
    await this.#tidying;
  }

  path(packId: string): string {
    return join(this.#parts.dir, localName(packId));
  }

  has(packId: string): boolean {
    return this.#packs.has(packId);
  }

  /** Whether it is here; it counts as used now. */
  use(packId: string): boolean {
    const bytes = this.#packs.get(packId);
    if (bytes === undefined) return false;
    this.#set(packId, bytes);
    return true;
  }

  /** Takes a file over. False: it was left where it is. */
  async take(packId: string, from: string, bytes: number): Promise<boolean> {
    const { files, maxBytes, log } = this.#parts;
    if (bytes > maxBytes) return false;
    try {
      await this.#shrinkTo(maxBytes - bytes);
      await files.rename(from, this.path(packId));
    } catch (error) {
      const { code, message } = asFault(error, "store.unavailable");
      if (code !== "store.not-found") log.warn("cache.not-kept", { pack: packId, code, message });
      return false;
    }
    this.#set(packId, bytes);
    // Others may have come in the meantime.
    await this.#shrinkTo(maxBytes).catch(() => {});
    return true;
  }

  /** Fine when it is not there. Throws `store.unavailable`. */
  async remove(packId: string): Promise<void> {
    if (!this.#packs.has(packId)) return;
    await this.#parts.files.remove(this.path(packId));
    this.#bytes -= this.#packs.get(packId) ?? 0;
    this.#packs.delete(packId);
  }

  /** Gives so many bytes of the disk back, or all there are. Throws `store.unavailable`. */
  makeRoom(bytes: number): Promise<void> {
    return this.#shrinkTo(Math.max(0, this.#bytes - bytes));
  }

  async #shrinkTo(bytes: number): Promise<void> {
    for (const packId of this.#packs.keys()) {
      if (this.#bytes <= bytes) return;
      await this.remove(packId);
    }
  }

  #set(packId: string, bytes: number): void {
    this.#bytes += bytes - (this.#packs.get(packId) ?? 0);
    this.#packs.delete(packId);
    this.#packs.set(packId, bytes);
  }

  async #tidy(): Promise<void> {
    try {
      for (const packId of [...this.#packs.keys()]) {
        if (this.#closed) return;
        if (!(await this.#parts.exists(packId))) await this.remove(packId);
      }
    } catch (error) {
      const { code, message } = asFault(error, "index.unavailable");
      this.#parts.log.warn("cache.not-tidied", { code, message });
    }
  }
}

/** By day and number, whatever the stream is. */
function byAge(a: string, b: string): number {
  const [x, y] = [a, b].map((packId) => packId.slice(packId.indexOf("/") + 1));
  return (x ?? "") < (y ?? "") ? -1 : 1;
}
