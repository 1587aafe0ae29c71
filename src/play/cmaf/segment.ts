/**
 * One archived fragment as one media segment, `moof` and `mdat` (ISO/IEC 23000-19 §7.3.2, CMAF). docs/formats/cmaf.md.
 *
 * Media time is the producer's clock, counted from 1970: a segment needs no other one, and every node makes the same
 * bytes of it. Its first decode time is its first presentation time; pictures that are reordered have composition offsets
 * of both signs, or, in `av`, an edit list.
 */
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import { clipFragmentHead, clipFragmentSize } from "../../media/fmp4/clip-fragment.ts";
import type { Mp4Track } from "../../media/fmp4/mp4-track.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import { framesByTrack } from "../clip/mp4-frames.ts";
import { gatherPayloads, movedTogether } from "../clip/mp4-payloads.ts";
import { type Rendition, tracksOf } from "./renditions.ts";

/** No sample lasts longer than this, µs: no fragment does. */
const MAX_SAMPLE_US = 60_000_000;

export interface SegmentOptions {
  readonly reader: FragmentReader;
  readonly fragment: StoredFragment;
  readonly signal?: AbortSignal | undefined;
}

/** Segments of one fragment: those that were made of one reading. */
export type Segments = ReadonlyMap<Rendition, Uint8Array>;

/**
 * The picture's and the sound's segment: whoever wants one wants the other next, and the bytes are read once. What the fragment
 * has nothing for is left out. Throws `store.not-found` when retention has taken it, `store.corrupt`.
 */
export async function partedSegments(options: SegmentOptions): Promise<Segments> {
  const read = await readTracks(options, ["v", "a"]);
  // The sound first: it is copied, the picture is moved over it.
  const sound = read.tracks.get("a") ?? [];
  const picture = read.tracks.get("v") ?? [];
  const made = new Map<Rendition, Uint8Array>();
  if (has(sound)) made.set("a", joined(headOf(options.fragment, sound, "a"), sound));
  if (has(picture)) made.set("v", inPlace(headOf(options.fragment, picture, "v"), picture, read));
  return made;
}

/** Both in one. Throws as `partedSegments`. */
export async function muxedSegment(options: SegmentOptions): Promise<Segments> {
  const { tracks, bytes } = await readTracks(options, ["av"]);
  const both = tracks.get("av") ?? [];
  if (!has(both)) return new Map();
  const head = headOf(options.fragment, both, "av");
  const payload = gatherPayloads(
    both.map(({ frames }) => frames),
    bytes,
  );
  return new Map([["av", Buffer.concat([head, ...payload])]]);
}

interface TrackFrames {
  readonly media: Mp4Track;
  /** None of them empty. */
  readonly frames: readonly ClipFrame[];
}

interface ReadTracks {
  /** The blocks, behind so much room. */
  readonly bytes: Uint8Array;
  readonly room: number;
  readonly tracks: ReadonlyMap<Rendition, readonly TrackFrames[]>;
}

async function readTracks(
  { reader, fragment, signal }: SegmentOptions,
  renditions: readonly Rendition[],
): Promise<ReadTracks> {
  const { packId, blocksOffset, blocksSize, trackSetId } = fragment;
  const trackSet = await reader.trackSet(trackSetId);
  const media = new Map(renditions.map((one) => [one, tracksOf(trackSet, one)]));
  const wanted = new Set([...media.values()].flat().map(({ track }) => track.number));
  const room = roomFor(fragment, wanted);
  const bytes = await reader.read(packId, blocksOffset - room, blocksSize + room, signal);
  const frames = framesByTrack(bytes.subarray(room), fragment, { trackSet, wanted });
  const framesOf = (one: Mp4Track): TrackFrames => ({
    media: one,
    frames: (frames.get(one.track.number) ?? []).filter(({ payload }) => payload.length > 0),
  });
  const tracks = new Map(renditions.map((one) => [one, (media.get(one) ?? []).map(framesOf)]));
  return { bytes, room, tracks };
}

/**
 * So many bytes in front of the blocks are read with them that a segment's head fits there, and media is not copied to come
 * behind its head. 0 for the first fragment of a pack, which may have too little in front of it.
 */
function roomFor({ info, blocksOffset }: StoredFragment, wanted: ReadonlySet<number>): number {
  const sizes = info.totals
    .filter(({ track }) => wanted.has(track))
    .map(({ frames }) => clipFragmentSize([{ frames, payloadBytes: 0 }]));
  const room = Math.max(0, ...sizes);
  return room > blocksOffset ? 0 : room;
}

function headOf(
  { info }: StoredFragment,
  tracks: readonly TrackFrames[],
  rendition: Rendition,
): Uint8Array {
  return clipFragmentHead({
    sequence: info.number.sequence % 2 ** 32,
    tracks,
    baseUs: 0,
    endUs: info.producedEndUs,
    maxSampleUs: MAX_SAMPLE_US,
    signedOffsets: rendition !== "av",
  });
}

function has(tracks: readonly TrackFrames[]): boolean {
  return tracks.some(({ frames }) => frames.length > 0);
}

function joined(head: Uint8Array, tracks: readonly TrackFrames[]): Uint8Array {
  const parts = tracks.flatMap(({ frames }) => frames.flatMap(({ payload }) => payload.parts));
  return Buffer.concat([head, ...parts]);
}

/** The payloads moved together where they were read, the head in the room in front; changes what was read. */
function inPlace(
  head: Uint8Array,
  tracks: readonly TrackFrames[],
  { bytes, room }: ReadTracks,
): Uint8Array {
  const [only] = tracks;
  const moved =
    tracks.length !== 1 || only === undefined || head.length > room
      ? undefined
      : movedTogether(only.frames, bytes, room);
  if (moved === undefined) return joined(head, tracks);
  bytes.set(head, room - head.length);
  return bytes.subarray(room - head.length, room + moved.length);
}
