/** RTMP chunk stream, sending side: the few small messages a server that only receives has to send (§5.3, §5.4, §7.1). */
import { type AmfValue, amf0 } from "./amf0.ts";
import { RtmpType } from "./chunk-reader.ts";

/**
 * Of what we send, bytes: every message of ours fits in one chunk. It is this large because ffmpeg takes the server's
 * chunk size for its own direction too: a frame of its pushes is then one chunk, seldom more.
 */
export const OUT_CHUNK_SIZE = 65_536;
const CONTROL_STREAM = 2;
const COMMAND_STREAM = 3;
const STREAM_BEGIN = 0;
const PING_RESPONSE = 7;

function message(chunkStream: number, type: number, streamId: number, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + payload.length);
  out[0] = chunkStream;
  out.writeUIntBE(payload.length, 4, 3);
  out[7] = type;
  out.writeUInt32LE(streamId, 8);
  out.set(payload, 12);
  return out;
}

function control(type: number, value: number, more: readonly number[] = []): Buffer {
  const payload = Buffer.alloc(4 + more.length);
  payload.writeUInt32BE(value);
  payload.set(more, 4);
  return message(CONTROL_STREAM, type, 0, payload);
}

export const setChunkSize = (bytes: number) => control(RtmpType.setChunkSize, bytes);
export const windowAckSize = (bytes: number) => control(RtmpType.windowAckSize, bytes);
/** Limit type 2: dynamic. */
export const peerBandwidth = (bytes: number) => control(RtmpType.setPeerBandwidth, bytes, [2]);
export const acknowledgement = (bytes: number) => control(RtmpType.acknowledgement, bytes >>> 0);

function userControl(event: number, data: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(event);
  payload.writeUInt32BE(data >>> 0, 2);
  return message(CONTROL_STREAM, RtmpType.userControl, 0, payload);
}

export const streamBegin = (streamId: number) => userControl(STREAM_BEGIN, streamId);
export const pingResponse = (timestamp: number) => userControl(PING_RESPONSE, timestamp);

/** Throws `RangeError` when it does not fit in one chunk: that would be a bug here. */
export function command(streamId: number, ...values: readonly AmfValue[]): Buffer {
  const payload = amf0(values);
  if (payload.length > OUT_CHUNK_SIZE) throw new RangeError("a command larger than a chunk");
  return message(COMMAND_STREAM, RtmpType.commandAmf0, streamId, payload);
}
