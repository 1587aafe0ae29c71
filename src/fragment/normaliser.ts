/**
 * Gives tracks the configuration they came without, from their first key frame; Chrome's MediaRecorder sends
 * no CodecPrivate for most codecs. H.264 and HEVC without one are in Annex B and become length-prefixed; VP9 and
 * AV1 keep their blocks. Stands between the reader and the fragmenter; steps aside when nothing is left to do.
 */
import type { Rope } from "../base/rope.ts";
import { configFromKeyFrame, needsNormalising, toLengthPrefixed } from "../media/codec/annexb.ts";
import { configFromVideoFrame, lacksConfig } from "../media/codec/describe.ts";
import { withCodecPrivate } from "../media/mkv/codec-private.ts";
import type { Block, MkvItem } from "../media/mkv/items.ts";
import { simpleBlock } from "../media/mkv/writer.ts";
import type { Track, TrackSet } from "../media/track.ts";

/** What may be held until the configuration is known. Then all goes on without it. */
const MAX_HELD_ITEMS = 2000;
const MAX_HELD_BYTES = 8 << 20;

/** A track that came without its configuration. */
interface Bare {
  readonly track: Track;
  /** Its blocks are converted, and nothing can be done with one before the configuration is known. */
  readonly annexB: boolean;
  config: Uint8Array | undefined;
}

type BlockItem = Extract<MkvItem, { kind: "block" }>;

export class Normaliser {
  /** Nothing has to be changed: items may go past this object, except Tracks. */
  idle = true;
  #source: TrackSet | undefined;
  #bare = new Map<number, Bare>();
  /** Until all configurations are known, nothing goes on. */
  #holding = false;
  #held: MkvItem[] = [];
  #heldBytes = 0;
  /** Annex B pictures left out: no key frame came before them, so nothing can decode them. */
  dropped = 0;

  /** What the item becomes: itself, nothing yet, or several. */
  accept(item: MkvItem): readonly MkvItem[] {
    if (item.kind === "tracks") return this.#tracks(item.trackSet);
    if (this.idle) return [item];
    if (item.kind === "segment") return [...this.finish(), item];
    if (item.kind === "block") return this.#block(item);
    return item.kind === "cluster-end" ? this.#clusterEnd(item.at) : this.#pass(item);
  }

  /** No more items follow: what is still held goes on as it came. */
  finish(): readonly MkvItem[] {
    return this.#held.length > 0 ? this.#release() : [];
  }

  #tracks(trackSet: TrackSet): readonly MkvItem[] {
    const before: MkvItem[] = [];
    if (this.#source === undefined || !sameTracks(this.#source, trackSet)) {
      before.push(...this.finish());
      this.#source = trackSet;
      this.#bare = new Map(bareTracks(trackSet).map((bare) => [bare.track.number, bare]));
    }
    const bare = [...this.#bare.values()];
    this.#holding = bare.some(({ config }) => config === undefined);
    this.idle = !this.#holding && !bare.some(({ annexB }) => annexB);
    return this.#holding ? before : [...before, this.#tracksItem(trackSet)];
  }

  #block(item: BlockItem): readonly MkvItem[] {
    const { track, key, frames } = item.block;
    const bare = this.#bare.get(track);
    if (bare === undefined) return this.#pass(item);
    const out = key && frames[0] !== undefined ? this.#configure(bare, frames[0]) : [];
    if (!bare.annexB) return [...out, ...this.#pass(item)];
    if (bare.config === undefined) {
      this.dropped++;
      return out;
    }
    return [...out, ...this.#pass({ ...item, block: convertBlock(item.block) })];
  }

  /** A key frame's configuration, when it is new: what was held for it, or another Tracks item. */
  #configure(bare: Bare, payload: Rope): readonly MkvItem[] {
    const { track, annexB, config: before } = bare;
    if (!annexB && before !== undefined) return [];
    const find = annexB ? configFromKeyFrame : configFromVideoFrame;
    const config = find(track, payload.toBytes());
    if (config === undefined || (before !== undefined && equal(before, config))) return [];
    bare.config = config;
    if (!this.#holding) return this.#source === undefined ? [] : [this.#tracksItem(this.#source)];
    const all = [...this.#bare.values()].every((one) => one.config !== undefined);
    return all ? this.#release() : [];
  }

  /** The checksum is that of the blocks as they came, not of what was held back or changed here. */
  #clusterEnd(at: number): readonly MkvItem[] {
    this.idle = !this.#holding && ![...this.#bare.values()].some(({ annexB }) => annexB);
    return this.#pass({ kind: "cluster-end", at });
  }

  #pass(item: MkvItem): readonly MkvItem[] {
    if (!this.#holding) return [item];
    this.#held.push(item);
    if (item.kind === "block") this.#heldBytes += item.block.element.length;
    const full = this.#held.length >= MAX_HELD_ITEMS || this.#heldBytes >= MAX_HELD_BYTES;
    return full ? this.#release() : [];
  }

  #release(): readonly MkvItem[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#holding = false;
    return this.#source === undefined ? held : [this.#tracksItem(this.#source), ...held];
  }

  /** The source's tracks, with the configurations known by now. */
  #tracksItem(source: TrackSet): MkvItem {
    const configs = new Map<number, Uint8Array>();
    for (const [number, { config }] of this.#bare)
      if (config !== undefined) configs.set(number, config);
    const tracks = source.tracks.map((track): Track => {
      const codecPrivate = configs.get(track.number);
      return codecPrivate === undefined ? track : { ...track, codecPrivate };
    });
    const tracksElement = withCodecPrivate(source.tracksElement, configs);
    return { kind: "tracks", at: 0, trackSet: { ...source, tracks, tracksElement } };
  }
}

function bareTracks({ tracks }: TrackSet): Bare[] {
  return tracks.flatMap((track) => {
    const annexB = needsNormalising(track);
    return annexB || lacksConfig(track) ? [{ track, annexB, config: undefined }] : [];
  });
}

/** The block again as a SimpleBlock with length-prefixed payload (a laced video block does not occur). */
function convertBlock(block: Block): Block {
  const payload = toLengthPrefixed(block.frames[0] ?? block.element.slice(0, 0));
  const { track, relativeTicks, key } = block;
  const element = simpleBlock({ track, relativeTicks, key, payload });
  // SimpleBlock: everything before the payload ends with two bytes of time and one of flags.
  const timeOffset = element.length - payload.length - 3;
  return {
    track,
    relativeTicks,
    key,
    invisible: block.invisible,
    discardable: block.discardable,
    lacing: "none",
    durationTicks: block.durationTicks,
    element,
    timeOffset,
    frames: [payload],
    at: block.at,
  };
}

function sameTracks(a: TrackSet, b: TrackSet): boolean {
  return a.timestampScaleNs === b.timestampScaleNs && equal(a.tracksElement, b.tracksElement);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
