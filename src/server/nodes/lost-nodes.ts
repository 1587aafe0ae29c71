/**
 * Nodes that do not come back: after a long time, or when an operator says so, the holes that their packs leave are written
 * down as gaps with cause `node-lost`. The packs' rows stay. A node that comes back after all takes its gaps away again.
 */
import type { FragmentIndex } from "../../archive/index/fragment-index.ts";
import type { NodeRow } from "../../archive/index/index-leases.ts";
import type { NewGap } from "../../archive/index/index-ledger.ts";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { micros } from "../../base/units.ts";
import { type LostPack, packsOnlyOn } from "./lost-packs.ts";

export interface LostNodesParts {
  readonly index: Pick<
    FragmentIndex,
    | "openPacks"
    | "unarchived"
    | "commit"
    | "replaceGaps"
    | "nodes"
    | "putNode"
    | "addAudit"
    | "streams"
  >;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What others have written over the status of a node: it was declared lost. */
export function isDeclaredLost({ status }: NodeRow): boolean {
  try {
    return typeof (JSON.parse(status) as { lostMs?: unknown }).lostMs === "number";
  } catch {
    return false;
  }
}

export class LostNodes {
  readonly #parts: LostNodesParts;

  constructor(parts: LostNodesParts) {
    this.#parts = parts;
  }

  /**
   * Writes down what is missing with this node. Doing it again adds nothing. Returns how many packs that are.
   * Throws `node.not-found`, `index.unavailable`.
   */
  async declare(node: NodeRow, who: string): Promise<number> {
    const { index, clock, log } = this.#parts;
    const packs = await packsOnlyOn(index, node.id);
    const lostMs = clock.now();
    await index.putNode({ ...node, status: JSON.stringify({ lostMs }) });
    for (const [stream, list] of byStream(packs)) {
      await index.commit({ gaps: this.#gaps(node.id, list) });
      const { startUs, endUs } = spanOf(list);
      await index.addAudit({
        ...{ atMs: lostMs, action: "node-lost", stream, who, detail: node.id },
        ...{ startUs: micros(startUs), endUs: micros(endUs), packs: list.length },
      });
    }
    log.error("node.lost", { node: node.id, packs: packs.length });
    return packs.length;
  }

  /** This node is back: what it has is no gap. To be called before its first heartbeat. */
  async cameBack(id: string): Promise<void> {
    const { index, log, clock } = this.#parts;
    const nodes = await index.nodes();
    const own = nodes.find((node) => node.id === id);
    if (own === undefined || !isDeclaredLost(own)) return;
    const others = nodes.filter((node) => node.id !== id && isDeclaredLost(node));
    const theirs = await Promise.all(others.map((node) => this.#gapsOf(node.id)));
    const mine = byStream(await packsOnlyOn(index, id));
    // All streams, not those of which something is only here: recovered packs may be in the store already.
    for (const { name: stream } of await index.streams()) {
      const left = theirs.flat().filter((gap) => gap.stream === stream);
      await index.replaceGaps(stream, "node-lost", left);
      if (!mine.has(stream)) continue;
      const action = "node-back";
      const packs = mine.get(stream)?.length ?? 0;
      await index.addAudit({ atMs: clock.now(), action, stream, who: "node", detail: id, packs });
    }
    log.warn("node.back", { node: id });
  }

  async #gapsOf(node: string): Promise<NewGap[]> {
    return this.#gaps(node, await packsOnlyOn(this.#parts.index, node));
  }

  #gaps(node: string, packs: readonly LostPack[]): NewGap[] {
    const recordedMs = this.#parts.clock.now();
    return packs.map(({ stream, startUs, endUs }) => ({
      ...{ stream, startUs: micros(startUs), endUs: micros(endUs) },
      ...{ cause: "node-lost" as const, detail: node, recordedMs },
    }));
  }
}

/** Throws `node.not-found`. */
export function nodeOf(nodes: readonly NodeRow[], id: string): NodeRow {
  const found = nodes.find((node) => node.id === id);
  if (found === undefined) throw new Fault("node.not-found", `there is no node ${id.slice(0, 80)}`);
  return found;
}

function byStream(packs: readonly LostPack[]): Map<string, LostPack[]> {
  const lists = new Map<string, LostPack[]>();
  for (const pack of packs) lists.set(pack.stream, [...(lists.get(pack.stream) ?? []), pack]);
  return lists;
}

function spanOf(packs: readonly LostPack[]): { startUs: number; endUs: number } {
  return {
    startUs: packs.reduce((min, { startUs }) => Math.min(min, startUs), Number.POSITIVE_INFINITY),
    endUs: packs.reduce((max, { endUs }) => Math.max(max, endUs), Number.NEGATIVE_INFINITY),
  };
}
