/**
 * A clip as a plain MP4 (ISO/IEC 14496-12 without movie fragments): `moov` with full sample tables in front, then one `mdat`
 * with a chunk per fragment and track. The tables need the size and time of every frame, so all media is read
 * once before the first byte is sent and again while it is; none is kept. docs/formats/clip.md draws it.
 */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { fileSampleEntry } from "../../media/codec/describe.ts";
import type { FragmentTrack } from "../../media/fmp4/clip-fragment.ts";
import { movieHead } from "../../media/mp4/movie.ts";
import type { Track } from "../../media/track.ts";
import { type Extent, ready } from "./extents.ts";
import type { ClipContent, ClipLayout } from "./layout.ts";
import { carriedFrames } from "./mp4-frames.ts";
import { gatherPayloads } from "./mp4-payloads.ts";
import { type Carried, type Mp4Tracks, mp4TracksOf } from "./mp4-tracks.ts";
import { fragmentsOf, type Piece, unfolded } from "./pieces.ts";
import { PlainTrack, plainTrack } from "./plain-track.ts";

/** Of one plain clip, as KVS's GetClip has them. Media read before the first byte is bounded by them. */
export const PLAIN_LIMITS = { bytes: 100_000_000, fragments: 200 } as const;

/** No sample is said to last longer of itself, µs; one before a gap lasts until the gap's end. */
const MAX_SAMPLE_US = 60_000_000;

interface Placed {
  readonly fragment: StoredFragment;
  /** From the first byte of the media. */
  readonly at: number;
  readonly size: number;
}

export class PlainMp4Layout implements ClipLayout {
  readonly contentType: string;
  readonly omittedTracks: readonly Track[];
  readonly size: number;
  readonly #content: ClipContent;
  readonly #tracks: Mp4Tracks;
  readonly #head: Uint8Array;
  readonly #placed: readonly Placed[];

  /**
   * Reads all media. Throws `codec.unsupported` when no track can be carried, `request.too-large` over `PLAIN_LIMITS`,
   * `request.no-media` when no carried track has a frame, `mkv.*` and `codec.bad-payload` for frames that cannot be read.
   */
  static async open(content: ClipContent): Promise<PlainMp4Layout> {
    checkLimits(content.pieces);
    const tracks = plainTracksOf(content);
    const scan = new Scan(content, tracks);
    for (const whole of content.pieces)
      for await (const piece of unfolded(content.walk, whole))
        for (const fragment of await fragmentsOf(content.walk, piece, content.clock))
          await scan.add(fragment, piece.shiftUs);
    return new PlainMp4Layout(content, tracks, scan);
  }

  private constructor(content: ClipContent, tracks: Mp4Tracks, scan: Scan) {
    this.#content = content;
    this.#tracks = tracks;
    this.omittedTracks = tracks.omitted;
    const filled = scan.tracks.filter(({ empty }) => !empty);
    if (filled.length === 0) throw new Fault("request.no-media", "no frame of these tracks here");
    const video = filled.some(({ media }) => media.track.type !== "audio");
    this.contentType = video ? "video/mp4" : "audio/mp4";
    const movie = filled.map((track) => track.movie());
    this.#head = movieHead(movie, scan.bytes);
    this.#placed = scan.placed;
    this.size = this.#head.length + scan.bytes;
  }

