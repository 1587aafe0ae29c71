/**
 * Plans a clip: any range of a stream as one file. Size, ETag and names come from the index; media is read
 * while the bytes are taken, and only the fragments a byte range needs. docs/design/clips.md.
 */
import { isoTime } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { ClockName, FragmentReader, TimeRange } from "../../fragment/fragment.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { type ByteRange, bytesOf } from "./extents.ts";
import type { ClipContent, ClipLayout } from "./layout.ts";
import { MkvLayout } from "./mkv-layout.ts";
import { Mp4Layout } from "./mp4-layout.ts";
import { identityOf, type Piece, piecesOf } from "./pieces.ts";
import { PlainMp4Layout } from "./plain-layout.ts";

/** `mp4`: fragmented, of any length; `plain-mp4`: with sample tables, at most `PLAIN_LIMITS`. */
export type ClipFormat = "mkv" | "mp4" | "plain-mp4";

/** Counts up whenever the same media would give other bytes: part of every ETag. */
const LAYOUT_VERSION = 1;

/** Different track sets in one clip; beyond it the index, not the clip, is the place to look. */
const MAX_TRACK_SETS = 1000;

export interface ClipOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly range: TimeRange;
  readonly clock: ClockName;
  readonly format: ClipFormat;
  readonly signal?: AbortSignal | undefined;
}

export interface ClipPlan {
  /** Exact, bytes. */
  readonly size: number;
  /** Strong, with its quotes. The same media in the same range gives the same bytes and the same tag. */
  readonly etag: string;
  readonly contentType: string;
  /** `camera_2026-11-22T22-24-00Z.mp4`: the stream and the clip's start. */
  readonly fileName: string;
  /** What the clip holds on the producer's clock, µs since the Unix epoch: more than was asked for, as fragments are whole. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly fragments: number;
  /** Tracks that are not in the clip because the format cannot carry them. */
  readonly omittedTracks: readonly Track[];
  /** The bytes of the clip, or `start` ≤ byte < `end` of them. Throws `store.*` when media has gone meanwhile. */
  chunks(range?: ByteRange): AsyncGenerator<Uint8Array, undefined>;
}

/**
 * The clip of every fragment that shares an instant with the range, from a place where a decoder can start.
 * Throws `stream.not-found`, `request.no-media`, `request.too-large`, and for MP4 `codec.unsupported` when
 * it can carry no track of it.
 */
export async function planClip(options: ClipOptions): Promise<ClipPlan> {
  const { reader, stream, clock, range, signal } = options;
  const pieces = await piecesOf({ reader, stream, signal, clock, range });
  if (pieces.length === 0)
    throw new Fault("request.no-media", `nothing was recorded in this range of ${stream}`);
  return planPieces(options, pieces);
}

/**
 * The clip of exactly these pieces. `only`: which tracks of each set; default all. Throws as `planClip` does, but for
 * `request.no-media` of an empty list, which nobody may give.
 */
export async function planPieces(
  options: Omit<ClipOptions, "range">,
  pieces: readonly Piece[],
  only: (trackSet: TrackSet) => TrackSet = (trackSet) => trackSet,
): Promise<ClipPlan> {
  const { reader, stream, clock, format, signal } = options;
  const walk = { reader, stream, signal };
  const loaded = await trackSetsOf(reader, pieces);
  const trackSets = new Map([...loaded].map(([id, set]) => [id, only(set)]));
  const layout = await layoutOf(format, { walk, clock, pieces, trackSets });
  const first = pieces.reduce((least, { startUs }) => Math.min(least, startUs), Infinity);
  const { size } = layout;
  const tracks = [...trackSets.values()].map((set) =>
    set.tracks.map(({ number }) => number).join(),
  );
  const ofTracks = format === "plain-mp4" ? tracks : [];
  const identity = identityOf(pieces, [`v${LAYOUT_VERSION}`, format, stream, ...ofTracks]);
  return {
    size,
    etag: `"${identity}"`,
    contentType: layout.contentType,
    fileName: `${stream}_${fileTime(first)}.${format === "mkv" ? "mkv" : "mp4"}`,
    firstUs: first,
    lastUs: pieces.reduce((most, { endUs }) => Math.max(most, endUs), 0),
    fragments: pieces.reduce((sum, { totals }) => sum + totals.fragments, 0),
    omittedTracks: layout.omittedTracks,
    chunks: (part = { start: 0, end: size }) => bytesOf(layout.extents(part.start), part),
  };
}

async function layoutOf(format: ClipFormat, content: ClipContent): Promise<ClipLayout> {
  if (format === "plain-mp4") return PlainMp4Layout.open(content);
  return format === "mkv" ? new MkvLayout(content) : new Mp4Layout(content);
}

async function trackSetsOf(
  reader: FragmentReader,
  pieces: readonly Piece[],
): Promise<Map<string, TrackSet>> {
  const sets = new Map<string, TrackSet>();
  for (const { trackSetId } of pieces) {
    if (sets.has(trackSetId)) continue;
    if (sets.size >= MAX_TRACK_SETS)
      throw new Fault("request.too-large", `more than ${MAX_TRACK_SETS} changes of tracks`);
    sets.set(trackSetId, await reader.trackSet(trackSetId));
  }
  return sets;
}

/** `2026-11-22T22-24-00Z`: no character that a file system refuses. */
function fileTime(us: number): string {
  return `${isoTime(Math.floor(us / 1000))
    .slice(0, 19)
    .replaceAll(":", "-")}Z`;
}
