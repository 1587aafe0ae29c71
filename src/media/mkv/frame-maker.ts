/** Blocks as frames, with what a consumer wants to know about each: its time of day, its track, its fragment. */
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { type Micros, micros } from "../../base/units.ts";
import type { Frame, Track, TrackSet } from "../track.ts";
import type { Block, MkvItem, SimpleTag } from "./items.ts";

/** Names and values kept for one fragment, in UTF-16 units: tags without end must not fill the memory. */
const MAX_TAG_CHARS = 1 << 20;

/** A frame as consumers get it. `timeUs` counts from the Segment's tick 0. */
export interface ConsumedFrame extends Frame {
  /**
   * Presentation time in µs since the Unix epoch, when the Segment says when its tick 0 was: DateUTC, which
   * Streambank writes in clips and tails. Other muxers write there when the file was made.
   */
  readonly utcUs?: Micros;
  readonly trackInfo: Track;
  readonly fragment: FragmentHead;
}

/** What is known of a fragment when it begins. */
export interface FragmentHead {
  /** Clusters before this one, all Segments counted. */
  readonly index: number;
  /** Tags that stood between the Cluster before and this one. */
  readonly tags: ReadonlyMap<string, string>;
  /** Its AWS_KINESISVIDEO_FRAGMENT_NUMBER tag: 47 digits. */
  readonly fragmentNumber?: string;
}

/** Tags by name, the last of each, bounded. */
export class TagBag {
  #tags = new Map<string, string>();
  #chars = 0;

  /** Throws `mkv.too-many-elements`. */
  add(tags: readonly SimpleTag[], at: number): void {
    for (const { name, value } of tags) {
      this.#chars += name.length + value.length;
      if (this.#chars > MAX_TAG_CHARS)
        throw new Fault("mkv.too-many-elements", "too many tags for one fragment", { at });
      this.#tags.set(name, value);
    }
  }

  /** All tags; the bag is empty again. */
  take(): ReadonlyMap<string, string> {
    const tags = this.#tags;
    this.#tags = new Map();
    this.#chars = 0;
    return tags;
  }
}

export class FrameMaker {
  #trackSet: TrackSet | undefined;
  #originUs: number | undefined;
  #head: FragmentHead = { index: -1, tags: new Map() };
  readonly #tags = new TagBag();

  get trackSet(): TrackSet | undefined {
    return this.#trackSet;
  }

  /** The frames of a block; nothing for other items, which are remembered. */
  accept(item: MkvItem): readonly ConsumedFrame[] {
    if (item.kind === "block") return this.#frames(item.block, item.clusterTicks);
    if (item.kind === "tracks") this.#trackSet = item.trackSet;
    if (item.kind === "segment") this.#originUs = undefined;
    if (item.kind === "info") this.#originUs = originOf(item.dateUtcNs);
    if (item.kind === "tags") this.#tags.add(item.tags, item.at);
    if (item.kind === "cluster") this.#begin();
    return [];
  }

  #begin(): void {
    const tags = this.#tags.take();
    const number = tags.get("AWS_KINESISVIDEO_FRAGMENT_NUMBER");
    const fragmentNumber = number === undefined ? {} : { fragmentNumber: number };
    this.#head = { index: this.#head.index + 1, tags, ...fragmentNumber };
  }

  #frames(block: Block, clusterTicks: number): readonly ConsumedFrame[] {
    const trackSet = this.#trackSet;
    const trackInfo = trackSet?.tracks.find((track) => track.number === block.track);
    if (trackSet === undefined || trackInfo === undefined) return [];
    const fragment = this.#head;
    return framesOf(block, clusterTicks, trackSet).map((frame) => {
      const utc = (this.#originUs ?? Number.NaN) + frame.timeUs;
      const known = Number.isSafeInteger(utc) ? { utcUs: micros(utc) } : {};
      return { ...frame, ...known, trackInfo, fragment };
    });
  }
}

function originOf(dateUtcNs: bigint | undefined): number | undefined {
  return dateUtcNs === undefined ? undefined : Number(dateUtcNs / 1000n);
}

/** The block's frames with times in µs from the Segment's tick 0; laces follow each other. */
export function framesOf(block: Block, clusterTicks: number, trackSet: TrackSet): Frame[] {
  const scaleUs = trackSet.timestampScaleNs / 1000;
  const track = trackSet.tracks.find((t) => t.number === block.track);
  const startUs = (clusterTicks + block.relativeTicks) * scaleUs;
  const count = block.frames.length;
  const each =
    block.durationTicks === undefined
      ? (track?.defaultDurationNs ?? 0) / 1000
      : (block.durationTicks * scaleUs) / count;
  return block.frames.map((payload: Rope, i): Frame => {
    const timeUs: Micros = micros(Math.round(startUs + i * each));
    const duration = each > 0 ? { durationUs: each } : {};
    return { track: block.track, timeUs, key: block.key, payload, ...duration };
  });
}
