/** The reading side: packs and chains from the index, fragment lists from the index or from the packs, bytes from where they are. */
import { Fault } from "../base/errors.ts";
import type {
  FragmentReader,
  PackChain,
  PackSelection,
  PackStretch,
  PackSummary,
  RecordedGap,
  StoredFragment,
  StreamExtent,
  TimeRange,
} from "../fragment/fragment.ts";
import type { TrackSet } from "../media/track.ts";
import type { FragmentIndex, PackRow, PageKey } from "./index/fragment-index.ts";
import { readFragmentList } from "./index/fragment-list.ts";
import type { Places } from "./places.ts";
import { loadTrackSet } from "./track-sets.ts";

/** Lists read from packs that are kept in memory. */
const MAX_LISTS = 256;
const MAX_TRACK_SETS = 1000;
/** Lists that are kept decoded: some hundred fragments each. */
const MAX_DECODED = 32;

interface Decoded {
  /** Length of what it was read from: an open pack's list grows, and nothing in it changes. */
  readonly bytes: number;
  readonly fragments: readonly StoredFragment[];
}

export class PackReader implements FragmentReader {
  readonly #index: FragmentIndex;
  readonly #places: Places;
  readonly #trackSets = new Map<string, TrackSet>();
  /** Of sealed packs: they do not change. */
  readonly #lists = new Map<string, Promise<Uint8Array>>();
  /** By pack, the longest unused first. */
  readonly #decoded = new Map<string, Decoded>();

  constructor(index: FragmentIndex, places: Places) {
    this.#index = index;
    this.#places = places;
  }

  async *packs(
    stream: string,
    selection: PackSelection,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly PackSummary[]> {
    let after: PageKey | undefined;
    let none = true;
    do {
      signal?.throwIfAborted();
      const page = await this.#index.packs(stream, selection, after);
      if (page.packs.length > 0) yield page.packs;
      none &&= page.packs.length === 0;
      after = page.next;
    } while (after !== undefined);
    // A stream and its packs go in one transaction: what has some is there, and is not looked for.
    if (none && (await this.#index.stream(stream)) === undefined)
      throw new Fault("stream.not-found", `there is no stream ${stream}`);
  }

  chain(stream: string, range: TimeRange): Promise<PackChain | undefined> {
    return this.#index.chain(stream, range);
  }

  stretches(stream: string, range: TimeRange, joinMs: number): Promise<readonly PackStretch[]> {
    return this.#index.stretches(stream, range, joinMs);
  }

  async fragments(stream: string, packId: string): Promise<readonly StoredFragment[]> {
    const row = await this.#index.pack(stream, packId);
    if (row === undefined) throw new Fault("store.not-found", `there is no pack ${packId}`);
    const bytes = await this.list(row);
    const known = this.#decoded.get(packId);
    const { fragments } = known?.bytes === bytes.length ? known : readFragmentList(bytes, row);
    this.#decoded.delete(packId);
    const [oldest] = this.#decoded.keys();
    if (this.#decoded.size >= MAX_DECODED && oldest !== undefined) this.#decoded.delete(oldest);
    this.#decoded.set(packId, { bytes: bytes.length, fragments });
    return fragments;
  }

  /** A row's fragment list, from the pack itself where the index has let it go. */
  async list(row: PackRow): Promise<Uint8Array> {
    const { packId, fragments, listOffset, listBytes } = row;
    if (fragments !== undefined) return fragments;
    const known = this.#lists.get(packId);
    if (known !== undefined) return known;
    if (listBytes === 0) throw new Fault("store.corrupt", `the pack ${packId} has no list`);
    const reading = this.#places.read(packId, listOffset, listBytes);
    this.#keep(packId, reading);
    return reading;
  }

  #keep(packId: string, reading: Promise<Uint8Array>): void {
    const [oldest] = this.#lists.keys();
    if (this.#lists.size >= MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    this.#lists.set(packId, reading);
    reading.catch(() => this.#lists.delete(packId));
  }

  /** Of a pack that was removed. */
  forget(packId: string): void {
    this.#lists.delete(packId);
    this.#decoded.delete(packId);
  }

  async trackSet(id: string): Promise<TrackSet> {
    const known = this.#trackSets.get(id);
    if (known !== undefined) return known;
    const trackSet = await loadTrackSet(this.#index, id);
    if (this.#trackSets.size >= MAX_TRACK_SETS) this.#trackSets.clear();
    this.#trackSets.set(id, trackSet);
    return trackSet;
  }

  read(packId: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#places.read(packId, offset, size, signal);
  }

  gaps(stream: string, range: TimeRange, limit: number): Promise<readonly RecordedGap[]> {
    return this.#index.gaps(stream, range, limit);
  }

  extent(stream: string): Promise<StreamExtent | undefined> {
    return this.#index.extent(stream);
  }

  /** Stored fragments of a stream with an instant in the range, in the order they were stored. */
  async storedIn(stream: string, range: TimeRange): Promise<StoredFragment[]> {
    const found: StoredFragment[] = [];
    for await (const page of this.packs(stream, { by: "time", clock: "producer", range }))
      for (const { packId } of page) found.push(...(await this.fragments(stream, packId)));
    return found.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
  }
}
