/**
 * Key frames of a stretch of the archive, forwards or backwards, not nearer to each other than asked: what fast and backward
 * playback and scrubbing show. Reads the lists of the packs it comes to, and of media only the fragments it takes a picture of.
 */
import { Fault } from "../base/errors.ts";
import type { PackSummary, StoredFragment, TimeRange } from "../fragment/fragment.ts";
import type { KeyFrameItem, KeyFrameTrack } from "../fragment/key-frames.ts";
import { codecString } from "../media/codec/describe.ts";
import type { ClipFrame } from "../media/fmp4/sample-times.ts";
import { wholeBlocks } from "../media/mkv/block-scan.ts";
import type { Track } from "../media/track.ts";
import { framesByTrack } from "./clip/mp4-frames.ts";
import { listOf, type Walk } from "./walk.ts";

/** Longest range of one answer, ms. */
export const MAX_RANGE_MS = 86_400_000;
/** Most key frames of one answer. */
export const MAX_FRAMES = 240;
/** An answer ends after so many bytes of media. */
const MAX_ANSWER_BYTES = 32 << 20;
/** Packs looked at for one answer; a range with more ends where they end. */
const MAX_PACKS = 2000;
/** Fragments larger than this are passed over: they would be in memory whole. */
const MAX_FRAGMENT_BYTES = 64 << 20;
/** First look into a fragment that begins with its only key frame. */
const HEAD_BYTES = 128 << 10;
/** Lists of packs kept. */
const MAX_LISTS = 8;
const PASSED_OVER: ReadonlySet<string> = new Set(["store.not-found", "store.corrupt"]);

export type Direction = "forward" | "backward";

export interface KeyFrameOptions extends Walk {
  /** Producer's clock. */
  readonly range: TimeRange;
  readonly direction: Direction;
  /** Two key frames are at least so far apart, ms. 0: every one. */
  readonly stepMs: number;
  readonly limit: number;
}

interface Key {
  readonly timeUs: number;
  readonly payload: Uint8Array;
  readonly track: Track;
  readonly trackSetId: string;
}

/**
 * Tracks, key frames, and an end that says where the next answer goes on. Media that retention takes on the way is passed over, as
 * is damaged media. Throws `stream.not-found`, `store.*`.
 */
export async function* keyFrames(options: KeyFrameOptions): AsyncGenerator<KeyFrameItem> {
  const { range, direction, stepMs, limit } = options;
  const search = await KeySearch.open(options);
  const forward = direction === "forward";
  let at = forward ? range.fromMs * 1000 : range.toMs * 1000 - 1;
  let [count, bytes, trackSetId] = [0, 0, ""];
  for (;;) {
    const key = await search.next(at);
    if (key === undefined) break;
    if (count >= limit || bytes >= MAX_ANSWER_BYTES) {
      // Half open: the next answer begins in it, or ends behind it.
      const nextMs = forward ? Math.floor(key.timeUs / 1000) : Math.floor(key.timeUs / 1000) + 1;
      yield { kind: "end", nextMs };
      return;
    }
    if (key.trackSetId !== trackSetId) yield trackItem(key.track);
    trackSetId = key.trackSetId;
    yield { kind: "frame", timeUs: key.timeUs, payload: key.payload };
    count++;
    bytes += key.payload.length;
    const stepUs = Math.max(1, stepMs * 1000);
    at = key.timeUs + (forward ? stepUs : -stepUs);
  }
  yield search.cutMs === undefined ? { kind: "end" } : { kind: "end", nextMs: search.cutMs };
}

function trackItem(track: Track): KeyFrameTrack {
  const text = codecString(track);
  const { width = 0, height = 0 } = track.video ?? {};
  return {
    ...{ kind: "track", codec: track.codecId, width, height },
    ...(text === undefined ? {} : { codecString: text }),
    ...(track.codecPrivate === undefined ? {} : { codecPrivate: track.codecPrivate }),
  };
}

/** Finds the next key frame from a time on, over packs that may overlap. */
class KeySearch {
  readonly #options: KeyFrameOptions;
  readonly #packs: readonly PackSummary[];
  readonly #fromUs: number;
  readonly #toUs: number;
  readonly #lists = new Map<string, readonly StoredFragment[]>();
  #last: { readonly fragment: StoredFragment; readonly keys: readonly Key[] } | undefined;
  /** The range goes on here, ms, where there were too many packs. */
  readonly cutMs: number | undefined;

  /** `packs` by start; `cutMs`: no packs are given beyond. */
  private constructor(
    options: KeyFrameOptions,
    packs: readonly PackSummary[],
    cutMs: number | undefined,
  ) {
    const { range, direction } = options;
    const forward = direction === "forward";
    this.#options = options;
    // Backwards from the one that ends last.
    this.#packs = forward ? packs : packs.toSorted((a, b) => b.producedEndUs - a.producedEndUs);
    this.#fromUs = (forward ? range.fromMs : (cutMs ?? range.fromMs)) * 1000;
    this.#toUs = (forward ? (cutMs ?? range.toMs) : range.toMs) * 1000;
    this.cutMs = cutMs;
  }

