/** Which codecs a viewer can play, and what it is told when it cannot play what comes. Pure. */
import { Fault } from "../../base/errors.ts";
import type { ConfigItem, NoticeItem } from "../../live/feed-items.ts";
import { codecString } from "../../media/codec/describe.ts";

/** More are not listed by anybody. */
const MAX_CODECS = 32;
/** The same codec with its parameter sets elsewhere: what MP4 carries here is the first kind. */
const SAME: Readonly<Record<string, string>> = { avc3: "avc1", hev1: "hvc1" };

/** First parts of RFC 6381 codec strings: `avc1`, `hvc1`, `mp4a`. */
export type Codecs = ReadonlySet<string>;

/** `avc1,vp09,opus`. Throws `request.bad`. */
export function readCodecs(text: string): Codecs {
  const names = text.split(",");
  if (names.length > MAX_CODECS || !names.every((name) => /^[A-Za-z0-9-]{2,8}$/.test(name)))
    throw new Fault("request.bad", "codecs: the first parts of codec names, as avc1,hvc1,mp4a");
  return new Set(names.map((name) => SAME[name] ?? name));
}

/** What to say instead of media that the viewer has no decoder for; undefined when it can play all of it. */
export function refusal(
  config: ConfigItem,
  codecs: Codecs,
  stream: string,
): NoticeItem | undefined {
  const carried = config.tracks.flatMap(({ track, carried }) => (carried ? [track] : []));
  const names = carried.map((track) => codecString(track));
  const others = names.filter((name) => {
    const [family] = (name ?? "").split(".");
    return family !== undefined && family !== "" && !codecs.has(SAME[family] ?? family);
  });
  if (others.length === 0) return undefined;
  const path = `/v1/streams/${encodeURIComponent(stream)}`;
  return {
    kind: "error",
    code: "codec.unsupported",
    message: `this viewer said that it cannot play ${others.join(", ")}`,
    codecs: names.flatMap((name) => name ?? []),
    alternatives: [`${path}/clip.mkv`, `${path}/images`],
  };
}
