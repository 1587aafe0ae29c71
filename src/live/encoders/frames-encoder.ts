/** The `frames` format: a fixed binary header and the payload. Layout: docs/formats/tail.md. */
import type { FrameItem, TimelineItem } from "../items.ts";
import type { EncodedFrame, MakeEncoder } from "./encoder.ts";

export const FRAME_HEADER_BYTES = 40;
export const FRAME_VERSION = 1;

export const FrameFlag = { key: 1, joins: 2, duration: 4 } as const;

const UINT32 = 2 ** 32;

export const makeFramesEncoder: MakeEncoder = (timeline) => ({
  init: undefined,
  mime: undefined,
  originUs: undefined,
  carries: () => true,
  add: (item) => encodeFrame(item, timeline),
});

function encodeFrame(item: FrameItem, timeline: TimelineItem): EncodedFrame {
  const { frame, startsGroup } = item;
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.length);
  const view = new DataView(bytes.buffer);
  const durationUs = frame.durationUs;
  let flags = frame.key ? FrameFlag.key : 0;
  if (startsGroup) flags |= FrameFlag.joins;
  if (durationUs !== undefined) flags |= FrameFlag.duration;
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, flags);
  view.setUint16(2, FRAME_HEADER_BYTES);
  view.setUint32(4, frame.track);
  setInt64(view, 8, frame.timeUs);
  setInt64(view, 16, item.receivedMs);
  view.setUint32(24, Math.min(durationUs ?? 0, UINT32 - 1));
  view.setUint32(28, timeline.run);
  setInt64(view, 32, item.sequence);
  frame.payload.copyTo(bytes, FRAME_HEADER_BYTES);
  return { bytes, joins: startsGroup };
}

/** A safe integer as 64 bits, two's complement, without a BigInt. */
function setInt64(view: DataView, offset: number, value: number): void {
  view.setInt32(offset, Math.floor(value / UINT32));
  view.setUint32(offset + 4, value >>> 0);
}

/** One message of the `frames` format, read back. */
export interface ReadFrame {
  readonly key: boolean;
  readonly joins: boolean;
  readonly track: number;
  readonly timeUs: number;
  readonly receivedMs: number;
  readonly durationUs: number | undefined;
  readonly run: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Reads one binary message. Undefined when it is not one, or of another version. */
export function readFrameMessage(message: Uint8Array): ReadFrame | undefined {
  if (message.length < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const headerBytes = view.getUint16(2);
  const usable = headerBytes >= FRAME_HEADER_BYTES && headerBytes <= message.length;
  if (view.getUint8(0) !== FRAME_VERSION || !usable) return undefined;
  const flags = view.getUint8(1);
  return {
    key: (flags & FrameFlag.key) !== 0,
    joins: (flags & FrameFlag.joins) !== 0,
    track: view.getUint32(4),
    timeUs: getInt64(view, 8),
    receivedMs: getInt64(view, 16),
    durationUs: (flags & FrameFlag.duration) === 0 ? undefined : view.getUint32(24),
    run: view.getUint32(28),
    sequence: getInt64(view, 32),
    payload: message.subarray(headerBytes),
  };
}

function getInt64(view: DataView, offset: number): number {
  return view.getInt32(offset) * UINT32 + view.getUint32(offset + 4);
}
