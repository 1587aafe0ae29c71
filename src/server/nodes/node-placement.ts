/** Whether a producer is right here, and else where: by the leases. */
import type { LeaseRow } from "../../archive/index/index-leases.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { Elsewhere, Placement } from "../../ingest/placement.ts";
import type { IndexTime } from "./index-time.ts";
import type { NodeRegistry } from "./node-registry.ts";
import type { StreamLeases } from "./stream-leases.ts";

export interface PlacementParts {
  readonly leases: StreamLeases;
  readonly registry: NodeRegistry;
  readonly time: IndexTime;
  readonly clock: Clock;
  /** Longest wait for a dead node's lease, ms. */
  readonly waitMs: number;
  /** Of any stream, from the index. */
  lease(stream: string): Promise<LeaseRow | undefined>;
  /** Asks another node to let a stream go. False: it does not, or does not answer. */
  ask(node: Elsewhere, stream: string, identity: string): Promise<boolean>;
}

/** Between two looks at a lease that is about to run out, ms. */
const LOOK_MS = 100;

export class NodePlacement implements Placement {
  readonly #parts: PlacementParts;

  constructor(parts: PlacementParts) {
    this.#parts = parts;
  }

  async elsewhere(stream: string): Promise<Elsewhere | undefined> {
    const { leases, registry, clock, waitMs } = this.#parts;
    const since = clock.elapsed();
    for (;;) {
      const row = await leases.take(stream);
      if (row.node === registry.id) return undefined;
      const owner = await registry.alive(row.node);
      if (owner !== undefined) return { node: owner.id, url: owner.url, rtmpUrl: owner.rtmpUrl };
      if (clock.elapsed() - since > waitMs)
        throw new Fault(
          "ingest.busy",
          `node ${row.node}, which records ${stream}, does not answer`,
        );
      await sleep(clock, LOOK_MS);
    }
  }

  async lookUp(stream: string): Promise<Elsewhere | undefined> {
    const { leases, registry, time, lease } = this.#parts;
    if (leases.holds(stream)) return undefined;
    const row = await lease(stream);
    if (row === undefined || row.node === registry.id) return undefined;
    if (row.untilMs <= (await time.read())) return undefined;
    const owner = await registry.alive(row.node);
    return owner && { node: owner.id, url: owner.url, rtmpUrl: owner.rtmpUrl };
  }

  async fetch(stream: string, identity: string): Promise<Elsewhere | undefined> {
    const owner = await this.elsewhere(stream);
    if (owner === undefined || !(await this.#parts.ask(owner, stream, identity))) return owner;
    return this.elsewhere(stream);
  }
}
