/** AV1CodecConfigurationRecord, "av1C" (AV1 in ISOBMFF §2.3): read, and made from a key frame. */
import { ByteReader } from "../byte-reader.ts";
import { readAv1Sequence } from "./sequence-header.ts";

export interface Av1c {
  readonly profile: number;
  readonly level: number;
  readonly tier: number;
  readonly bitDepth: number;
  readonly monochrome: boolean;
  /** The OBUs in it; empty as Chrome's MediaRecorder writes it, then they are in every key frame. */
  readonly obus: Uint8Array;
}

const SEQUENCE_HEADER = 1;

/** Throws `codec.bad-config`. */
export function readAv1c(config: Uint8Array): Av1c {
  const reader = new ByteReader(config, "av1C");
  if (reader.u8() !== 0x81) throw reader.fault("not marker and version 1");
  const [first, second] = [reader.u8(), reader.u8()];
  reader.skip(1);
  const bitDepth = (second & 0x40) === 0 ? 8 : (second & 0x20) === 0 ? 10 : 12;
  return {
    ...{ profile: first >> 5, level: first & 31, tier: second >> 7, bitDepth },
    monochrome: (second & 0x10) !== 0,
    obus: reader.bytes(reader.left),
  };
}

/**
 * An av1C from the sequence header in a key frame (a temporal unit as Matroska has it); undefined when
 * there is none. Throws `codec.bad-payload` for a broken OBU, `codec.bad-config` for a broken header.
 */
export function av1cFromKeyFrame(payload: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(payload, "AV1 temporal unit", "codec.bad-payload");
  while (reader.left > 0) {
    const start = payload.length - reader.left;
    const header = reader.u8();
    if ((header & 0x80) !== 0) throw reader.fault("not an OBU");
    if ((header & 4) !== 0) reader.skip(1);
    const size = (header & 2) === 0 ? reader.left : readLeb128(reader);
    const body = reader.bytes(size);
    const end = payload.length - reader.left;
    if (((header >> 3) & 15) === SEQUENCE_HEADER)
      return buildAv1c(body, payload.subarray(start, end));
  }
  return undefined;
}

function readLeb128(reader: ByteReader): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw reader.fault("a size over 32 bits");
}

function buildAv1c(sequence: Uint8Array, obu: Uint8Array): Uint8Array {
  const s = readAv1Sequence(sequence);
  const flags = [s.bitDepth > 8, s.bitDepth === 12, s.monochrome, s.subsamplingX, s.subsamplingY];
  let second = s.tier << 7;
  for (const [i, set] of flags.entries()) if (set) second |= 0x40 >> i;
  const out = new Uint8Array(4 + obu.length);
  out.set([0x81, (s.profile << 5) | s.level, second | s.chromaPosition, 0]);
  out.set(obu, 4);
  return out;
}

/** `av01.P.LLT.DD` (§5) of an av1C. Throws `codec.bad-config`. */
export function av1String(config: Uint8Array): string {
  const { profile, level, tier, bitDepth } = readAv1c(config);
  const two = (value: number) => String(value).padStart(2, "0");
  return `av01.${profile}.${two(level)}${tier === 0 ? "M" : "H"}.${two(bitDepth)}`;
}
