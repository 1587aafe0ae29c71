/**
 * Fragments that are sent again. A producer whose ack was lost re-sends what it has not seen PERSISTED; stored twice, the
 * same seconds would be there twice. A fragment with the same Cluster time, tracks and bytes as one that is stored is
 * that one. Where a broken connection left the beginning of it, only the rest is stored, as a fragment that goes on
 * with it. Looked for only where media goes back in time: what begins after all before it is new.
 */
import { ropeCrc32 } from "../base/crc32.ts";
import type { Recording, SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import { crc32 } from "../native/crc32.ts";
import { blocksCrcOf } from "./blocks-crc.ts";
import { restOf } from "./rest.ts";
import { trackSetId } from "./track-sets.ts";

export interface StoredLookup {
  /** Stored fragments with an instant in [fromMs, toMs) on the producer's clock, in the order they were stored. */
  find(fromMs: number, toMs: number): Promise<readonly StoredFragment[]>;
  /** The first bytes of a stored fragment's blocks. */
  read(stored: StoredFragment, size: number): Promise<Uint8Array>;
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
    return this.#store(fragment, this.#search(append, before?.stored));
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
  #search(append: Recording["append"], before: Promise<unknown> | undefined): Recording["append"] {
    return (fragment) => {
      const found = settled(this.#searching)
        .then(() => settled(before))
        .then(() => this.#find(fragment));
      const searched = settled(found);
      this.#searching = searched;
      void searched.then(() => {
        if (this.#searching === searched) this.#searching = undefined;
      });
      return found.then((it) => (it.rest === undefined ? it.stored : append(it.rest)));
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

  /** Where it is stored, or what of it is not. */
  async #find(fragment: SealedFragment): Promise<Found> {
    const { producedStartUs, producedEndUs } = fragment.info;
    const [fromMs, toMs] = [Math.floor(producedStartUs / 1000), Math.ceil(producedEndUs / 1000)];
    const id = trackSetId(fragment.trackSet);
    let rest = fragment;
    for (const stored of await this.#lookup.find(fromMs, toMs)) {
      if (stored.clusterNs !== fragment.clusterNs || stored.trackSetId !== id) continue;
      const { length } = rest.blocks;
      if (stored.blocksSize > length) {
        const begins = crc32(await this.#lookup.read(stored, length)) === blocksCrcOf(rest);
        if (begins) return { stored };
      } else if (stored.blocksCrc === beginningCrc(rest, stored.blocksSize)) {
        if (stored.blocksSize === length) return { stored };
        rest = restOf(rest, stored);
      }
    }
    return { rest };
  }
}

type Found =
  | { readonly stored: StoredFragment; readonly rest?: undefined }
  | { readonly rest: SealedFragment };

function same(a: SealedFragment, b: SealedFragment): boolean {
  return a.blocks.length === b.blocks.length && blocksCrcOf(a) === blocksCrcOf(b);
}

function beginningCrc(fragment: SealedFragment, size: number): number {
  const { blocks } = fragment;
  return size === blocks.length ? blocksCrcOf(fragment) : ropeCrc32(blocks.slice(0, size), crc32);
}

/** Resolves when it is decided, either way. */
function settled(promise: Promise<unknown> | undefined): Promise<void> {
  return Promise.resolve(promise).then(
    () => {},
    () => {},
  );
}
