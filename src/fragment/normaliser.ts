/**
 * H.264 and HEVC in Annex B become length-prefixed, with their configuration in the track: Chrome's
 * MediaRecorder sends `V_MPEG4/ISO/AVC` without CodecPrivate and with start codes. Stands between the
 * reader and the fragmenter; steps aside when no track needs it.
 */
import type { Rope } from "../base/rope.ts";
import { configFromKeyFrame, needsNormalising, toLengthPrefixed } from "../media/codec/annexb.ts";
import type { Block, MkvItem } from "../media/mkv/items.ts";
import { simpleBlock, tracksElement } from "../media/mkv/writer.ts";
import type { Track, TrackSet } from "../media/track.ts";

/** Items held until the first key frame tells the configuration. */
const MAX_HELD_ITEMS = 2000;

export class Normaliser {
  /** Nothing has to be changed: items may go past this object, except Tracks. */
  idle = true;
  #trackSet: TrackSet | undefined;
  /** Tracks in Annex B: by number, the configuration in force. */
  #configs = new Map<number, Uint8Array | undefined>();
  #held: MkvItem[] = [];
  /** Items given up because no configuration came in time. */
  dropped = 0;

  /** What the item becomes: itself, nothing yet, or several. */
  accept(item: MkvItem): readonly MkvItem[] {
    if (item.kind === "tracks") return this.#tracks(item);
    if (this.idle) return [item];
    if (item.kind === "segment") return [...this.#release(), item];
    // The checksum is that of the blocks as they came, not of what they become here.
    if (item.kind === "cluster-end") return this.#pass({ kind: "cluster-end", at: item.at });
    return item.kind === "block" ? this.#block(item) : this.#pass(item);
  }

  #pass(item: MkvItem): readonly MkvItem[] {
    return this.#ready() ? [item] : this.#hold(item);
  }

  #tracks(item: Extract<MkvItem, { kind: "tracks" }>): readonly MkvItem[] {
    const annexB = item.trackSet.tracks.filter(needsNormalising);
    this.idle = annexB.length === 0;
    this.#held = [];
    if (this.idle) return [item];
    this.#trackSet = item.trackSet;
    this.#configs = new Map(annexB.map((track) => [track.number, undefined]));
    return [];
  }

  #block(item: Extract<MkvItem, { kind: "block" }>): readonly MkvItem[] {
    const { track, key, frames } = item.block;
    const out: MkvItem[] = [];
    if (this.#configs.has(track) && key && frames[0] !== undefined)
      out.push(...this.#configure(track, frames[0]));
    if (!this.#ready()) return this.#hold(item);
    out.push(...this.#release(), this.#convert(item));
    return out;
  }

  /** A key frame's parameter sets: a Tracks item when they are new. */
  #configure(number: number, payload: Rope): MkvItem[] {
    const before = this.#configs.get(number);
    const track = this.#trackSet?.tracks.find((t) => t.number === number);
    if (track === undefined) return [];
    const config = configFromKeyFrame(track, payload.toBytes());
    if (config === undefined || (before !== undefined && equal(before, config))) return [];
    this.#configs.set(number, config);
    return this.#ready() ? [this.#tracksItem()] : [];
  }

  #ready(): boolean {
    return [...this.#configs.values()].every((config) => config !== undefined);
  }

  #tracksItem(): MkvItem {
    const source = this.#trackSet;
    const tracks = (source?.tracks ?? []).map((track): Track => {
      const codecPrivate = this.#configs.get(track.number);
      return codecPrivate === undefined ? track : { ...track, codecPrivate };
    });
    const timestampScaleNs = source?.timestampScaleNs ?? 1_000_000;
    const trackSet = { tracks, timestampScaleNs, tracksElement: tracksElement(tracks) };
    return { kind: "tracks", at: 0, trackSet };
  }

  #hold(item: MkvItem): readonly MkvItem[] {
    if (this.#held.length >= MAX_HELD_ITEMS) {
      this.dropped++;
      return [];
    }
    this.#held.push(item);
    return [];
  }

  /** Held items, without the pictures that came before the first key frame: nothing can decode them. */
  #release(): MkvItem[] {
    if (this.#held.length === 0 || !this.#ready()) return [];
    const held = this.#held;
    this.#held = [];
    return held.flatMap((item) => {
      if (item.kind !== "block" || !this.#configs.has(item.block.track)) return [item];
      this.dropped++;
      return [];
    });
  }

  #convert(item: Extract<MkvItem, { kind: "block" }>): MkvItem {
    const { block } = item;
    if (!this.#configs.has(block.track)) return item;
    return { ...item, block: convertBlock(block) };
  }
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

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
