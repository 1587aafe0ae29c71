/**
 * A clip as fragmented MP4 (ISO/IEC 14496-12): one `moof` and `mdat` per archived fragment, `mfra` at the end.
 * All fields have a fixed width, so sizes follow from the frame counts and payload bytes in the index.
 * docs/formats/clip.md draws it.
 */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import type { PackTotals, StoredFragment, TrackTotals } from "../../fragment/fragment.ts";
import {
  clipFragmentHead,
  clipFragmentSize,
  clipFragmentsSize,
} from "../../media/fmp4/clip-fragment.ts";
import { initSegment } from "../../media/fmp4/init.ts";
import { mfra, mfraSize, type RandomAccessPoint } from "../../media/fmp4/mfra.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { pressDecodeTimes } from "./decode-times.ts";
import { type Extent, ready } from "./extents.ts";
import type { ClipContent, ClipLayout } from "./layout.ts";
import { carriedFrames } from "./mp4-frames.ts";
import { gatherPayloads } from "./mp4-payloads.ts";
import { type Carried, inOrder, type Mp4Tracks, mp4TracksOf } from "./mp4-tracks.ts";
import { fragmentsOf, type Piece, unfolded } from "./pieces.ts";

/** No sample lasts longer than this, µs: no fragment does. */
const MAX_SAMPLE_US = 60_000_000;

/** Clips of more fragments have no `mfra`: it is made in one piece. Players then go from `moof` to `moof`. */
const MAX_INDEXED = 100_000;

/** A fragment and its place in the clip. */
interface Placed {
  readonly piece: Piece;
  readonly fragment: StoredFragment;
  readonly at: number;
  /** From 1. */
  readonly sequence: number;
}

export class Mp4Layout implements ClipLayout {
  readonly contentType: string;
  readonly omittedTracks: readonly Track[];
  readonly size: number;
  readonly #content: ClipContent;
  readonly #tracks: Mp4Tracks;
  readonly #head: Uint8Array;
  /** Producer time plus shift that is media time 0, µs. */
  readonly #originUs: number;
  /** Bytes of all fragments, and of `mfra`. */
  readonly #mediaBytes: number;
  readonly #indexBytes: number;

