/** Bytes of packs that are on another node's disk and not in the object store yet. */
import { Fault } from "../../base/errors.ts";
import type { NodeClient } from "./node-client.ts";
import type { NodeRegistry } from "./node-registry.ts";

export class RemotePacks {
  readonly #registry: Pick<NodeRegistry, "alive">;
  readonly #client: Pick<NodeClient, "ask">;

  constructor(registry: Pick<NodeRegistry, "alive">, client: Pick<NodeClient, "ask">) {
    this.#registry = registry;
    this.#client = client;
  }

  /**
   * Throws `store.unavailable` (the node is not there: at once), `store.not-found` (it does not have it any more: it may
   * have gone to the store meanwhile), `store.corrupt` (shorter than that).
   */
  async read(node: string, packId: string, offset: number, size: number): Promise<Uint8Array> {
    const owner = await this.#registry.alive(node);
    if (owner === undefined)
      throw new Fault("store.unavailable", `${packId} is on node ${node}, which is not there`);
    if (size === 0) return new Uint8Array(0);
    const path = `/internal/packs/${packId}`;
    const range = `bytes=${offset}-${offset + size - 1}`;
    const { status, body } = await this.#client.ask(owner.url, path, { range });
    if (status === 206 && body.length === size) return body;
    if (status === 404) throw new Fault("store.not-found", `node ${node} has no ${packId}`);
    if (status === 416 || status === 206)
      throw new Fault("store.corrupt", `${packId} ends before byte ${offset + size}`, {
        at: offset,
      });
    throw new Fault("store.unavailable", `node ${node} answered ${status} for ${packId}`);
  }
}
