/** The nodes that share the index: this one's row, written every few seconds, and the others'. */
import type { IndexLeases, NodeRow } from "../../archive/index/index-leases.ts";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { asFault } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { millis } from "../../base/units.ts";
import type { IndexTime } from "./index-time.ts";

export interface RegistryOptions {
  readonly index: Pick<IndexLeases, "putNode" | "nodes">;
  readonly time: IndexTime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly id: string;
  /** Every so many ms a row is written. */
  readonly everyMs: number;
  /** A node that was not heard of for so long is taken for dead, ms. */
  readonly aliveMs: number;
  /** JSON for the other nodes. */
  status(): string;
}

/** Where this node is reached. */
export interface NodeAddress {
  readonly url: string;
  readonly rtmpUrl: string;
}

export class NodeRegistry {
  readonly #options: RegistryOptions;
  #address: NodeAddress | undefined;
  #cancel: CancelTimer = () => {};
  #nodes = new Map<string, NodeRow>();
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  /** Where this node is reached, once it has told the others. */
  get address(): NodeAddress | undefined {
    return this.#address;
  }

  /** Tells the others where it is, now and again and again. Throws `index.unavailable`. */
  async start(address: NodeAddress): Promise<void> {
    this.#address = address;
    await this.#beat();
    this.#plan();
  }

  /** All that are known, this one too, as last read. */
  get all(): readonly NodeRow[] {
    return [...this.#nodes.values()];
  }

  isAlive(node: NodeRow): boolean {
    return this.quietMs(node) < this.#options.aliveMs;
  }

  /** How long it has not been heard of, ms. */
  quietMs({ seenMs }: NodeRow): number {
    return this.#options.time.latest() - seenMs;
  }

  /** Another node that was heard of lately, read anew when it was not. Throws `index.unavailable`. */
  async alive(id: string): Promise<NodeRow | undefined> {
    const known = this.#nodes.get(id);
    if (known !== undefined && this.isAlive(known)) return known;
    await this.read();
    const row = this.#nodes.get(id);
    return row !== undefined && this.isAlive(row) ? row : undefined;
  }

  /** Reads the rows of all nodes. Throws `index.unavailable`. */
  async read(): Promise<void> {
    await this.#options.time.read();
    const rows = await this.#options.index.nodes();
    this.#nodes = new Map(rows.map((row) => [row.id, row]));
  }

  /** Says good-bye: nobody waits for this node. Fine when the index is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    if (this.#address !== undefined) await this.#put(0).catch(() => {});
  }

  #plan(): void {
    this.#cancel = this.#options.clock.after(this.#options.everyMs, () => {
      this.#beat()
        .catch((error) => {
          const { code, message } = asFault(error);
          this.#options.log.warn("node.not-heard", { code, message });
        })
        .finally(() => this.#closed || this.#plan());
    });
  }

  async #beat(): Promise<void> {
    await this.#put(await this.#options.time.read());
    if (!this.#closed) await this.read();
  }

  async #put(seenMs: number): Promise<void> {
    const { index, id, status } = this.#options;
    const { url, rtmpUrl } = this.#address ?? { url: "", rtmpUrl: "" };
    await index.putNode({ id, url, rtmpUrl, seenMs: millis(seenMs), status: status() });
  }
}