  /** Throws `codec.unsupported` when MP4 can carry none of the tracks. */
  constructor(content: ClipContent) {
    const { pieces, trackSets } = content;
    this.#content = content;
    this.#tracks = mp4TracksOf(trackSets);
    const { tracks, omitted } = this.#tracks;
    this.omittedTracks = omitted;
    if (tracks.length === 0) {
      const codecs = omitted.map(({ codecId }) => codecId).join(", ");
      throw new Fault("codec.unsupported", `MP4 cannot carry ${codecs}: ask for clip.mkv`);
    }
    const video = tracks.some(({ track }) => track.type !== "audio");
    this.contentType = video ? "video/mp4" : "audio/mp4";
    this.#originUs = pieces.reduce((least, p) => Math.min(least, p.startUs + p.shiftUs), Infinity);
    const endUs = pieces.reduce((most, p) => Math.max(most, p.endUs + p.shiftUs), 0);
    const durationMs = Math.ceil((endUs - this.#originUs) / 1000);
    this.#head = initSegment({ tracks, durationMs });
    this.#mediaBytes = pieces.reduce((sum, piece) => sum + this.#pieceBytes(piece), 0);
    this.#indexBytes = this.#indexSize();
    this.size = this.#head.length + this.#mediaBytes + this.#indexBytes;
  }

  async *extents(start: number): AsyncGenerator<Extent> {
    yield ready(0, this.#head);
    const indexAt = this.#head.length + this.#mediaBytes;
    if (start < indexAt) {
      let before: Placed | undefined;
      for await (const placed of this.#fragments(start)) {
        if (before !== undefined) yield this.#extent(before, placed);
        before = placed;
      }
      if (before !== undefined) yield this.#extent(before, undefined);
    }
    if (this.#indexBytes > 0) yield ready(indexAt, await this.#index());
  }

  /** From the piece that holds byte `start`: packs before it are passed over by their totals. */
  async *#fragments(start: number): AsyncGenerator<Placed> {
    let at = this.#head.length;
    let sequence = 1;
    for (const whole of this.#content.pieces) {
      if (at + this.#pieceBytes(whole) <= start) {
        at += this.#pieceBytes(whole);
        sequence += whole.totals.fragments;
        continue;
      }
      for await (const piece of unfolded(this.#content.walk, whole)) {
        const bytes = this.#pieceBytes(piece);
        if (at + bytes > start) yield* this.#pieceFragments(piece, at, sequence);
        at += bytes;
        sequence += piece.totals.fragments;
      }
    }
  }

  async *#pieceFragments(piece: Piece, at: number, sequence: number): AsyncGenerator<Placed> {
    const list = await fragmentsOf(this.#content.walk, piece, this.#content.clock);
    let place = at;
    for (const [i, fragment] of list.entries()) {
      yield { piece, fragment, at: place, sequence: sequence + i };
      place += this.#fragmentBytes(fragment);
    }
    const whole = place === at + this.#pieceBytes(piece);
    assert(whole, "a pack's totals are not those of its fragments");
  }

  #extent(placed: Placed, next: Placed | undefined): Extent {
    const size = this.#fragmentBytes(placed.fragment);
    return { at: placed.at, size, load: () => this.#load(placed, next, size) };
  }

  async #load(placed: Placed, next: Placed | undefined, size: number): Promise<Uint8Array[]> {
    const { fragment, piece, sequence } = placed;
    const { packId, blocksOffset, blocksSize, info } = fragment;
    const { reader, signal } = this.#content.walk;
    const blocks = await reader.read(packId, blocksOffset, blocksSize, signal);
    const carried = this.#carried(fragment.trackSetId);
    const trackSet = this.#trackSet(fragment.trackSetId);
    const tracks = carriedFrames(blocks, fragment, { trackSet, carried });
    const head = clipFragmentHead({
      sequence: sequence % 2 ** 32,
      tracks,
      baseUs: this.#originUs - piece.shiftUs,
      endUs: info.producedEndUs,
      maxSampleUs: MAX_SAMPLE_US,
    });
    const payload = gatherPayloads(
      tracks.map(({ frames }) => frames),
      blocks,
    );
    if (payload.reduce((sum, part) => sum + part.length, head.length) !== size)
      throw new Fault("store.corrupt", `a fragment of ${packId} is not what the index says`);
    if (next !== undefined && !sameRun(fragment, next.fragment)) {
      const limitUs = next.fragment.info.producedStartUs + next.piece.shiftUs - this.#originUs;
      const scales = new Map(tracks.map(({ media }) => [media.id, media.timescale]));
      pressDecodeTimes(head, (id) => Math.floor((limitUs * (scales.get(id) ?? 1)) / 1e6));
    }
    return [head, ...payload];
  }

  #pieceBytes({ trackSetId, totals }: Piece): number {
    const carried = this.#carried(trackSetId);
    return clipFragmentsSize(totals.fragments, only(totals.tracks, carried));
  }

  #fragmentBytes({ trackSetId, info }: StoredFragment): number {
    return clipFragmentSize(only(info.totals, this.#carried(trackSetId)));
  }

  #carried(trackSetId: string): ReadonlyMap<number, Carried> {
    const carried = this.#tracks.carried.get(trackSetId);
    assert(carried !== undefined, "a clip's track set was not loaded");
    return carried;
  }

  #trackSet(trackSetId: string): TrackSet {
    const trackSet = this.#content.trackSets.get(trackSetId);
    assert(trackSet !== undefined, "a clip's track set was not loaded");
    return trackSet;
  }

  #indexSize(): number {
    const points = new Map(this.#tracks.tracks.map(({ id }) => [id, 0]));
    let fragments = 0;
    for (const { trackSetId, totals } of this.#content.pieces) {
      fragments += totals.fragments;
      const carried = this.#carried(trackSetId);
      for (const track of only<PackTotals["tracks"][number]>(totals.tracks, carried)) {
        const id = carried.get(track.track)?.media.id ?? 0;
        points.set(id, (points.get(id) ?? 0) + track.fragments);
      }
    }
    return fragments > MAX_INDEXED ? 0 : mfraSize([...points.values()]);
  }

  /** One point per track of each fragment; where a decoder cannot start, the point before it again. */
  async #index(): Promise<Uint8Array> {
    const points = new Map(this.#tracks.tracks.map(({ id }) => [id, [] as RandomAccessPoint[]]));
    for await (const { fragment, piece, at } of this.#fragments(0)) {
      const { info, trackSetId } = fragment;
      const startUs = info.producedStartUs + piece.shiftUs - this.#originUs;
      const present = new Set(info.totals.map(({ track }) => track));
      const carried = inOrder(this.#carried(trackSetId)).filter(([number]) => present.has(number));
      for (const [i, [, { media }]] of carried.entries()) {
        const list = points.get(media.id) ?? [];
        const time = Math.round((startUs * media.timescale) / 1e6);
        const point = { time, moofOffset: at, trafNumber: i + 1 };
        const starts = info.seekable || media.track.type === "audio";
        list.push(starts ? point : (list.at(-1) ?? point));
      }
    }
    return mfra(Array.from(points, ([trackId, list]) => ({ trackId, points: list })));
  }
}

/** What the clip carries of the totals, with what is put in front of key frames. */
function only<T extends TrackTotals>(
  totals: readonly T[],
  carried: ReadonlyMap<number, Carried>,
): T[] {
  const present = totals.filter(({ track, frames }) => frames > 0 && carried.has(track));
  return present.map((totalsOfTrack) => {
    const more = carried.get(totalsOfTrack.track)?.inBand?.length ?? 0;
    const payloadBytes = totalsOfTrack.payloadBytes + totalsOfTrack.keyframes * more;
    return more === 0 ? totalsOfTrack : { ...totalsOfTrack, payloadBytes };
  });
}

function sameRun({ info: a }: StoredFragment, { info: b }: StoredFragment): boolean {
  return a.session === b.session && a.run === b.run;
}
