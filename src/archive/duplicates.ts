/**
 * Fragments that are sent again. A producer whose ack was lost re-sends what it has not seen PERSISTED; stored twice, the
 * same seconds would be there twice. A fragment with the same Cluster time, size and checksum as one that is stored
 * is that one. Looked for only where media goes back in time: what begins after all before it is new.
 */
import type { Recording, SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import { blocksCrcOf } from "./blocks-crc.ts";

export interface StoredLookup {
  /** Stored fragments with an instant in [fromMs, toMs) on the producer's clock. */
  find(fromMs: number, toMs: number): Promise<readonly StoredFragment[]>;
}

interface UnderWay {
  readonly fragment: SealedFragment;
  readonly stored: Promise<StoredFragment>;
}

/** Of one stream, over all its recordings. */
export class Duplicates {
  readonly #lookup: StoredLookup;
  /** Nothing that is stored or under way begins after this, µs. */
  #lastStartUs: number;
  /** By Cluster time. */
  readonly #underWay = new Map<bigint, UnderWay>();
  /** A search that is going on: what comes after it is stored after it. */
  #searching: Promise<unknown> | undefined;

  constructor(lookup: StoredLookup, lastStartUs: number) {
    this.#lookup = lookup;
    this.#lastStartUs = lastStartUs;
  }

  /** Stores the fragment with `append`, unless it is stored already: then resolves with that one. */
  append(fragment: SealedFragment, append: Recording["append"]): Promise<StoredFragment> {
    const { producedStartUs } = fragment.info;
    const isNew = producedStartUs > this.#lastStartUs;
    this.#lastStartUs = Math.max(this.#lastStartUs, producedStartUs);
    if (isNew) return this.#store(fragment, this.#afterSearch(append));
    const before = this.#underWay.get(fragment.clusterNs);
    if (before !== undefined && same(before.fragment, fragment)) return before.stored;
    return this.#store(fragment, this.#search(append));
  }

  #afterSearch(append: Recording["append"]): Recording["append"] {
    const searching = this.#searching;
    if (searching === undefined) return append;
    return async (fragment) => {
      await searching;
      return append(fragment);
    };
  }

  /** Looks first, and appends what is not found; in the order in which fragments came. */
  #search(append: Recording["append"]): Recording["append"] {
    return (fragment) => {
      const found = Promise.resolve(this.#searching).then(() => this.#find(fragment));
      const searched = found.then(
        () => {},
        () => {},
      );
      this.#searching = searched;
      void searched.then(() => {
        if (this.#searching === searched) this.#searching = undefined;
      });
      return found.then((one) => one ?? append(fragment));
    };
  }

  #store(fragment: SealedFragment, append: Recording["append"]): Promise<StoredFragment> {
    const stored = append(fragment);
    const { clusterNs } = fragment;
    const entry = { fragment, stored };
    this.#underWay.set(clusterNs, entry);
    const forget = () => {
      if (this.#underWay.get(clusterNs) === entry) this.#underWay.delete(clusterNs);
    };
    stored.then(forget, forget);
    return stored;
  }

  async #find(fragment: SealedFragment): Promise<StoredFragment | undefined> {
    const { producedStartUs, producedEndUs } = fragment.info;
    const [fromMs, toMs] = [Math.floor(producedStartUs / 1000), Math.ceil(producedEndUs / 1000)];
    const stored = await this.#lookup.find(fromMs, toMs);
    let crc: number | undefined;
    for (const one of stored) {
      if (one.clusterNs !== fragment.clusterNs || one.blocksSize !== fragment.blocks.length)
        continue;
      crc ??= blocksCrcOf(fragment);
      if (one.blocksCrc === crc) return one;
    }
    return undefined;
  }
}

function same(a: SealedFragment, b: SealedFragment): boolean {
  return a.blocks.length === b.blocks.length && blocksCrcOf(a) === blocksCrcOf(b);
}
