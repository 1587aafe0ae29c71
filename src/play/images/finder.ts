/**
 * Pictures of an archive by time, on either clock. One object serves one request: it keeps the fragments it read last, as
 * the next time often lies in the same.
 */
import { asFault, Fault } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { ClockName, StoredFragment } from "../../fragment/fragment.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import type { Track, TrackSet } from "../../media/track.ts";
import { framesByTrack } from "../clip/mp4-frames.ts";
import { spanOf } from "../order.ts";
import { beforeSeekable, resolve } from "../resolver.ts";
import { steps, type Walk } from "../walk.ts";
import {
  type Chosen,
  choosePicture,
  firstDecodable,
  neededFrames,
  type Precision,
} from "./choose.ts";
import { producedUs } from "./samples.ts";
import type { Found, PictureSource } from "./source.ts";

/** Most bytes read for one picture: from its key frame on. */
const MAX_GROUP_BYTES = 64 << 20;

/** A fragment with all that has to come before it, read. */
interface Group {
  readonly fragment: StoredFragment;
  readonly track: Track;
  readonly frames: readonly ClipFrame[];
}

export class PictureFinder {
  readonly #walk: Walk;
  #last: Promise<Group | string> | undefined;
  #lastOf = "";

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  /** What is shown at a time, whole ms. Throws `stream.not-found`, `store.*`. */
  async at(clock: ClockName, atMs: number, precision: Precision): Promise<Found> {
    const fragment = await this.fragmentAt(clock, atMs);
    if (fragment === undefined) return { kind: "no-media" };
    return this.#picture(fragment, producedUs(fragment.info, clock, atMs), precision);
  }

  /** The newest that is stored. Throws as `at`. */
  async latest(precision: Precision): Promise<Found> {
    let newest: StoredFragment | undefined;
    for await (const fragment of resolve(this.#walk, { by: "now" })) newest = fragment;
    if (newest === undefined) return { kind: "no-media" };
    return this.#picture(newest, newest.info.producedEndUs, precision);
  }

  /** A picture of a fragment that was found already: `timeUs` on the producer's clock. Throws as `at`. */
  of(fragment: StoredFragment, timeUs: number, precision: Precision): Promise<Found> {
    return this.#picture(fragment, timeUs, precision);
  }

  /** Of several that overlap the one that began last, the newest of these. */
  async fragmentAt(clock: ClockName, atMs: number): Promise<StoredFragment | undefined> {
    const range = { fromMs: millis(atMs), toMs: millis(atMs + 1) };
    let best: StoredFragment | undefined;
    for await (const step of steps(this.#walk, { by: "time", clock, range })) {
      if (step.kind !== "fragments") continue;
      for (const fragment of step.fragments) if (covers(fragment, clock, atMs)) best = fragment;
    }
    return best;
  }

  async #picture(fragment: StoredFragment, timeUs: number, precision: Precision): Promise<Found> {
    let group = await this.#group(fragment);
    if (typeof group === "string") return { kind: "undecodable", why: group };
    let chosen = choosePicture(group.frames, timeUs, precision);
    if (chosen === undefined) {
      // An open group: its first pictures refer to the group before it.
      const wider = await this.#group(fragment, true);
      if (typeof wider !== "string") {
        group = wider;
        chosen = choosePicture(group.frames, timeUs, precision) ?? firstDecodable(group.frames);
      }
    }
    if (chosen === undefined) return { kind: "undecodable", why: "no key frame to begin at" };
    return { kind: "picture", source: sourceOf(group, chosen) };
  }

  #group(fragment: StoredFragment, withBefore = false): Promise<Group | string> {
    const name = `${fragment.packId} ${fragment.info.number.sequence} ${withBefore}`;
    if (this.#last === undefined || this.#lastOf !== name) {
      this.#lastOf = name;
      this.#last = this.#read(fragment, withBefore);
    }
    return this.#last;
  }

  async #read(fragment: StoredFragment, withBefore: boolean): Promise<Group | string> {
    const { reader } = this.#walk;
    const trackSet = await reader.trackSet(fragment.trackSetId);
    const track = trackSet.tracks.find(({ type }) => type === "video");
    if (track === undefined) return "there are no pictures in it";
    if (track.encoding === "unsupported") return "its pictures are encoded in an unknown way";
    const { info } = fragment;
    const asked = withBefore ? { ...fragment, info: { ...info, seekable: false } } : fragment;
    const before = await beforeSeekable(this.#walk, asked);
    const list = [...before, fragment].filter((one) => one.trackSetId === fragment.trackSetId);
    const bytes = list.reduce((sum, { blocksSize }) => sum + blocksSize, 0);
    if (bytes > MAX_GROUP_BYTES) return `its key frame is ${bytes} bytes before it`;
    const frames: ClipFrame[] = [];
    for (const one of list) {
      const read = await this.#frames(one, trackSet, track);
      if (typeof read === "string") return read;
      frames.push(...read);
    }
    return { fragment, track, frames };
  }

  async #frames(one: StoredFragment, trackSet: TrackSet, track: Track) {
    const { reader, signal } = this.#walk;
    const blocks = await reader.read(one.packId, one.blocksOffset, one.blocksSize, signal);
    try {
      const wanted = new Set([track.number]);
      return framesByTrack(blocks, one, { trackSet, wanted }).get(track.number) ?? [];
    } catch (error) {
      if (!(error instanceof Fault) || !error.code.startsWith("mkv.")) throw error;
      return asFault(error).message;
    }
  }
}

function covers({ info }: StoredFragment, clock: ClockName, atMs: number): boolean {
  const { startUs, endUs } = spanOf(info, clock);
  return Math.floor(startUs / 1000) <= atMs && endUs > atMs * 1000;
}

function sourceOf({ fragment, track, frames }: Group, chosen: Chosen): PictureSource {
  const { info, packId, blocksCrc, trackSetId } = fragment;
  const shownUs = frames[chosen.last]?.timeUs ?? 0;
  const { sequence, receivedMs } = info.number;
  return {
    identity: `${packId} ${sequence} ${blocksCrc} ${track.number} ${shownUs}`,
    decoder: `${trackSetId} ${track.number}`,
    track,
    frames: neededFrames(frames, chosen),
    shownUs,
    receivedUs: receivedMs * 1000 + (shownUs - info.producedStartUs),
  };
}