  static async open(options: KeyFrameOptions): Promise<KeySearch> {
    const { reader, stream, range, signal, direction } = options;
    const forward = direction === "forward";
    const packs: PackSummary[] = [];
    let cutMs: number | undefined;
    const selection = { by: "time", clock: "producer", range } as const;
    for await (const page of reader.packs(stream, selection, signal)) {
      packs.push(...page);
      const over = packs.length - MAX_PACKS;
      if (over <= 0) continue;
      const cut = packs[forward ? MAX_PACKS : over];
      cutMs = Math.ceil((cut?.producedStartUs ?? 0) / 1000);
      packs.splice(forward ? MAX_PACKS : 0, over);
      if (forward) break;
    }
    return new KeySearch(options, packs, cutMs);
  }

  /** The first key frame not before `atUs`, or backwards the last one not after it; in the range. */
  async next(atUs: number): Promise<Key | undefined> {
    const forward = this.#options.direction === "forward";
    let best: Key | undefined;
    for (const pack of this.#packs) {
      const { producedStartUs: startUs, producedEndUs: endUs } = pack;
      if (forward ? endUs <= atUs : startUs > atUs) continue;
      if (best !== undefined && (forward ? startUs > best.timeUs : endUs <= best.timeUs)) break;
      const key = await this.#inPack(pack, atUs);
      if (key === undefined || key.timeUs < this.#fromUs || key.timeUs >= this.#toUs) continue;
      if (best === undefined || key.timeUs < best.timeUs === forward) best = key;
    }
    return best;
  }

  async #inPack(pack: PackSummary, atUs: number): Promise<Key | undefined> {
    const forward = this.#options.direction === "forward";
    const list = await this.#list(pack);
    for (const fragment of forward ? list : list.toReversed()) {
      const { producedStartUs: startUs, producedEndUs: endUs } = fragment.info;
      if (forward ? endUs <= atUs : startUs > atUs) continue;
      if (forward ? startUs >= this.#toUs : endUs <= this.#fromUs) return undefined;
      const keys = await this.#keys(fragment);
      const found = forward
        ? keys.find(({ timeUs }) => timeUs >= atUs)
        : keys.findLast(({ timeUs }) => timeUs <= atUs);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** By start. */
  async #list(pack: PackSummary): Promise<readonly StoredFragment[]> {
    const known = this.#lists.get(pack.packId);
    if (known !== undefined) return known;
    const list = [...(await listOf(this.#options, pack))];
    list.sort((a, b) => a.info.producedStartUs - b.info.producedStartUs);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size >= MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    this.#lists.set(pack.packId, list);
    return list;
  }

  async #keys(fragment: StoredFragment): Promise<readonly Key[]> {
    if (this.#last?.fragment === fragment) return this.#last.keys;
    const keys = await keysOf(this.#options, fragment);
    this.#last = { fragment, keys };
    return keys;
  }
}

/** The key frames of a fragment by time; none when it is damaged, or gone meanwhile: there is another one after it. */
async function keysOf(walk: Walk, fragment: StoredFragment): Promise<readonly Key[]> {
  const { info, trackSetId, blocksSize } = fragment;
  const trackSet = await walk.reader.trackSet(trackSetId);
  const track = trackSet.tracks.find(({ type }) => type === "video");
  const count = info.totals.find((total) => total.track === track?.number)?.keyframes ?? 0;
  if (track === undefined || track.encoding === "unsupported" || count === 0) return [];
  // The only key frame of most fragments is among their first bytes.
  const first = count === 1 && info.seekable ? HEAD_BYTES : blocksSize;
  const sizes = first < blocksSize ? [first, blocksSize] : [blocksSize];
  try {
    for (const size of sizes) {
      if (size > MAX_FRAGMENT_BYTES) continue;
      const { packId, blocksOffset } = fragment;
      const read = await walk.reader.read(packId, blocksOffset, size, walk.signal);
      const bytes = size < blocksSize ? read.subarray(0, wholeBlocks(read)) : read;
      const wanted = new Set([track.number]);
      const frames = framesByTrack(bytes, fragment, { trackSet, wanted }).get(track.number) ?? [];
      const keys = frames.filter(({ key, payload }) => key && payload.length > 0);
      if (keys.length > 0) return keys.map((frame) => keyOf(frame, track, trackSetId)).sort(byTime);
    }
  } catch (error) {
    if (!isMediaFault(error)) throw error;
  }
  return [];
}

function isMediaFault(error: unknown): boolean {
  if (!(error instanceof Fault)) return false;
  return error.code.startsWith("mkv.") || PASSED_OVER.has(error.code);
}

function byTime(a: Key, b: Key): number {
  return a.timeUs - b.timeUs;
}

function keyOf({ timeUs, payload }: ClipFrame, track: Track, trackSetId: string): Key {
  return { timeUs: Math.round(timeUs), payload: payload.toBytes(), track, trackSetId };
}
