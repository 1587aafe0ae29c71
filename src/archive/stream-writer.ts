/**
 * Everything written for one stream: takes fragments, groups those that wait into one write and one
 * fsync, commits the row, then resolves. The order is the promise (docs/design/write-order.md): pack
 * bytes, fsync, index row, ack.
 */

import { randomInt } from "node:crypto";
import type { CancelTimer, Clock } from "../base/clock.ts";
import { asFault, type Fault } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Meters } from "../base/meters.ts";
import type { SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import { MAX_PACK_SPAN_MS } from "../fragment/fragment.ts";
import type { FragmentNumber } from "../fragment/fragment-number.ts";
import type { Committer } from "./committer.ts";
import { gapEvent } from "./events.ts";
import type { Files } from "./files.ts";
import type { GapRecorder } from "./gap-recorder.ts";
import type { Fence } from "./index/fragment-index.ts";
import type { NewEvent } from "./index/index-events.ts";
import { OpenPack } from "./pack/open-pack.ts";
import { localName, newPackId } from "./pack-id.ts";
import type { SpaceGate } from "./space-gate.ts";
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
  /** This node's name in the index. */
  readonly node: string;
  readonly activeDir: string;
  readonly files: Files;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: PackLimits;
  readonly lastSequence: number;
  readonly gaps: GapRecorder;
  readonly gate: SpaceGate;
  readonly meters: Meters;
  /** The stream's settings as JSON, for the header of its packs. */
  settings(): string;
  /** What must still be true when a row is committed; undefined: nothing. */
  fence(): Fence | undefined;
  /** Events to be written with the rows of these fragments. */
  events(stored: readonly StoredFragment[]): readonly NewEvent[];
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
      if (!(await this.#room())) continue;
      const batch = await this.#nextBatch();
      if (batch.length > 0) await this.#store(batch);
      if (this.#pack !== undefined && this.#pack.length >= this.#parts.limits.maxBytes)
        this.#retire(false);
    }
    if (this.#sealAsked) this.#retire(false);
  }

  /** False: there was none for too long, and what waited is refused. */
  async #room(): Promise<boolean> {
    try {
      await this.#parts.gate.pass();
      return true;
    } catch (error) {
      this.#refuse(this.#queue.splice(0), asFault(error, "store.full"));
      return false;
    }
  }

  /** The fragments at the head of the queue that go into one pack together; none when it cannot be made. */
  async #nextBatch(): Promise<Waiting[]> {
    const [first] = this.#queue;
    if (first === undefined) return [];
    if (this.#sealAsked || !this.#fits(first)) this.#retire(false);
    // What waits is asked for room again.
    if (this.#pack === undefined && !(await this.#parts.gate.mayCreate())) return [];
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
    const packId = newPackId(stream, fragment.info.number);
    const { trackSet, clusterNs: baseNs } = fragment;
    const identity = { stream, packId, baseNs, trackSet, settings: this.#parts.settings() };
    const path = `${activeDir}/${localName(packId)}`;
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
    const { clock, meters } = this.#parts;
    const startedMs = clock.elapsed();
    try {
      stored = await pack.append(batch.map((w) => w.fragment));
      meters.fsync(clock.elapsed() - startedMs);
      await this.#commit(pack, stored, batch);
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

  async #commit(
    pack: OpenPack,
    stored: readonly StoredFragment[],
    [first]: readonly Waiting[],
  ): Promise<void> {
    const { node, committer, gaps, gate, clock, fence, events, meters } = this.#parts;
    if (first === undefined) return;
    const plan = gaps.plan(
      stored.map(({ info }) => info),
      clock.now(),
    );
    await committer.commit({
      row: pack.row({ node }),
      trackSet: trackSetRow(first.fragment.trackSet),
      gaps: plan.gaps,
      events: [...events(stored), ...plan.gaps.map(gapEvent)],
      fence: fence(),
    });
    plan.done();
    for (const { cause, startUs, endUs } of plan.gaps) meters.gap(cause, endUs - startUs);
    gate.wrote(stored.reduce((sum, { size }) => sum + size, 0));
  }

  #refuse(batch: readonly Waiting[], fault: Fault): void {
    const { code, message } = fault;
    this.#parts.meters.storeError(code);
    if (code === "store.full") this.#parts.gate.full();
    const cause = code === "store.full" ? "disk-full" : "error";
    this.#parts.gaps.failed({
      cause,
      detail: `${code}: ${message}`,
      atMs: this.#parts.clock.now(),
    });
    this.#parts.log.error("archive.not-stored", { code, message });
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
