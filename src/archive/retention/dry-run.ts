/** What a sweep at this moment would remove of a stream under other rules, without removing it. */
import type { StreamInfo } from "../../fragment/fragment.ts";
import type { FragmentIndex, OldPack } from "../index/fragment-index.ts";
import { oldPages } from "./old-pages.ts";
import { END_OF_TIME_MS, isHeld, type Misdated, Policy, type RetentionRules } from "./policy.ts";

/** Packs looked at for one answer: 140 days of packs of a minute. */
const MOST_PACKS = 200_000;
const PAGE = 500;

export interface PackSum {
  readonly packs: number;
  readonly bytes: number;
}

export interface Preview {
  /** What would go. */
  readonly packs: number;
  readonly bytes: number;
  /** Producer's clock, µs, from the first to the last of what would go. */
  readonly startUs?: number;
  readonly endUs?: number;
  readonly byAge: PackSum;
  readonly bySize: PackSum;
  /** What would go if it were not held. */
  readonly held: PackSum;
  /** False: there was too much to look at, all figures are the least. */
  readonly complete: boolean;
}

export interface PreviewOptions {
  readonly index: FragmentIndex;
  readonly stream: StreamInfo;
  readonly rules: RetentionRules;
  readonly nowMs: number;
  readonly misdated?: readonly Misdated[];
  readonly mostPacks?: number;
}

/** Costs in proportion to what would go and what is held, up to a bound. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const { index, stream, rules, nowMs, misdated = [], mostPacks = MOST_PACKS } = options;
  const holds = await index.holds(stream.name, nowMs);
  const policy = new Policy({ rules, nowMs, misdated });
  const count = new Count(mostPacks);
  const held = (pack: OldPack) => isHeld(pack, holds, nowMs);
  const ask = (receivedBeforeMs: number) =>
    oldPages(index, { stream: stream.name, receivedBeforeMs, limit: PAGE });
  for await (const page of ask(policy.cutoffMs)) {
    for (const pack of page) if (policy.isOld(pack)) count.add(held(pack) ? "held" : "byAge", pack);
    if (count.looked(page.length)) return count.result(false);
  }
  const stored = (await index.extent(stream.name))?.bytes ?? 0;
  let excess = policy.excessBytes(stored - count.bytes("byAge"));
  if (excess <= 0) return count.result(true);
  for await (const page of ask(END_OF_TIME_MS)) {
    for (const pack of page) {
      if (excess <= 0) break;
      const old = policy.isOld(pack);
      if (!held(pack) && !old) {
        count.add("bySize", pack);
        excess -= pack.bytes;
      } else if (!old) count.add("held", pack);
    }
    if (excess <= 0) break;
    if (count.looked(page.length)) return count.result(false);
  }
  return count.result(true);
}

type What = "byAge" | "bySize" | "held";

class Count {
  readonly #sums = {
    byAge: { packs: 0, bytes: 0 },
    bySize: { packs: 0, bytes: 0 },
    held: { packs: 0, bytes: 0 },
  };
  #startUs = Number.POSITIVE_INFINITY;
  #endUs = Number.NEGATIVE_INFINITY;
  #left: number;

  constructor(mostPacks: number) {
    this.#left = mostPacks;
  }

  /** So many more have been looked at. True: that is enough. */
  looked(packs: number): boolean {
    this.#left -= packs;
    return this.#left <= 0;
  }

  add(what: What, { bytes, producedStartUs, producedEndUs }: OldPack): void {
    this.#sums[what].packs++;
    this.#sums[what].bytes += bytes;
    if (what === "held") return;
    this.#startUs = Math.min(this.#startUs, producedStartUs);
    this.#endUs = Math.max(this.#endUs, producedEndUs);
  }

  bytes(what: What): number {
    return this.#sums[what].bytes;
  }

  result(complete: boolean): Preview {
    const { byAge, bySize, held } = this.#sums;
    const packs = byAge.packs + bySize.packs;
    const span = packs === 0 ? {} : { startUs: this.#startUs, endUs: this.#endUs };
    return {
      ...{ packs, bytes: byAge.bytes + bySize.bytes, ...span },
      ...{ byAge, bySize, held, complete },
    };
  }
}
