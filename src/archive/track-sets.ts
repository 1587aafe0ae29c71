/** Track sets by the hash of what they say: stored once, however often a camera reconnects. */
import { createHash } from "node:crypto";
import { Fault } from "../base/errors.ts";
import { readTracks } from "../media/mkv/tracks.ts";
import { children } from "../media/mkv/values.ts";
import type { TrackSet } from "../media/track.ts";
import type { FragmentIndex, TrackSetRow } from "./index/fragment-index.ts";

const ids = new WeakMap<TrackSet, string>();

/** 32 hex digits of SHA-256 over the timescale and the Tracks element. */
export function trackSetId(trackSet: TrackSet): string {
  let id = ids.get(trackSet);
  if (id === undefined) {
    const hash = createHash("sha256").update(`${trackSet.timestampScaleNs}\n`);
    id = hash.update(trackSet.tracksElement).digest("hex").slice(0, 32);
    ids.set(trackSet, id);
  }
  return id;
}

export function trackSetRow(trackSet: TrackSet): TrackSetRow {
  const { timestampScaleNs, tracksElement } = trackSet;
  return { id: trackSetId(trackSet), timestampScaleNs, tracksElement };
}

/** Throws `store.not-found`. */
export async function loadTrackSet(index: FragmentIndex, id: string): Promise<TrackSet> {
  const row = await index.trackSet(id);
  if (row === undefined) throw new Fault("store.not-found", `there is no track set ${id}`);
  const { timestampScaleNs, tracksElement } = row;
  const [element] = children(tracksElement, 0, 1);
  const tracks = readTracks(element?.payload ?? new Uint8Array(0), 0, 1000);
  return { tracks, timestampScaleNs, tracksElement };
}
