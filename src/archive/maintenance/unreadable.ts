/**
 * Whether it is one pack that cannot be read, or everything: a bad sector is a finding and the rest goes on, a store that is away
 * ends the work. Knows nothing of what is done with the packs.
 */
import type { Fault } from "../../base/errors.ts";
import type { ObjectStore } from "../store/object-store.ts";

/** So many packs one after the other that cannot be read are no longer about the packs. */
const IN_A_ROW = 64;

export class Unreadable {
  readonly #store: Pick<ObjectStore, "probe">;
  #row = 0;
  #any = false;

  constructor(store: Pick<ObjectStore, "probe">) {
    this.#store = store;
  }

  /** What became of the next pack. Throws the fault when it is not the pack's, or there are too many in a row. */
  one(fault: Fault | undefined): "damaged" | "unreadable" {
    if (fault === undefined || fault.code === "store.corrupt") {
      this.#row = 0;
      return "damaged";
    }
    if (fault.code !== "store.unavailable" && fault.code !== "store.not-found") throw fault;
    this.#any = true;
    if (++this.#row > IN_A_ROW) throw fault;
    return "unreadable";
  }

  /** At the end. Throws `store.unavailable` when something was unreadable because nothing is. */
  async storeIsThere(): Promise<void> {
    if (this.#any) await this.#store.probe();
  }
}
