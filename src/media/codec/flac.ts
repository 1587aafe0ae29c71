/** FLAC (RFC 9639): STREAMINFO, which MP4's `dfLa` needs, and the samples of a frame. */
import { ByteReader } from "./byte-reader.ts";

export interface FlacInfo {
  /** The STREAMINFO block, 34 bytes, without its header. */
  readonly streamInfo: Uint8Array;
  /** Hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitDepth: number;
}

const MAGIC = 0x664c6143;
const STREAM_INFO_BYTES = 34;

/** Reads Matroska's CodecPrivate: `fLaC` and metadata blocks, STREAMINFO first. Throws `codec.bad-config`. */
export function readFlacPrivate(config: Uint8Array): FlacInfo {
  const reader = new ByteReader(config, "FLAC header");
  if (reader.u32() !== MAGIC) throw reader.fault("does not begin with fLaC");
  if ((reader.u32() & 0x7fffffff) !== STREAM_INFO_BYTES) throw reader.fault("no STREAMINFO");
  const streamInfo = reader.bytes(STREAM_INFO_BYTES);
  const packed = new DataView(streamInfo.buffer, streamInfo.byteOffset + 10, 4).getUint32(0);
  const sampleRate = packed >>> 12;
  if (sampleRate === 0) throw reader.fault("no sample rate");
  const channels = ((packed >> 9) & 7) + 1;
  return { streamInfo, sampleRate, channels, bitDepth: ((packed >> 4) & 31) + 1 };
}

/** Body of `dfLa` after version and flags (FLAC in ISOBMFF §3.3.2): STREAMINFO as the last block. */
export function flacSpecific(info: FlacInfo): Uint8Array {
  const out = new Uint8Array(4 + STREAM_INFO_BYTES);
  out.set([0x80, 0, 0, STREAM_INFO_BYTES]);
  out.set(info.streamInfo, 4);
  return out;
}

/** Samples per channel of a frame (§9.1); `undefined` when it is none. */
export function flacFrameSamples(payload: Uint8Array): number | undefined {
  const [a, b, c, , number] = payload;
  if (a !== 0xff || b === undefined || (b & 0xfe) !== 0xf8) return undefined;
  if (c === undefined || number === undefined) return undefined;
  const code = c >> 4;
  if (code === 0) return undefined;
  if (code === 1) return 192;
  if (code < 6) return 576 << (code - 2);
  if (code > 7) return 256 << (code - 8);
  // The size stands behind the frame or sample number, which is coded like UTF-8.
  const ones = Math.clz32(~(number << 24));
  const at = 4 + Math.max(1, ones);
  const [first, second = 0] = payload.subarray(at, at + 2);
  if (first === undefined) return undefined;
  return 1 + (code === 6 ? first : (first << 8) | second);
}
