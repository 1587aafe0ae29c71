/** OpusHead (RFC 7845 §5.1), which is Matroska's CodecPrivate, and `dOps`, the same in MP4. */
import { ByteReader } from "../byte-reader.ts";

export interface OpusHead {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Hertz before encoding: for information. */
  readonly inputRate: number;
  /** Q7.8 decibels. */
  readonly gain: number;
  readonly mappingFamily: number;
  /** Stream count, coupled count, one byte a channel; empty for family 0. */
  readonly mapping: Uint8Array;
}

const MAGIC = [..."OpusHead"].map((letter) => letter.charCodeAt(0));

/** Throws `codec.bad-config`. */
export function readOpusHead(config: Uint8Array): OpusHead {
  const reader = new ByteReader(config, "OpusHead");
  if (reader.bytes(8).some((byte, i) => byte !== MAGIC[i])) throw reader.fault("not an OpusHead");
  if (reader.u8() > 15) throw reader.fault("another version");
  const channels = reader.u8();
  if (channels === 0) throw reader.fault("no channels");
  const preSkip = swap16(reader.u16());
  const inputRate = (swap16(reader.u16()) | (swap16(reader.u16()) << 16)) >>> 0;
  const gain = swap16(reader.u16());
  const mappingFamily = reader.u8();
  if (mappingFamily === 0 && channels > 2) throw reader.fault("family 0 with over two channels");
  const mapping = reader.bytes(mappingFamily === 0 ? 0 : 2 + channels);
  return { channels, preSkip, inputRate, gain, mappingFamily, mapping };
}

/** For a track without OpusHead: family 0, so 1 or 2 channels. */
export function plainOpusHead(channels: number, preSkip: number): OpusHead {
  const mapping = new Uint8Array(0);
  return { channels, preSkip, inputRate: 48_000, gain: 0, mappingFamily: 0, mapping };
}

/** Body of the `dOps` box: big-endian, version 0 (Opus in ISOBMFF §4.3.2). */
export function opusSpecific(head: OpusHead): Uint8Array {
  const out = new Uint8Array(11 + head.mapping.length);
  const view = new DataView(out.buffer);
  view.setUint8(1, head.channels);
  view.setUint16(2, head.preSkip);
  view.setUint32(4, head.inputRate);
  view.setUint16(8, head.gain);
  view.setUint8(10, head.mappingFamily);
  out.set(head.mapping, 11);
  return out;
}

function swap16(value: number): number {
  return ((value & 255) << 8) | (value >> 8);
}
