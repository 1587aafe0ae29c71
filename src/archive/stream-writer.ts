/**
 * Everything written for one stream: takes fragments, groups those that wait into one write and one
 * fsync, commits the row, then resolves. The order is the promise (docs/design/write-order.md): pack
 * bytes, fsync, index row, ack.
 */
import { randomInt } from "node:crypto";
import type { CancelTimer, Clock } from "../base/clock.ts";
import { isoTime } from "../base/clock.ts";
import { asFault, type Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import type { FragmentNumber } from "../fragment/fragment-number.ts";
import type { Committer } from "./committer.ts";
import type { Files } from "./files.ts";
import { MAX_PACK_SPAN_MS } from "./index/fragment-index.ts";
import { OpenPack } from "./pack/open-pack.ts";
import { trackSetId, trackSetRow } from "./track-sets.ts";

export interface PackLimits {
  /** A pack is sealed this long after its first fragment, ms. */
  readonly maxAgeMs: number;
  /** And when it has this many bytes. */
  readonly maxBytes: number;
  /** With no producer connected it is sealed after this long, ms. */
  readonly graceMs: number;
}

export const PACK_LIMITS: PackLimits = { maxAgeMs: 60_000, maxBytes: 64 << 20, graceMs: 10_000 };

export interface StreamWriterParts {
  readonly stream: string;
  readonly activeDir: string;
  readonly files: Files;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: PackLimits;
  readonly lastSequence: number;
  /** Takes a pack that is not written any more: it is sealed, or recovered when `broken`. */
  retire(pack: OpenPack, broken: boolean): void;
  opened(pack: OpenPack): void;
}

interface Waiting {
  readonly fragment: SealedFragment;
  readonly trackSetId: string;
  resolve(stored: StoredFragment): void;
  reject(fault: Fault): void;
}

export class StreamWriter {
  readonly #parts: StreamWriterParts;
  #sequence: number;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #pack: OpenPack | undefined;
  #openedAtMs = 0;
  #ageTimer: CancelTimer = () => {};
  #graceTimer: CancelTimer = () => {};
  #recordings = 0;
  #sealAsked = false;
  pendingBytes = 0;

  constructor(parts: StreamWriterParts) {
    this.#parts = parts;
    this.#sequence = parts.lastSequence;
  }

  get recordings(): number {
    return this.#recordings;
  }

  nextNumber(): FragmentNumber {
    this.#sequence++;
    return {
      sequence: this.#sequence,
      receivedMs: this.#parts.clock.now(),
      salt: randomInt(2 ** 28),
    };
  }

  attach(): void {
    this.#recordings++;
    this.#graceTimer();
  }

  detach(): void {
    this.#recordings--;
    if (this.#recordings > 0) return;
    this.#graceTimer = this.#parts.clock.after(this.#parts.limits.graceMs, () => this.#askSeal());
  }

  append(fragment: SealedFragment): Promise<StoredFragment> {
    this.pendingBytes += fragment.blocks.length;
    return new Promise((resolve, reject) => {
      const id = trackSetId(fragment.trackSet);
      this.#queue.push({ fragment, trackSetId: id, resolve, reject });
      this.#wake();
    });
  }

  /** Resolves when all taken fragments are decided. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Decides what is waiting, then gives its pack away to be sealed. */
  async close(): Promise<void> {
    this.#graceTimer();
    await this.idle();
    this.#retire(false);
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#wake();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = await this.#nextBatch();
      if (batch.length > 0) await this.#store(batch);
      if (this.#pack !== undefined && this.#pack.length >= this.#parts.limits.maxBytes)
        this.#retire(false);
    }
    if (this.#sealAsked) this.#retire(false);
  }

  /** The fragments at the head of the queue that go into one pack together; none when it cannot be made. */
  async #nextBatch(): Promise<Waiting[]> {
    const [first] = this.#queue;
    if (first === undefined) return [];
    if (this.#sealAsked || !this.#fits(first)) this.#retire(false);
    try {
      this.#pack ??= await this.#create(first);
    } catch (error) {
      this.#refuse([first], asFault(error, "store.unavailable"));
      this.#queue.shift();
      return [];
    }
    let count = 0;
    let bytes = this.#pack.length;
    for (const waiting of this.#queue) {
      if (count > 0 && (bytes >= this.#parts.limits.maxBytes || !this.#fits(waiting))) break;
      bytes += waiting.fragment.blocks.length;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** Whether the open pack can take it: same tracks, and no producer-time jump that would stretch the pack. */
  #fits({ fragment, trackSetId: id }: Waiting): boolean {
    const pack = this.#pack;
    if (pack === undefined) return true;
    if (!pack.takes(fragment, id)) return false;
    const { producedStartUs, producedEndUs } = fragment.info;
    const { min, max } = pack.spanUs;
    const span = Math.max(max, producedEndUs) - Math.min(min, producedStartUs);
    return pack.fragments.length === 0 || span < (MAX_PACK_SPAN_MS / 2) * 1000;
  }

  async #create({ fragment, trackSetId: id }: Waiting): Promise<OpenPack> {
    const { stream, activeDir, files, clock, limits, opened } = this.#parts;
    const { number } = fragment.info;
    const day = isoTime(number.receivedMs).slice(0, 10).replaceAll("-", "/");
    const serial = `${String(number.sequence).padStart(12, "0")}-${randomInt(2 ** 32).toString(36)}`;
    const packId = `${stream}/${day}/${serial}`;
    const { trackSet, clusterNs: baseNs } = fragment;
    const identity = { stream, packId, baseNs, trackSet };
    const path = `${activeDir}/${activeName(packId)}`;
    const pack = await OpenPack.create(files, { identity, trackSetId: id, path });
    await files.syncDir(activeDir).catch(async (error) => {
      await pack.close().catch(() => {});
      throw error;
    });
    opened(pack);
    this.#openedAtMs = clock.elapsed();
    this.#ageTimer();
    this.#ageTimer = clock.after(limits.maxAgeMs, () => this.#askSeal());
    return pack;
  }

  async #store(batch: readonly Waiting[]): Promise<void> {
    const pack = this.#pack;
    if (pack === undefined) return;
    let stored: StoredFragment[];
    try {
      stored = await pack.append(batch.map((w) => w.fragment));
      const [first] = batch;
      if (first === undefined) return;
      await this.#parts.committer.commit(pack.row(), trackSetRow(first.fragment.trackSet));
    } catch (error) {
      // What is on the disk is unknown now: nothing more is written to this pack.
      this.#retire(true);
      this.#refuse(batch, asFault(error, "store.unavailable"));
      return;
    }
    for (const [i, waiting] of batch.entries()) {
      this.pendingBytes -= waiting.fragment.blocks.length;
      const done = stored[i];
      if (done !== undefined) waiting.resolve(done);
    }
  }

  #refuse(batch: readonly Waiting[], fault: Fault): void {
    this.#parts.log.error("archive.not-stored", { code: fault.code, message: fault.message });
    for (const waiting of batch) {
      this.pendingBytes -= waiting.fragment.blocks.length;
      waiting.reject(fault);
    }
  }

  #askSeal(): void {
    this.#sealAsked = true;
    if (this.#running === undefined) this.#retire(false);
  }

  #retire(broken: boolean): void {
    this.#sealAsked = false;
    this.#ageTimer();
    const pack = this.#pack;
    this.#pack = undefined;
    if (pack === undefined) return;
    const openMs = Math.round(this.#parts.clock.elapsed() - this.#openedAtMs);
    this.#parts.log.info("pack.retired", { pack: pack.identity.packId, openMs, broken });
    this.#parts.retire(pack, broken);
  }
}

/** File name of a pack in `active/`: names have no `~`, so it stands for the slashes. */
export function activeName(packId: string): string {
  return `${packId.replaceAll("/", "~")}.mkv`;
}

/** The pack a file in `active/` is, or undefined for a foreign file. */
export function packIdOf(fileName: string): string | undefined {
  const found = /^([A-Za-z0-9_.-]+(?:~[A-Za-z0-9_.-]+){4})\.mkv$/.exec(fileName);
  return found?.[1]?.replaceAll("~", "/");
}

/** Where the object of a pack is. */
export function objectKey(packId: string): string {
  return `${packId}.mkv`;
}
