/**
 * What is too old or too much of one stream goes. Remembers per stream how far packs were passed over because they
 * are held, so that these are not read again at every sweep.
 */

import type { Clock } from "../../base/clock.ts";
import type { StreamInfo } from "../../fragment/fragment.ts";
import { MAX_PACK_SPAN_MS } from "../../fragment/fragment.ts";
import type { FragmentIndex, OldPack, PageKey } from "../index/fragment-index.ts";
import type { RemovalCause, RemovedPacks } from "../index/index-ledger.ts";
import { keyOf, oldPages } from "./old-pages.ts";
import { countFor, END_OF_TIME_MS, type Misdated, Policy } from "./policy.ts";

/**
 * Places are forgotten after this, ms: a pack that reached the object store late may lie before one. So what is held
 * is read again once a day.
 */
const FORGET_MS = 24 * 3_600_000;

/** Removes packs of one stream; the answer says what went. */
export type Remove = (
  stream: string,
  packs: readonly OldPack[],
  cause: RemovalCause,
) => Promise<RemovedPacks>;

export interface StreamSweepParts {
  readonly index: FragmentIndex;
  readonly clock: Clock;
  readonly remove: Remove;
  /** Packs per page and per transaction. */
  readonly batch: number;
}

/** Everything archived up to these is gone or kept. */
interface Place {
  age: PageKey | undefined;
  size: PageKey | undefined;
  /** What kept it: when this changes, the place is forgotten. */
  readonly ageKey: string;
  readonly holdKey: string;
  readonly sinceMs: number;
}

export interface SweepOptions {
  readonly stream: StreamInfo;
  /** Names the holds of the stream that are in force. */
  readonly holdKey: string;
  readonly misdated: readonly Misdated[];
  readonly nowMs: number;
  /** True: stop as soon as possible. */
  readonly stopped: () => boolean;
}

export class StreamSweep {
  readonly #parts: StreamSweepParts;
  readonly #places = new Map<string, Place>();

  constructor(parts: StreamSweepParts) {
    this.#parts = parts;
  }

  /** Age first, then size. */
  async sweep({ stream, holdKey, misdated, nowMs, stopped }: SweepOptions): Promise<void> {
    const policy = new Policy({ rules: stream, nowMs, misdated });
    const place = this.#place(stream.name, holdKey, policy);
    await this.#age(stream.name, policy, { place, stopped });
    if (stream.retentionBytes > 0) await this.#size(stream.name, policy, { place, stopped });
  }

  /** Where packs that can go for their size or for space begin. */
  sizePlace(stream: string): PageKey | undefined {
    return this.#places.get(stream)?.size;
  }

  /** Everything archived up to here is gone or held. */
  passed(stream: string, pack: OldPack): void {
    const place = this.#places.get(stream);
    if (place !== undefined) place.size = keyOf(pack);
  }

  /** Forgets streams that are not there any more. */
  keepOnly(streams: ReadonlySet<string>): void {
    for (const name of this.#places.keys()) if (!streams.has(name)) this.#places.delete(name);
  }

  #place(stream: string, holdKey: string, policy: Policy): Place {
    const nowMs = this.#parts.clock.elapsed();
    const old = this.#places.get(stream);
    const same = old !== undefined && old.holdKey === holdKey && nowMs - old.sinceMs < FORGET_MS;
    const ageKey = policy.youngKey;
    const place: Place = {
      ...{ ageKey, holdKey, sinceMs: same ? old.sinceMs : nowMs },
      age: same && old.ageKey === ageKey ? old.age : undefined,
      size: same ? old.size : undefined,
    };
    this.#places.set(stream, place);
    return place;
  }

  async #age(
    stream: string,
    policy: Policy,
    { place, stopped }: { place: Place; stopped: () => boolean },
  ): Promise<void> {
    const { index, batch: limit } = this.#parts;
    const receivedBeforeMs = policy.cutoffMs;
    const query = { stream, receivedBeforeMs, after: place.age, limit };
    for await (const page of oldPages(index, query)) {
      if (stopped()) return;
      const old = page.filter((pack) => policy.isOld(pack));
      const gone = await this.#removeSome(stream, old, "age");
      // A pack that began before this one and ends after the cutoff is not in the page: it must not be passed over.
      const kept = page.findLast(
        ({ packId, receivedFirstMs }) =>
          !gone.has(packId) && receivedFirstMs < receivedBeforeMs - MAX_PACK_SPAN_MS,
      );
      if (kept !== undefined) place.age = keyOf(kept);
    }
  }

  async #size(
    stream: string,
    policy: Policy,
    { place, stopped }: { place: Place; stopped: () => boolean },
  ): Promise<void> {
    const { index, batch: limit } = this.#parts;
    let excess = policy.excessBytes((await index.extent(stream))?.bytes ?? 0);
    if (excess <= 0) return;
    const query = { stream, receivedBeforeMs: END_OF_TIME_MS, after: place.size, limit };
    for await (const page of oldPages(index, query)) {
      for (let rest = page; rest.length > 0 && excess > 0; ) {
        if (stopped()) return;
        const first = rest.slice(0, countFor(rest, excess));
        rest = rest.slice(first.length);
        const gone = await this.#removeSome(stream, first, "size");
        for (const { packId, bytes } of first) if (gone.has(packId)) excess -= bytes;
        const kept = first.findLast(({ packId }) => !gone.has(packId));
        if (kept !== undefined) place.size = keyOf(kept);
      }
      if (excess <= 0) return;
    }
  }

  async #removeSome(
    stream: string,
    packs: readonly OldPack[],
    cause: RemovalCause,
  ): Promise<ReadonlySet<string>> {
    if (packs.length === 0) return new Set();
    return new Set((await this.#parts.remove(stream, packs, cause)).packIds);
  }
}
