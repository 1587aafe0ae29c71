/**
 * The tracks of an MP4 clip: those of all its track sets, the same one wherever number, codec and ticks are
 * the same. Another configuration of it (a new resolution) is one more sample entry, not another track.
 */
import { mp4SampleEntry, mp4Timescale } from "../../media/codec/describe.ts";
import { inBandParameterSets } from "../../media/codec/in-band.ts";
import { type Mp4Track, mp4Track } from "../../media/fmp4/mp4-track.ts";
import type { Track, TrackSet } from "../../media/track.ts";

/** Where a track of one track set goes. */
export interface Carried {
  readonly media: Mp4Track;
  /** Its sample entry, from 1. */
  readonly entry: number;
  /** Put in front of every key frame: the clip has several configurations of this track. */
  readonly inBand: Uint8Array | undefined;
}

export interface Mp4Tracks {
  readonly tracks: readonly Mp4Track[];
  readonly omitted: readonly Track[];
  /** By track set, then by Matroska track number. Tracks MP4 cannot carry are not in it. */
  readonly carried: ReadonlyMap<string, ReadonlyMap<number, Carried>>;
}

interface Growing {
  readonly track: Track;
  readonly id: number;
  readonly entries: Uint8Array[];
}

/** `entryOf`: the sample entry of a track; undefined where it cannot be carried. Default: what fragmented MP4 takes. */
export function mp4TracksOf(
  trackSets: ReadonlyMap<string, TrackSet>,
  entryOf: (track: Track) => Uint8Array | undefined = mp4SampleEntry,
): Mp4Tracks {
  const growing = new Map<string, Growing>();
  const omitted = new Map<string, Track>();
  const placed: { set: string; own: Track; key: string; entry: number }[] = [];
  for (const [set, { tracks }] of trackSets) {
    for (const track of tracks) {
      const key = keyOf(track);
      const entry = track.encoding === "unsupported" ? undefined : entryOf(track);
      if (entry === undefined) omitted.set(`${track.number} ${track.codecId}`, track);
      else {
        const into = growing.get(key) ?? { track, id: growing.size + 1, entries: [] };
        growing.set(key, into);
        placed.push({ set, own: track, key, entry: entryNumber(into.entries, entry) });
      }
    }
  }
  const byKey = new Map<string, Mp4Track>();
  for (const [key, { track, id, entries }] of growing) {
    const media = mp4Track(track, id, entries);
    if (media !== undefined) byKey.set(key, media);
  }
  const carried = new Map([...trackSets.keys()].map((set) => [set, new Map<number, Carried>()]));
  for (const { set, own, key, entry } of placed) {
    const media = byKey.get(key);
    if (media === undefined) continue;
    const inBand = media.entries.length > 1 ? inBandParameterSets(own) : undefined;
    carried.get(set)?.set(own.number, { media, entry, inBand });
  }
  return { tracks: [...byKey.values()], omitted: [...omitted.values()], carried };
}

function keyOf(track: Track): string {
  return `${track.number} ${track.type} ${track.codecId} ${mp4Timescale(track)}`;
}

/** From 1; a configuration that is there already is not written twice. */
function entryNumber(entries: Uint8Array[], entry: Uint8Array): number {
  const found = entries.findIndex((one) => equal(one, entry));
  return found >= 0 ? found + 1 : entries.push(entry);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Tracks of a set as they stand in a fragment: by their MP4 id. */
export function inOrder(carried: ReadonlyMap<number, Carried>): [number, Carried][] {
  return [...carried].sort(([, a], [, b]) => a.media.id - b.media.id);
}