  async *extents(start: number): AsyncGenerator<Extent> {
    yield ready(0, this.#head);
    for (const placed of this.#placed) {
      const at = this.#head.length + placed.at;
      if (at + placed.size > start) yield { at, size: placed.size, load: () => this.#load(placed) };
    }
  }

  async #load({ fragment, size }: Placed): Promise<Uint8Array[]> {
    const { blocks, tracks } = await readFragment(this.#content, this.#tracks, fragment);
    const frames = tracks.map((track) => track.frames);
    const payload = gatherPayloads(frames, blocks);
    if (payload.reduce((sum, part) => sum + part.length, 0) !== size)
      throw new Fault("store.corrupt", `a fragment of ${fragment.packId} is not what it was`);
    return payload;
  }
}

/** What one look through all fragments finds. */
class Scan {
  readonly tracks: readonly PlainTrack[];
  readonly placed: Placed[] = [];
  bytes = 0;
  readonly #content: ClipContent;
  readonly #carried: Mp4Tracks;
  readonly #originUs: number;

  constructor(content: ClipContent, carried: Mp4Tracks) {
    this.#content = content;
    this.#carried = carried;
    this.tracks = carried.tracks.map((media) => new PlainTrack(media));
    this.#originUs = content.pieces.reduce(
      (least, p) => Math.min(least, p.startUs + p.shiftUs),
      Infinity,
    );
  }

  async add(fragment: StoredFragment, shiftUs: number): Promise<void> {
    const { tracks } = await readFragment(this.#content, this.#carried, fragment);
    const baseUs = this.#originUs - shiftUs;
    const span = { baseUs, endUs: fragment.info.producedEndUs, maxSampleUs: MAX_SAMPLE_US };
    let at = this.bytes;
    for (const one of tracks) {
      const track = this.tracks.find(({ media }) => media.id === one.media.id);
      assert(track !== undefined, "a carried track that the clip does not have");
      at += track.add(one, span, at);
    }
    if (at > this.bytes) this.placed.push({ fragment, at: this.bytes, size: at - this.bytes });
    this.bytes = at;
  }
}

async function readFragment(
  { walk, trackSets }: ClipContent,
  { carried }: Mp4Tracks,
  fragment: StoredFragment,
): Promise<{ blocks: Uint8Array; tracks: readonly FragmentTrack[] }> {
  const { packId, blocksOffset, blocksSize, trackSetId } = fragment;
  const trackSet = trackSets.get(trackSetId);
  const mine = carried.get(trackSetId);
  assert(trackSet !== undefined && mine !== undefined, "a clip's track set was not loaded");
  const blocks = await walk.reader.read(packId, blocksOffset, blocksSize, walk.signal);
  return { blocks, tracks: carriedFrames(blocks, fragment, { trackSet, carried: mine }) };
}

/** With ids in order of kind: video first, then sound, as KVS has them. */
function plainTracksOf({ trackSets }: ClipContent): Mp4Tracks {
  const kind = ({ type }: Track) => (type === "video" ? 0 : 1);
  const sorted = new Map(
    [...trackSets].map(([id, set]) => [
      id,
      { ...set, tracks: [...set.tracks].sort((a, b) => kind(a) - kind(b)) },
    ]),
  );
  const { tracks, omitted, carried } = mp4TracksOf(sorted, fileSampleEntry);
  if (tracks.length === 0) {
    const codecs = omitted.map(({ codecId }) => codecId).join(", ");
    throw new Fault("codec.unsupported", `MP4 cannot carry ${codecs}: ask for clip.mkv`);
  }
  const plain = new Map(tracks.map((media) => [media, plainTrack(media)]));
  const own = (one: Carried) => ({ ...one, media: plain.get(one.media) ?? one.media });
  const carriedPlain = new Map(
    [...carried].map(([id, set]) => [id, new Map([...set].map(([n, one]) => [n, own(one)]))]),
  );
  return { tracks: [...plain.values()], omitted, carried: carriedPlain };
}

function checkLimits(pieces: readonly Piece[]): void {
  const { bytes, fragments } = PLAIN_LIMITS;
  const blocks = pieces.reduce((sum, { totals }) => sum + totals.blocksBytes, 0);
  const count = pieces.reduce((sum, { totals }) => sum + totals.fragments, 0);
  if (blocks <= bytes && count <= fragments) return;
  throw new Fault(
    "request.too-large",
    `a plain MP4 holds at most ${bytes / 1e6} MB and ${fragments} fragments: ask for less, or for another layout`,
  );
}
