/**
 * What VP8 and VP9 need in MP4 (VP Codec ISO Media File Format Binding, `vpcC`), from Matroska's
 * CodecPrivate for VP9 or from a key frame's header (VP9 bitstream §6.2).
 */
import { BitReader } from "../bit-reader.ts";

export interface VpConfig {
  readonly profile: number;
  /** Ten times the level; 0 unknown. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 and 1: 4:2:0 (chroma between, or on, the luma samples), 2: 4:2:2, 3: 4:4:4. */
  readonly chroma: number;
  readonly fullRange: boolean;
}

const RGB = 7;
/** Smallest level whose largest picture holds this many pixels (VP9 levels). */
const LEVELS: readonly (readonly [number, number])[] = [
  ...([
    [36_864, 10],
    [73_728, 11],
    [122_880, 20],
    [245_760, 21],
    [552_960, 30],
  ] as const),
  ...([
    [983_040, 31],
    [2_228_224, 40],
    [8_912_896, 50],
    [35_651_584, 60],
  ] as const),
];

/** By size alone: the rate is not known. */
export function vpLevel(width: number, height: number): number {
  return LEVELS.find(([pixels]) => width * height <= pixels)?.[1] ?? 62;
}

/** What nearly all streams are: 8 bits, 4:2:0. For a track that says nothing. */
export function plainVpConfig(width: number, height: number): VpConfig {
  return { profile: 0, level: vpLevel(width, height), bitDepth: 8, chroma: 1, fullRange: false };
}

/** Reads Matroska's VP9 CodecPrivate: features of id, length, value. Throws `codec.bad-config`. */
export function readVp9Private(config: Uint8Array, width: number, height: number): VpConfig {
  const plain = plainVpConfig(width, height);
  const bits = new BitReader(config, "VP9 CodecPrivate");
  const features = new Map<number, number>();
  while (bits.left >= 16) {
    const id = bits.bits(8);
    const length = bits.bits(8);
    if (length === 1) features.set(id, bits.bits(8));
    else bits.skip(8 * length);
  }
  const [profile = plain.profile, level = plain.level] = [features.get(1), features.get(2)];
  const [bitDepth = profile > 1 ? 10 : 8, chroma = plain.chroma] = [
    features.get(3),
    features.get(4),
  ];
  if (profile > 3 || bitDepth > 12 || chroma > 3) throw bits.fault("a value out of range");
  return { profile, level, bitDepth, chroma, fullRange: false };
}

/** Reads the header of a VP9 key frame. Throws `codec.bad-payload`, also for other frames. */
export function readVp9KeyFrame(payload: Uint8Array): VpConfig {
  const bits = new BitReader(payload, "VP9 key frame", "codec.bad-payload");
  if (bits.bits(2) !== 2) throw bits.fault("no frame marker");
  const profile = bits.bits(1) + 2 * bits.bits(1);
  if (profile === 3) bits.skip(1);
  const [existing, interFrame] = [bits.flag(), bits.flag()];
  bits.skip(2);
  if (existing || interFrame || bits.bits(24) !== 0x498342) throw bits.fault("not a key frame");
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const rgb = bits.bits(3) === RGB;
  const fullRange = rgb || bits.flag();
  const chroma = readChroma(bits, profile, rgb);
  const [width, height] = [bits.bits(16) + 1, bits.bits(16) + 1];
  return { profile, level: vpLevel(width, height), bitDepth, chroma, fullRange };
}

function readChroma(bits: BitReader, profile: number, rgb: boolean): number {
  const odd = (profile & 1) === 1;
  if (rgb) {
    if (odd) bits.skip(1);
    return 3;
  }
  if (!odd) return 1;
  const [x, y] = [bits.flag(), bits.flag()];
  bits.skip(1);
  return y ? 1 : x ? 2 : 3;
}

/** Matroska's VP9 CodecPrivate with all four features. */
export function writeVp9Private(config: VpConfig): Uint8Array {
  const { profile, level, bitDepth, chroma } = config;
  return Uint8Array.of(1, 1, profile, 2, 1, level, 3, 1, bitDepth, 4, 1, chroma);
}

/** Body of the `vpcC` box after version and flags: colours unspecified, no initialization data. */
export function vpSpecific(config: VpConfig): Uint8Array {
  const { profile, level, bitDepth, chroma, fullRange } = config;
  const depth = (bitDepth << 4) | (chroma << 1) | (fullRange ? 1 : 0);
  return Uint8Array.of(profile, level, depth, 2, 2, 2, 0, 0);
}

/** `vp09.PP.LL.DD`. */
export function vp9String(config: VpConfig): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `vp09.${two(config.profile)}.${two(config.level)}.${two(config.bitDepth)}`;
}
