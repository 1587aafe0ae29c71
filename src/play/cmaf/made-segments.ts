/**
 * Segments of archived fragments, made when they are asked for and kept for the next who asks, the last used ones within a bound.
 * Whether the fragment is still in the archive is asked before, every time: nothing is given from here that was deleted.
 */
import { ByteCache } from "../../base/byte-cache.ts";
import { Fault } from "../../base/errors.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { Rendition } from "./renditions.ts";
import { muxedSegment, partedSegments, type Segments } from "./segment.ts";

/** All segments that are kept. One of more than a quarter of this is not. */
const MAX_BYTES = 32 << 20;

export class MadeSegments {
  readonly #reader: FragmentReader;
  readonly #kept: ByteCache;
  readonly #making = new Map<string, Promise<Segments>>();

  constructor(reader: FragmentReader, maxBytes = MAX_BYTES) {
    this.#reader = reader;
    this.#kept = new ByteCache(maxBytes);
  }

  /**
   * Not to be changed by who gets it. Throws `request.no-media` when the fragment has nothing for this rendition,
   * `store.not-found` when retention has taken it, `store.corrupt`.
   */
  async get(fragment: StoredFragment, rendition: Rendition): Promise<Uint8Array> {
    const name = `${fragment.packId} ${fragment.blocksOffset}`;
    const kept = this.#kept.get(`${name} ${rendition}`);
    if (kept !== undefined) return kept;
    const made = (await this.#made(name, fragment, rendition === "av")).get(rendition);
    if (made === undefined)
      throw new Fault("request.no-media", "the fragment has nothing of these tracks");
    return made;
  }

  /** Once for all who wait for it. */
  #made(name: string, fragment: StoredFragment, muxed: boolean): Promise<Segments> {
    const key = `${name} ${muxed}`;
    const begun = this.#making.get(key);
    if (begun !== undefined) return begun;
    const options = { reader: this.#reader, fragment };
    const making = (muxed ? muxedSegment(options) : partedSegments(options))
      .then((segments) => {
        for (const [rendition, bytes] of segments) this.#kept.set(`${name} ${rendition}`, bytes);
        return segments;
      })
      .finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }
}
