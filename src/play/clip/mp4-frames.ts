/** An archived fragment's frames by MP4 track: block bytes in, payload slices out. Copies nothing. */
import { Rope } from "../../base/rope.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import type { FragmentTrack } from "../../media/fmp4/clip-fragment.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import { type ScannedBlock, scanBlocks } from "../../media/mkv/block-scan.ts";
import { LACINGS, splitLaces } from "../../media/mkv/lacing.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { type Carried, inOrder } from "./mp4-tracks.ts";

/**
 * Frames of the tracks a clip carries, by their MP4 id; key frames with their parameter sets where the clip has several
 * configurations. Throws `mkv.bad-block`, `mkv.bad-lacing`.
 */
export function carriedFrames(
  blocks: Uint8Array,
  fragment: StoredFragment,
  { trackSet, carried }: { trackSet: TrackSet; carried: ReadonlyMap<number, Carried> },
): FragmentTrack[] {
  const wanted = new Set(carried.keys());
  const frames = framesByTrack(blocks, fragment, { trackSet, wanted });
  return inOrder(carried).map(([number, { media, entry, inBand }]) => {
    return { media, entry, frames: withSets(frames.get(number) ?? [], inBand) };
  });
}

function withSets(
  frames: readonly ClipFrame[],
  sets: Uint8Array | undefined,
): readonly ClipFrame[] {
  if (sets === undefined) return frames;
  const head = Rope.of(sets);
  return frames.map((frame) =>
    frame.key ? { ...frame, payload: Rope.concat([head, frame.payload]) } : frame,
  );
}

/**
 * Frames of the tracks asked for, in decode order, by track number; times on the producer's clock, µs.
 * Throws `mkv.bad-block`, `mkv.bad-lacing`.
 */
export function framesByTrack(
  bytes: Uint8Array,
  fragment: StoredFragment,
  { trackSet, wanted }: { trackSet: TrackSet; wanted: ReadonlySet<number> },
): Map<number, ClipFrame[]> {
  const { clusterNs } = fragment;
  const baseUs = Number(clusterNs / 1000n) + Number(clusterNs % 1000n) / 1000;
  const tickUs = trackSet.timestampScaleNs / 1000;
  const readers = new Map(
    trackSet.tracks
      .filter(({ number }) => wanted.has(number))
      .map((track) => [track.number, new TrackFrames(track, { bytes, baseUs, tickUs })]),
  );
  for (const block of scanBlocks(bytes)) readers.get(block.track)?.add(block);
  return new Map(Array.from(readers, ([number, { frames }]) => [number, frames]));
}

interface Source {
  readonly bytes: Uint8Array;
  /** Of the Cluster, and of one tick. */
  readonly baseUs: number;
  readonly tickUs: number;
}

class TrackFrames {
  readonly frames: ClipFrame[] = [];
  readonly #source: Source;
  readonly #defaultUs: number | undefined;
  readonly #audio: boolean;
  readonly #stripped: Uint8Array | undefined;

  constructor(track: Track, source: Source) {
    this.#source = source;
    const { defaultDurationNs } = track;
    this.#defaultUs = defaultDurationNs === undefined ? undefined : defaultDurationNs / 1000;
    this.#audio = track.type === "audio";
    const stripped = track.encoding === "header-stripping" ? track.strippedHeader : undefined;
    this.#stripped = stripped?.length === 0 ? undefined : stripped;
  }

  add(block: ScannedBlock): void {
    const { bytes, baseUs, tickUs } = this.#source;
    const { flags, bodyStart, bodyEnd, durationTicks } = block;
    const body = bytes.subarray(bodyStart, bodyEnd);
    const lacing = LACINGS[(flags >> 1) & 3] ?? "none";
    const payloads =
      lacing === "none" ? [Rope.of(body)] : splitLaces(Rope.of(body), lacing, bodyStart);
    const durationUs =
      durationTicks === undefined ? this.#defaultUs : (durationTicks * tickUs) / payloads.length;
    const timeUs = baseUs + block.relativeTicks * tickUs;
    const key = block.key || this.#audio;
    for (const [i, payload] of payloads.entries()) {
      const at = { timeUs: timeUs + i * (durationUs ?? 0), key, payload: this.#whole(payload) };
      this.frames.push(durationUs === undefined ? at : { ...at, durationUs });
    }
  }

  #whole(payload: Rope): Rope {
    return this.#stripped === undefined ? payload : Rope.concat([Rope.of(this.#stripped), payload]);
  }
}
