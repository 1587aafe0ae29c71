/** Leases and nodes as an index keeps them (src/archive/index/index-leases.ts), in memory: one table for several nodes of a test. */
import type { IndexLeases, LeaseRow, NodeRow } from "../../src/archive/index/index-leases.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { type Millis, millis } from "../../src/base/units.ts";

export class LeaseTable implements IndexLeases {
  readonly #clock: Clock;
  readonly #rows = new Map<string, LeaseRow>();
  readonly #nodes = new Map<string, NodeRow>();
  /** The index cannot be reached. */
  down = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async now(): Promise<Millis> {
    if (this.down) throw new Fault("index.unavailable", "down");
    return this.#clock.now();
  }

  async takeLease(
    { stream, node, ttlMs, steal = false }: Parameters<IndexLeases["takeLease"]>[0],
    nowMs: number,
  ): Promise<LeaseRow> {
    if (this.down) throw new Fault("index.unavailable", "down");
    const before = this.#rows.get(stream);
    if (
      before !== undefined &&
      before.node !== node &&
      before.node !== "" &&
      before.untilMs > nowMs &&
      !steal
    )
      return before;
    const epoch = before?.node === node ? before.epoch : (before?.epoch ?? 0) + 1;
    const row = { stream, node, epoch, untilMs: millis(nowMs + ttlMs) };
    this.#rows.set(stream, row);
    return row;
  }

  async renewLeases(
    leases: readonly { stream: string; epoch: number }[],
    node: string,
    untilMs: number,
  ): Promise<readonly string[]> {
    if (this.down) throw new Fault("index.unavailable", "down");
    return leases.flatMap(({ stream, epoch }) => {
      const row = this.#rows.get(stream);
      if (row?.node !== node || row.epoch !== epoch) return [];
      this.#rows.set(stream, { ...row, untilMs: millis(untilMs) });
      return [stream];
    });
  }

  async freeLease(stream: string, node: string, epoch: number): Promise<void> {
    const row = this.#rows.get(stream);
    if (row?.node === node && row.epoch === epoch)
      this.#rows.set(stream, { ...row, node: "", untilMs: millis(0) });
  }

  async lease(stream: string): Promise<LeaseRow | undefined> {
    const row = this.#rows.get(stream);
    return row?.node === "" ? undefined : row;
  }

  async leases(nowMs: number): Promise<readonly LeaseRow[]> {
    return [...this.#rows.values()].filter(({ untilMs }) => untilMs > nowMs);
  }

  async putNode(node: NodeRow): Promise<void> {
    this.#nodes.set(node.id, node);
  }

  async nodes(): Promise<readonly NodeRow[]> {
    return [...this.#nodes.values()];
  }
}
