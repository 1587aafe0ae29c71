/**
 * The archive without the packs that nobody can read now: what clips, lists and coverage are planned from, so that the size
 * of a clip is that of what can be sent. An exact read of such a pack says `store.unavailable` all the same.
 */
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
} from "../../fragment/fragment.ts";
import type { TrackSet } from "../../media/track.ts";
import type { LostPacks } from "./lost-packs.ts";

export class ReachableReader implements FragmentReader {
  readonly #reader: FragmentReader;
  readonly #lost: Pick<LostPacks, "of">;

  constructor(reader: FragmentReader, lost: Pick<LostPacks, "of">) {
    this.#reader = reader;
    this.#lost = lost;
  }

  async *packs(
    stream: string,
    selection: PackSelection,
    signal?: AbortSignal,
  ): AsyncGenerator<readonly PackSummary[]> {
    const lost = this.#lost.of(stream);
    for await (const page of this.#reader.packs(stream, selection, signal)) {
      const found = lost === undefined ? page : page.filter(({ packId }) => !lost.has(packId));
      if (found.length > 0) yield found;
    }
  }

  /** A chain may have such a pack in it: then there is none, and packs are looked at one by one. */
  async chain(stream: string, range: TimeRange): Promise<PackChain | undefined> {
    return this.#lost.of(stream) === undefined ? this.#reader.chain(stream, range) : undefined;
  }

  async stretches(
    stream: string,
    range: TimeRange,
    joinMs: number,
  ): Promise<readonly PackStretch[] | undefined> {
    if (this.#lost.of(stream) !== undefined) return undefined;
    return this.#reader.stretches(stream, range, joinMs);
  }

  fragments(stream: string, packId: string): Promise<readonly StoredFragment[]> {
    return this.#reader.fragments(stream, packId);
  }

  trackSet(id: string): Promise<TrackSet> {
    return this.#reader.trackSet(id);
  }

  read(packId: string, offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#reader.read(packId, offset, size, signal);
  }

  gaps(stream: string, range: TimeRange, limit: number): Promise<readonly RecordedGap[]> {
    return this.#reader.gaps(stream, range, limit);
  }

  extent(stream: string): Promise<StreamExtent | undefined> {
    return this.#reader.extent(stream);
  }
}
