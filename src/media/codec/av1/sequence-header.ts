/** Sequence header of AV1 (AV1 bitstream §5.5): what av1C and the codec text are made of. */
import { BitReader } from "../bit-reader.ts";

export interface Av1Sequence {
  readonly profile: number;
  /** seq_level_idx of the first operating point. */
  readonly level: number;
  readonly tier: number;
  readonly bitDepth: number;
  readonly monochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly chromaPosition: number;
  readonly width: number;
  readonly height: number;
}

const SRGB = { primaries: 1, transfer: 13, matrix: 0 };
const UNSPECIFIED = { primaries: 2, transfer: 2, matrix: 2 };

/** Reads the payload of a sequence header OBU, without its header. Throws `codec.bad-config`. */
export function readAv1Sequence(payload: Uint8Array): Av1Sequence {
  const bits = new BitReader(payload, "AV1 sequence header");
  const profile = bits.bits(3);
  if (profile > 2) throw bits.fault(`profile ${profile}`);
  bits.skip(1);
  const reduced = bits.flag();
  const { level, tier } = reduced ? { level: bits.bits(5), tier: 0 } : readOperatingPoints(bits);
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  skipTools(bits, reduced);
  return { profile, level, tier, width, height, ...readColor(bits, profile) };
}

function readOperatingPoints(bits: BitReader): { level: number; tier: number } {
  const { model, delayBits } = readTiming(bits);
  const delays = bits.flag();
  const count = bits.bits(5) + 1;
  let first = { level: 0, tier: 0 };
  for (let i = 0; i < count; i++) {
    bits.skip(12);
    const level = bits.bits(5);
    const tier = level > 7 ? bits.bits(1) : 0;
    if (i === 0) first = { level, tier };
    if (model && bits.flag()) bits.skip(2 * delayBits + 1);
    if (delays && bits.flag()) bits.skip(4);
  }
  return first;
}

function readTiming(bits: BitReader): { model: boolean; delayBits: number } {
  if (!bits.flag()) return { model: false, delayBits: 0 };
  bits.skip(64);
  if (bits.flag()) bits.ue();
  if (!bits.flag()) return { model: false, delayBits: 0 };
  const delayBits = bits.bits(5) + 1;
  bits.skip(32 + 5 + 5);
  return { model: true, delayBits };
}

/** Everything between the picture size and color_config. */
function skipTools(bits: BitReader, reduced: boolean): void {
  if (!reduced && bits.flag()) bits.skip(7);
  bits.skip(3);
  if (!reduced) {
    bits.skip(4);
    const orderHint = bits.flag();
    if (orderHint) bits.skip(2);
    const screenContent = bits.flag() ? 2 : bits.bits(1);
    if (screenContent > 0 && !bits.flag()) bits.skip(1);
    if (orderHint) bits.skip(3);
  }
  bits.skip(3);
}

function readColor(bits: BitReader, profile: number) {
  const high = bits.flag();
  const bitDepth = high ? (profile === 2 && bits.flag() ? 12 : 10) : 8;
  const monochrome = profile !== 1 && bits.flag();
  const described = bits.flag()
    ? { primaries: bits.bits(8), transfer: bits.bits(8), matrix: bits.bits(8) }
    : UNSPECIFIED;
  const full = { bitDepth, monochrome, subsamplingX: true, subsamplingY: true, chromaPosition: 0 };
  if (monochrome) return full;
  const { primaries, transfer, matrix } = described;
  if (primaries === SRGB.primaries && transfer === SRGB.transfer && matrix === SRGB.matrix)
    return { ...full, subsamplingX: false, subsamplingY: false };
  bits.skip(1);
  const [subsamplingX, subsamplingY] = readSubsampling(bits, profile, bitDepth);
  const chromaPosition = subsamplingX && subsamplingY ? bits.bits(2) : 0;
  return { ...full, subsamplingX, subsamplingY, chromaPosition };
}

function readSubsampling(bits: BitReader, profile: number, bitDepth: number): [boolean, boolean] {
  if (profile === 0) return [true, true];
  if (profile === 1) return [false, false];
  if (bitDepth < 12) return [true, false];
  const x = bits.flag();
  return [x, x && bits.flag()];
}
