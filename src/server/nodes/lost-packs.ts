/**
 * Packs that nobody can read now: on the disk of a node that is not there, and not in the object store. Read from the
 * index when a node goes, and forgotten when it is heard of again.
 */
import type { FragmentIndex, PackRow } from "../../archive/index/fragment-index.ts";
import type { NodeRow } from "../../archive/index/index-leases.ts";
import type { GapRow } from "../../archive/index/index-ledger.ts";
import type { Clock } from "../../base/clock.ts";
import { micros } from "../../base/units.ts";

/** Most packs of one node that are looked at. At a minute a pack: two months of one camera. */
const MAX_PACKS = 100_000;
/** The rows of a node that is not there are read again after so long, ms: it may have been there after all. */
const READ_AGAIN_MS = 60_000;

export interface LostPack {
  readonly packId: string;
  readonly stream: string;
  readonly startUs: number;
  readonly endUs: number;
}

type PackQueries = Pick<FragmentIndex, "openPacks" | "unarchived">;

/** Packs on a node's disk that are not archived. Throws `index.unavailable`. */
export async function packsOnlyOn(index: PackQueries, node: string): Promise<LostPack[]> {
  const [open, sealed] = [await index.openPacks(node), await index.unarchived(node, MAX_PACKS)];
  return [...open, ...sealed].map((row: PackRow) => ({
    packId: row.packId,
    stream: row.stream,
    startUs: row.producedStartUs,
    endUs: row.producedEndUs,
  }));
}

interface Gone {
  readonly packs: readonly LostPack[];
  readonly readAt: number;
}

export class LostPacks {
  readonly #index: PackQueries;
  readonly #clock: Clock;
  readonly #gone = new Map<string, Gone>();
  #byStream = new Map<string, Map<string, LostPack & { readonly node: string }>>();

  constructor(index: PackQueries, clock: Clock) {
    this.#index = index;
    this.#clock = clock;
  }

  /** Which nodes are not there, of all that are known. Throws `index.unavailable`. */
  async update(nodes: readonly NodeRow[], isGone: (node: NodeRow) => boolean): Promise<void> {
    const gone = new Set(nodes.filter(isGone).map((node) => node.id));
    let changed = false;
    for (const id of [...this.#gone.keys()]) if (!gone.has(id)) changed = this.#gone.delete(id);
    for (const id of gone) {
      const known = this.#gone.get(id);
      const now = this.#clock.elapsed();
      if (known !== undefined && now - known.readAt < READ_AGAIN_MS) continue;
      this.#gone.set(id, { packs: await packsOnlyOn(this.#index, id), readAt: now });
      changed = true;
    }
    if (changed) this.#sort();
  }

  /** Of this stream; undefined when all can be read. */
  of(stream: string): ReadonlyMap<string, LostPack & { readonly node: string }> | undefined {
    return this.#byStream.get(stream);
  }

  /** The holes they leave now, as the index has those that are written down. */
  gaps(stream: string): Omit<GapRow, "id" | "recordedMs">[] {
    return [...(this.of(stream)?.values() ?? [])].map(({ startUs, endUs, node }) => ({
      ...{ stream, cause: "node-lost" as const, detail: node },
      ...{ startUs: micros(startUs), endUs: micros(endUs) },
    }));
  }

  #sort(): void {
    this.#byStream = new Map();
    for (const [node, { packs }] of this.#gone)
      for (const pack of packs) {
        const list = this.#byStream.get(pack.stream) ?? new Map();
        list.set(pack.packId, { ...pack, node });
        this.#byStream.set(pack.stream, list);
      }
  }
}
