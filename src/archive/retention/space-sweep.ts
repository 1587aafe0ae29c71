/**
 * Keeps room on the disk: when less than the floor is free, the oldest packs of all streams go, whatever their retention
 * says; held ones stay. The room comes when their objects are deleted, so what is on its way counts as free.
 */
import type { FragmentIndex, OldPack } from "../index/fragment-index.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { Collector } from "./collector.ts";
import { keyOf } from "./old-pages.ts";
import { END_OF_TIME_MS } from "./policy.ts";
import type { Remove, StreamSweep } from "./stream-sweep.ts";

export interface SpaceSweepParts {
  readonly index: FragmentIndex;
  readonly store: ObjectStore;
  readonly collector: Collector;
  readonly streamSweep: StreamSweep;
  readonly remove: Remove;
  readonly floorBytes: number;
  readonly batch: number;
}

/** Packs of one stream that are asked for at once while streams are merged. */
const PAGE = 64;

export interface SpaceState {
  readonly freeBytes: number;
  /** Bytes of removed packs whose objects are still there. */
  readonly pendingBytes: number;
  /** Bytes below the floor that could not be made up for: what is left is held, open, or not known yet. */
  readonly shortBytes: number;
}

/** Undefined where the store has no limit. */
export async function sweepSpace(
  parts: SpaceSweepParts,
  streams: readonly string[],
  stopped: () => boolean,
): Promise<SpaceState | undefined> {
  const { store, collector, floorBytes } = parts;
  const space = await store.space();
  if (space === undefined) return undefined;
  const pendingBytes = await collector.pendingBytes();
  const of = { freeBytes: space.free, pendingBytes: pendingBytes ?? 0 };
  const missing = floorBytes - space.free - of.pendingBytes;
  if (missing <= 0) return { ...of, shortBytes: 0 };
  // Objects of unknown size are about to go: how much they free is seen at the next sweep.
  if (pendingBytes === undefined) return { ...of, shortBytes: missing };
  const shortBytes = Math.max(0, await free(parts, { streams, missing, stopped }));
  return { ...of, pendingBytes: of.pendingBytes + missing - shortBytes, shortBytes };
}

interface Need {
  readonly streams: readonly string[];
  readonly missing: number;
  readonly stopped: () => boolean;
}

/** Returns what is still missing. */
async function free(parts: SpaceSweepParts, { streams, missing, stopped }: Need): Promise<number> {
  const merge = new OldestFirst(parts, streams);
  let left = missing;
  while (left > 0 && !stopped()) {
    const batch = await merge.take(left);
    if (batch.length === 0) break;
    for (const [stream, packs] of Map.groupBy(batch, (one) => one.stream)) {
      const list = packs.map(({ pack }) => pack);
      const gone = await parts.remove(stream, list, "space");
      left -= gone.bytes;
      const kept = list.findLast(({ packId }) => !gone.packIds.includes(packId));
      if (kept !== undefined) parts.streamSweep.passed(stream, kept);
    }
  }
  return left;
}

interface Candidate {
  readonly stream: string;
  readonly pack: OldPack;
}

/** The packs of all streams in one order. */
class OldestFirst {
  readonly #parts: SpaceSweepParts;
  readonly #queues = new Map<string, OldPack[]>();
  readonly #after: Map<string, ReturnType<typeof keyOf> | undefined>;

  constructor(parts: SpaceSweepParts, streams: readonly string[]) {
    this.#parts = parts;
    this.#after = new Map(streams.map((name) => [name, parts.streamSweep.sizePlace(name)]));
  }

  /** The next ones that make up so many bytes, at most a batch. */
  async take(bytes: number): Promise<Candidate[]> {
    const taken: Candidate[] = [];
    for (let sum = 0; sum < bytes && taken.length < this.#parts.batch; ) {
      const next = await this.#next();
      if (next === undefined) break;
      taken.push(next);
      sum += next.pack.bytes;
    }
    return taken;
  }

  async #next(): Promise<Candidate | undefined> {
    for (const stream of this.#after.keys())
      if ((this.#queues.get(stream)?.length ?? 0) === 0) await this.#fill(stream);
    let oldest: string | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [stream, [first]] of this.#queues)
      if (first !== undefined && first.receivedFirstMs < oldestMs)
        [oldest, oldestMs] = [stream, first.receivedFirstMs];
    const pack = oldest === undefined ? undefined : this.#queues.get(oldest)?.shift();
    return oldest === undefined || pack === undefined ? undefined : { stream: oldest, pack };
  }

  async #fill(stream: string): Promise<void> {
    const query = { stream, receivedBeforeMs: END_OF_TIME_MS, limit: PAGE };
    const page = await this.#parts.index.oldPacks({ ...query, after: this.#after.get(stream) });
    const last = page.at(-1);
    if (last === undefined) this.#after.delete(stream);
    else this.#after.set(stream, keyOf(last));
    this.#queues.set(stream, [...page]);
  }
}
