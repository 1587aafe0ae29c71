/** Fragments of a real file to a hub, as ingest publishes them. */
import { micros, millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import type { LivePublisher } from "../../src/fragment/live.ts";
import { framesByTrack } from "../../src/play/clip/mp4-frames.ts";

/** By publisher: how many frames of the fragment at hand it has been given. */
const given = new WeakMap<LivePublisher, { sequence: number; frames: number }>();

/** The first `count` frames of it, or all; called again, those that are left. */
export function publish(
  publisher: LivePublisher,
  fragment: SealedFragment,
  count = Infinity,
): void {
  const { info, trackSet, blocks } = fragment;
  const { sequence } = info.number;
  let at = given.get(publisher);
  if (at?.sequence !== sequence) {
    at = { sequence, frames: 0 };
    publisher.fragment(info.number, info.run);
  }
  const wanted = new Set(trackSet.tracks.map(({ number }) => number));
  const stored = { ...fragment, packId: "", trackSetId: "", offset: 0, size: 0 };
  const place = { blocksOffset: 0, blocksSize: blocks.length, blocksCrc: 0 };
  const tracks = framesByTrack(blocks.toBytes(), { ...stored, ...place }, { trackSet, wanted });
  const frames = [...tracks].flatMap(([track, list]) => list.map((frame) => ({ ...frame, track })));
  // Pictures stay in decode order; sound is put where its time says.
  const video = frames.filter((one) => one.track === 1);
  const ordered = [...video, ...frames.filter((one) => one.track !== 1)];
  for (const frame of ordered.slice(at.frames, count)) {
    publisher.frame(
      { ...frame, timeUs: micros(Math.round(frame.timeUs)) },
      millis(info.number.receivedMs),
    );
    at.frames++;
  }
  given.set(publisher, at);
}
