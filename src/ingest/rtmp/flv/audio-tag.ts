/** Audio messages: FLV's AUDIODATA (Adobe FLV 10.1 §E.4.2) and enhanced RTMP v2's extended header. Pure. */
import type { Rope } from "../../../base/rope.ts";
import { type FlvTag, fourCc, headOf, NOTHING } from "./tag.ts";

export type AudioCodec = "mp4a" | "Opus" | "mp3" | "alaw" | "ulaw";

/** `channels`: by FLV's own flags, which mean something for G.711 only. */
export type AudioTag = FlvTag<AudioCodec, { readonly channels: number }>;

const AAC = 10;
const EXTENDED = 9;
const PLAIN: Readonly<Record<number, AudioCodec | undefined>> = {
  ...{ 2: "mp3", 14: "mp3", 7: "alaw", 8: "ulaw" },
};
const FOURCC: Readonly<Record<string, AudioCodec | undefined>> = {
  ...{ mp4a: "mp4a", Opus: "Opus", ".mp3": "mp3" },
};

/** Messages too short for their header are `nothing`. */
export function readAudioTag(payload: Rope): AudioTag {
  const head = headOf(payload, 5);
  const [first, second] = head;
  if (first === undefined) return NOTHING;
  const format = first >> 4;
  const channels = (first & 1) + 1;
  if (format === EXTENDED) return extended(payload, head);
  if (format === AAC) {
    if (second === undefined || payload.length <= 2) return NOTHING;
    const rest = payload.slice(2);
    if (second === 0) return { kind: "config", codec: "mp4a", config: rest.toBytes() };
    return { kind: "frame", codec: "mp4a", payload: rest, channels };
  }
  const codec = PLAIN[format];
  if (codec === undefined) return { kind: "unsupported", name: `FLV sound format ${format}` };
  return payload.length <= 1
    ? NOTHING
    : { kind: "frame", codec, payload: payload.slice(1), channels };
}

function extended(payload: Rope, head: Uint8Array): AudioTag {
  const packet = (head[0] ?? 0) & 15;
  if (head.length < 5 || payload.length <= 5 || packet > 1) return NOTHING;
  const name = fourCc(head);
  const codec = FOURCC[name];
  if (codec === undefined) return { kind: "unsupported", name };
  const rest = payload.slice(5);
  if (packet === 0) return { kind: "config", codec, config: rest.toBytes() };
  return { kind: "frame", codec, payload: rest, channels: 2 };
}
