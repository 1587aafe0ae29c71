/**
 * The clip of KVS's GetClip: which fragments, which tracks, which faults (API_reader_GetClip.html). What differs from other
 * clips: a fragment belongs to the range when it starts in it, and what is too long is cut, not refused.
 */
import { Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { ClockName, FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import { fileSampleEntry } from "../../media/codec/describe.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { keyOf } from "../order.ts";
import { steps, type Walk } from "../walk.ts";
import { piecesOfFragments } from "./pieces.ts";
import { PLAIN_LIMITS } from "./plain-layout.ts";
import { type ClipPlan, planPieces } from "./plan.ts";

export interface KvsClipOptions {
  readonly reader: FragmentReader;
  readonly stream: string;
  readonly clock: ClockName;
  /** Epoch ms, both inclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly signal?: AbortSignal;
}

/** KVS takes no other codecs into a clip. */
const VIDEO = ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC"];
const AUDIO = ["A_AAC", "A_MS/ACM"];

/**
 * Throws `stream.not-found`, `request.no-media`, `codec.unsupported`, `codec.no-config` (H.264 or HEVC without CodecPrivate),
 * `codec.bad-config` (it is damaged, or changes within the clip), `codec.bad-payload` (a frame that cannot be read).
 */
export async function planKvsClip(options: KvsClipOptions): Promise<ClipPlan> {
  const { reader, stream, clock, signal } = options;
  const list = await kvsFragments({ reader, stream, signal }, options);
  if (list.length === 0)
    throw new Fault("request.no-media", `no fragment of ${stream} starts in this range`);
  await checkTracks(reader, list);
  const pieces = piecesOfFragments(list, clock);
  try {
    return await planPieces(
      { reader, stream, clock, format: "plain-mp4", signal },
      pieces,
      kvsTracks,
    );
  } catch (cause) {
    const unreadable = cause instanceof Fault && cause.code.startsWith("mkv.");
    throw unreadable ? new Fault("codec.bad-payload", cause.message, { cause }) : cause;
  }
}

/**
 * Fragments that start in the range, in order, up to `PLAIN_LIMITS`. Of those that start in the same ms of the producer's
 * clock the one that was stored first. None before the first that a decoder can start at.
 */
export async function kvsFragments(
  walk: Walk,
  { clock, fromMs, toMs }: Pick<KvsClipOptions, "clock" | "fromMs" | "toMs">,
): Promise<StoredFragment[]> {
  const range = { fromMs: millis(fromMs), toMs: millis(toMs + 1) };
  const chosen: StoredFragment[] = [];
  let bytes = 0;
  for await (const step of steps(walk, { by: "time", clock, range })) {
    if (step.kind !== "fragments") continue;
    for (const fragment of step.fragments) {
      const startMs = startOf(fragment, clock);
      if (startMs < fromMs || startMs > toMs) continue;
      const last = chosen.at(-1);
      if (last === undefined && !fragment.info.seekable) continue;
      if (last !== undefined && clock === "producer" && startOf(last, clock) === startMs) {
        if (fragment.info.number.sequence > last.info.number.sequence) continue;
        chosen.pop();
        bytes -= last.blocksSize;
      }
      const { bytes: most, fragments } = PLAIN_LIMITS;
      if (chosen.length === fragments || bytes + fragment.blocksSize > most) return chosen;
      bytes += fragment.blocksSize;
      chosen.push(fragment);
    }
  }
  return chosen;
}

function startOf({ info }: StoredFragment, clock: ClockName): number {
  const key = keyOf(info, clock);
  return clock === "producer" ? Math.floor(key / 1000) : key;
}

/** The first picture track and the first sound track: 1 and 2 of the file. */
function kvsTracks(trackSet: TrackSet): TrackSet {
  const video = trackSet.tracks.find(({ type }) => type === "video");
  const audio = trackSet.tracks.find(({ type }) => type === "audio");
  return { ...trackSet, tracks: [video, audio].filter((track) => track !== undefined) };
}

async function checkTracks(reader: FragmentReader, list: readonly StoredFragment[]): Promise<void> {
  const first = new Map<string, Uint8Array>();
  for (const id of new Set(list.map(({ trackSetId }) => trackSetId))) {
    const { tracks } = kvsTracks(await reader.trackSet(id));
    if (tracks.length === 0) throw new Fault("codec.unsupported", "neither pictures nor sound");
    for (const track of tracks) {
      const entry = checkedEntry(track);
      const before = first.get(track.type);
      if (before !== undefined && Buffer.compare(before, entry) !== 0)
        throw new Fault("codec.bad-config", `the ${track.type} track changes within the clip`);
      first.set(track.type, entry);
    }
  }
}

function checkedEntry(track: Track): Uint8Array {
  const { type, codecId, codecPrivate, encoding } = track;
  const taken = type === "video" ? VIDEO : AUDIO;
  if (!taken.includes(codecId) || encoding === "unsupported")
    throw new Fault("codec.unsupported", `a clip takes no ${codecId}`);
  if (codecPrivate === undefined && codecId !== "A_AAC")
    throw new Fault("codec.no-config", `the ${codecId} track has no CodecPrivate`);
  const entry = fileSampleEntry(track);
  if (entry === undefined)
    throw new Fault("codec.bad-config", `the CodecPrivate of the ${codecId} track cannot be used`);
  return entry;
}
