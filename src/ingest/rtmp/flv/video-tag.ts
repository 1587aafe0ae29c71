/**
 * Video messages: FLV's VIDEODATA (Adobe FLV 10.1 §E.4.3) and enhanced RTMP's extended header (veovera, 2023). Pure.
 */
import type { Rope } from "../../../base/rope.ts";
import { type FlvTag, fourCc, headOf, NOTHING } from "./tag.ts";

export type VideoCodec = "avc1" | "hvc1" | "av01";

export type VideoTag = FlvTag<
  VideoCodec,
  {
    readonly key: boolean;
    /** Presentation time less decode time, ms; may be negative. */
    readonly offsetMs: number;
  }
>;

const KEY_FRAME = 1;
const COMMAND_FRAME = 5;
/** CodecID of FLV: 7 is the standard's, 12 what many encoders use for HEVC. */
const LEGACY: Readonly<Record<number, VideoCodec | undefined>> = { 7: "avc1", 12: "hvc1" };
const ENHANCED = new Set<string>(["avc1", "hvc1", "av01"]);

/** AVCPacketType, and PacketType of the extended header: the same numbers. */
const Packet = { config: 0, frames: 1, framesNow: 3 } as const;

const HEAD_BYTES = 8;

/** Messages too short for their header are `nothing`. */
export function readVideoTag(payload: Rope): VideoTag {
  const head = headOf(payload, HEAD_BYTES);
  const first = head[0];
  if (first === undefined) return NOTHING;
  return (first & 0x80) === 0 ? legacy(payload, head) : enhanced(payload, head);
}

function legacy(payload: Rope, head: Uint8Array): VideoTag {
  const [first = 0, packet] = head;
  const frameType = first >> 4;
  const codec = LEGACY[first & 15];
  if (codec === undefined) return { kind: "unsupported", name: `FLV video codec ${first & 15}` };
  if (frameType === COMMAND_FRAME || packet === undefined || head.length < 5) return NOTHING;
  if (packet === Packet.config)
    return { kind: "config", codec, config: payload.slice(5).toBytes() };
  if (packet !== Packet.frames || payload.length <= 5) return NOTHING;
  const key = frameType === KEY_FRAME;
  return { kind: "frame", codec, key, offsetMs: int24(head, 2), payload: payload.slice(5) };
}

function enhanced(payload: Rope, head: Uint8Array): VideoTag {
  const [first = 0] = head;
  const [frameType, packet] = [(first >> 4) & 7, first & 15];
  if (frameType === COMMAND_FRAME || head.length < 5) return NOTHING;
  const name = fourCc(head);
  if (!ENHANCED.has(name)) return { kind: "unsupported", name };
  const codec = name as VideoCodec;
  if (packet === Packet.config)
    return { kind: "config", codec, config: payload.slice(5).toBytes() };
  // AV1 has no composition time: its frames come as they are shown.
  const timed = packet === Packet.frames && codec !== "av01";
  const start = timed ? 8 : 5;
  if ((packet !== Packet.frames && packet !== Packet.framesNow) || payload.length <= start)
    return NOTHING;
  const offsetMs = timed ? int24(head, 5) : 0;
  return {
    kind: "frame",
    codec,
    key: frameType === KEY_FRAME,
    offsetMs,
    payload: payload.slice(start),
  };
}

/** Signed 24 bits: B-frames of some encoders are shown before they are decoded, by their numbers. */
function int24(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
  return ((a << 24) | (b << 16) | (c << 8)) >> 8;
}
