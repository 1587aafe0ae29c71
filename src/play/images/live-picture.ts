/** The newest picture of a stream from the memory of the live hub: no read, and nothing has to be stored yet. */
import type { LiveHub } from "../../live/hub.ts";
import type { FrameItem, LiveItem, TimelineItem } from "../../live/items.ts";
import { choosePicture, firstDecodable, neededFrames, type Precision } from "./choose.ts";
import type { PictureSource } from "./source.ts";

/** Undefined when nobody publishes here, or when no whole group of pictures is in memory. */
export function livePicture(
  hub: LiveHub,
  stream: string,
  precision: Precision,
): PictureSource | undefined {
  if (hub.status(stream)?.live !== true) return undefined;
  const items: LiveItem[] = [];
  hub.subscribe(stream, (item) => items.push(item)).close();
  const timeline = items.findLast((item) => item.kind === "timeline");
  const track = timeline?.trackSet.tracks.find(({ type }) => type === "video");
  if (timeline === undefined || track === undefined || track.encoding === "unsupported") return;
  const shown = items.filter(
    (item): item is FrameItem => item.kind === "frame" && item.frame.track === track.number,
  );
  const frames = shown.map(({ frame }) => frame);
  const chosen =
    choosePicture(frames, Number.POSITIVE_INFINITY, precision) ?? firstDecodable(frames);
  if (chosen === undefined) return undefined;
  const shownUs = frames[chosen.last]?.timeUs ?? 0;
  return {
    identity: `live ${timelineName(timeline)} ${track.number} ${shownUs}`,
    decoder: `live ${timelineName(timeline)} ${track.number}`,
    track,
    frames: neededFrames(frames, chosen),
    shownUs,
    receivedUs: (shown[chosen.last]?.receivedMs ?? 0) * 1000,
  };
}

function timelineName({ session, run }: TimelineItem): string {
  return `${session} ${run}`;
}
