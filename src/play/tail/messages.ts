/** The text messages of the tail WebSocket. Written out in docs/formats/tail.md. */
import type { ConfigItem, LostItem, NoticeItem, TrackView } from "../../live/feed-items.ts";
import { codecString } from "../../media/codec/describe.ts";
import type { TrackSet } from "../../media/track.ts";

/** The JSON of anything that is not media. `forNode`: with the Matroska element of the tracks, for another node's hub. */
export function textMessage(item: ConfigItem | NoticeItem | LostItem, forNode = false): string {
  switch (item.kind) {
    case "config":
      return configMessage(item, forNode);
    case "lost": {
      const tracks = Object.fromEntries(item.tracks);
      return JSON.stringify({ type: "lost", frames: item.frames, tracks });
    }
    default: {
      const { kind, ...rest } = item;
      return JSON.stringify({ type: kind, ...rest });
    }
  }
}

export function timeMessage(serverNowMs: number): string {
  return JSON.stringify({ type: "time", serverNowMs });
}

function configMessage(item: ConfigItem, forNode: boolean): string {
  const { format, timeline, mime, originUs } = item;
  const { session, run } = timeline;
  const tracks = item.tracks.map(trackMessage);
  const more = forNode ? elementOf(timeline.trackSet) : {};
  return JSON.stringify({ type: "config", format, session, run, mime, originUs, tracks, ...more });
}

function elementOf({ timestampScaleNs, tracksElement }: TrackSet): object {
  return { timestampScaleNs, tracksElement: Buffer.from(tracksElement).toString("base64") };
}

function trackMessage({ track, carried }: TrackView): object {
  const { codecPrivate, video, audio } = track;
  return {
    number: track.number,
    type: track.type,
    codec: track.codecId,
    codecString: codecString(track),
    name: track.name,
    language: track.language,
    width: video?.width,
    height: video?.height,
    sampleRate: audio?.sampleRate,
    channels: audio?.channels,
    codecPrivate:
      codecPrivate === undefined ? undefined : Buffer.from(codecPrivate).toString("base64"),
    carried,
  };
}
