/** Somebody deletes a range: whole packs inside it go, and what stays is told with its reason. */
import type { PackSummary, TimeRange } from "../../fragment/fragment.ts";
import type { FragmentIndex, PageKey } from "../index/fragment-index.ts";
import type { PackSum } from "./dry-run.ts";
import { isHeld } from "./policy.ts";

export interface DeleteRange {
  readonly stream: string;
  /** Producer's clock. */
  readonly range: TimeRange;
  readonly who: string;
  readonly why?: string;
}

export interface Deleted {
  readonly packs: number;
  readonly bytes: number;
  /** Packs that overlap the range and are still there. */
  readonly left: {
    /** Reach over an end of the range: a pack goes as a whole or not at all. */
    readonly edge: PackSum;
    /** Still written. */
    readonly open: PackSum;
    readonly held: PackSum;
    /** Not in the object store yet. */
    readonly notArchived: PackSum;
  };
}

export interface RangeRemover {
  readonly index: FragmentIndex;
  readonly nowMs: number;
  /** Removes with cause `user`; answers with the ids of what went and their bytes. */
  remove(packs: readonly PackSummary[]): Promise<ReadonlySet<string>>;
}

type Left = keyof Deleted["left"];

/** Costs in proportion to the range. */
export async function deleteRange(of: RangeRemover, asked: DeleteRange): Promise<Deleted> {
  const { stream, range } = asked;
  const holds = await of.index.holds(stream, of.nowMs);
  const sums = new Map<Left | "gone", { packs: number; bytes: number }>();
  const count = (what: Left | "gone", { bytes }: PackSummary) => {
    const { packs, bytes: before } = sums.get(what) ?? { packs: 0, bytes: 0 };
    sums.set(what, { packs: packs + 1, bytes: before + bytes });
  };
  const selection = { by: "time", clock: "producer", range } as const;
  let after: PageKey | undefined;
  do {
    const page = await of.index.packs(stream, selection, after);
    after = page.next;
    const inside = page.packs.filter((pack) => pack.sealed && isInside(pack, range));
    const gone = inside.length === 0 ? new Set() : await of.remove(inside);
    for (const pack of page.packs) {
      if (gone.has(pack.packId)) count("gone", pack);
      else if (!isInside(pack, range)) count("edge", pack);
      else if (!pack.sealed) count("open", pack);
      else if (isHeld(pack, holds, of.nowMs)) count("held", pack);
      else count("notArchived", pack);
    }
  } while (after !== undefined);
  const sum = (what: Left | "gone") => sums.get(what) ?? { packs: 0, bytes: 0 };
  const left = {
    ...{ edge: sum("edge"), open: sum("open") },
    ...{ held: sum("held"), notArchived: sum("notArchived") },
  };
  return { ...sum("gone"), left };
}

function isInside({ producedStartUs, producedEndUs }: PackSummary, range: TimeRange): boolean {
  return producedStartUs >= range.fromMs * 1000 && producedEndUs <= range.toMs * 1000;
}
