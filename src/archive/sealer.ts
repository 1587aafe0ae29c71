/**
 * Packs that are not written any more: finished and moved to where they belong, one after another in the background. What
 * fails is settled from what is on the disk, as after a crash, again and again until it works.
 */
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { asFault, type Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import { type EventSource, errorEvent } from "./events.ts";
import type { Files } from "./files.ts";
import type { FragmentIndex, PackRow } from "./index/fragment-index.ts";
import type { OpenPack, SealedSize } from "./pack/open-pack.ts";
import { objectKey } from "./pack-id.ts";
import type { Places } from "./places.ts";
import { type RecoveryParts, recoverFile, settleMoved } from "./recovery.ts";
import { type BackOffLimits, backOffMs } from "./retry.ts";
import type { ObjectStore } from "./store/object-store.ts";
import { trackSetRow } from "./track-sets.ts";

export interface SealerParts {
  readonly node: string;
  readonly activeDir: string;
  readonly files: Files;
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly places: Places;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backOff: BackOffLimits;
  readonly meters: Meters;
  readonly events: Pick<EventSource, "tell">;
  readonly mayComplete?: RecoveryParts["mayComplete"];
  /** Throws `store.unavailable` when the data folder is not ours any more. */
  checkFolder(): Promise<void>;
  /** Durable in the object store, and the index says so. */
  archived(row: PackRow): void;
  /** In the spool, on its way to a remote store. */
  spooled(row: PackRow): void;
}

export class Sealer {
  readonly #parts: SealerParts;
  #chain: Promise<void> = Promise.resolve();
  readonly #failures = new Map<string, number>();
  /** Not settled at the start: numbers behind their last row may have been given out again since. */
  readonly #late = new Set<string>();
  #closed = false;

  constructor(parts: SealerParts) {
    this.#parts = parts;
  }

  /** Seals in the background. */
  seal(pack: OpenPack): void {
    this.#then(() => this.#sealNow(pack));
  }

  /** A pack whose last write failed: nobody knows what is on the disk. */
  recover(pack: OpenPack): void {
    this.#then(async () => {
      await pack.close().catch(() => {});
      await this.#recoverNow(pack.identity.packId);
    });
  }

  /** A pack that could not be settled at the start: it is tried again. */
  tryLater(packId: string, { code, message }: Fault): void {
    const { log, events, clock } = this.#parts;
    log.error("recovery.failed", { pack: packId, code, message });
    const about = { stream: streamOf(packId), code: "recovery.failed", message, atMs: clock.now() };
    events.tell(errorEvent({ ...about, detail: { pack: packId, fault: code } }));
    this.#late.add(packId);
    this.#again(packId);
  }

  /** Resolves when all that was asked has been tried. */
  async idle(): Promise<void> {
    let chain: Promise<void>;
    do {
      chain = this.#chain;
      await chain;
    } while (chain !== this.#chain);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }

  #then(run: () => Promise<void>): void {
    this.#chain = this.#chain.then(run);
  }

  /** Order: Cues and footer, fsync, header, fsync, move and folders, row (docs/design/write-order.md). */
  async #sealNow(pack: OpenPack): Promise<void> {
    const { files, places } = this.#parts;
    const { packId } = pack.identity;
    try {
      await this.#parts.checkFolder();
      if (pack.fragments.length === 0) {
        await pack.close();
        await files.remove(pack.path);
        places.set(packId, undefined);
      } else {
        const sealed = await pack.finish();
        await this.#move(pack, sealed);
        this.#parts.meters.packSealed(sealed.bytes);
      }
      this.#failures.delete(packId);
    } catch (error) {
      await pack.close().catch(() => {});
      this.#failed(packId, error);
    }
  }

  async #move(pack: OpenPack, sealed: SealedSize): Promise<void> {
    const { node, store, index, places, archived, spooled } = this.#parts;
    const { packId, trackSet } = pack.identity;
    const trackSets = [trackSetRow(trackSet)];
    if (store.remote) {
      await this.#spool(pack);
      const row = pack.row({ node, sealed });
      await index.commit({ rows: [row], trackSets });
      spooled(row);
      return;
    }
    await store.put(objectKey(packId), pack.path, sealed.bytes);
    const row = pack.row({ node, sealed, archived: true });
    await index.commit({ rows: [row], trackSets });
    places.set(packId, undefined);
    archived(row);
  }

  async #spool(pack: OpenPack): Promise<void> {
    const { files, places } = this.#parts;
    const { packId } = pack.identity;
    const to = places.path(packId, "spool");
    if (await files.exists(pack.path)) await files.rename(pack.path, to);
    places.set(packId, "spool");
    await files.syncDir(dirname(to));
    await files.syncDir(dirname(pack.path));
  }

  async #recoverNow(packId: string): Promise<void> {
    const { index, places, files } = this.#parts;
    try {
      await this.#parts.checkFolder();
      const row = await index.pack(streamOf(packId), packId);
      if (row?.archived) {
        places.set(packId, undefined);
        return;
      }
      if (!(await files.exists(places.path(packId, "active")))) {
        await this.#moved(packId, row);
        return;
      }
      const cut = { ...this.#parts, mayComplete: async () => undefined };
      const parts = this.#late.has(packId) ? cut : this.#parts;
      const recovered = await recoverFile(parts, packId, row);
      this.#late.delete(packId);
      if (recovered === undefined) places.set(packId, undefined);
      else await this.#sealNow(recovered);
    } catch (error) {
      this.#failed(packId, error);
    }
  }

  /** The move was done and its row was not: the row is all that is missing. */
  async #moved(packId: string, row: PackRow | undefined): Promise<void> {
    const { places, files } = this.#parts;
    const spooled = await files.exists(places.path(packId, "spool"));
    // A row that says sealed may be on its way to the store already.
    if (row !== undefined && !row.sealed) await settleMoved(this.#parts, row);
    places.set(packId, spooled ? "spool" : undefined);
    if (spooled && row !== undefined) this.#parts.spooled(row);
  }

  #failed(packId: string, error: unknown): void {
    const { log, meters } = this.#parts;
    const { code, message } = asFault(error, "store.unavailable");
    meters.storeError(code);
    if (!this.#failures.has(packId)) log.error("pack.not-sealed", { pack: packId, code, message });
    this.#again(packId);
  }

  #again(packId: string): void {
    const { clock, backOff } = this.#parts;
    const failures = (this.#failures.get(packId) ?? 0) + 1;
    this.#failures.set(packId, failures);
    if (this.#closed) return;
    clock.after(backOffMs(failures, backOff), () => {
      if (!this.#closed) this.#then(() => this.#recoverNow(packId));
    });
  }
}

function streamOf(packId: string): string {
  return packId.split("/")[0] ?? "";
}
