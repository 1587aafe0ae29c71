/** Sequence parameter set of HEVC (ISO/IEC 23008-2 §7.3.2.2): the part hvcC is made of. */
import { Fault } from "../../../base/errors.ts";
import { BitReader } from "../bit-reader.ts";
import { unescapeNal } from "../nal.ts";

/** profile_tier_level, general part (§7.3.3). */
export interface HevcProfile {
  readonly space: number;
  readonly highTier: boolean;
  readonly profile: number;
  /** 32 flags, the first in the highest bit. */
  readonly compatibility: number;
  /** Progressive, interlaced, ... : 48 bits in 6 bytes. */
  readonly constraints: readonly number[];
  /** Thirty times the level, e.g. 93. */
  readonly level: number;
}

export interface HevcSps {
  readonly general: HevcProfile;
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
  readonly chromaFormat: number;
  readonly width: number;
  readonly height: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Frames that may have to wait for a later one, in the highest layer. */
  readonly maxReorderFrames: number;
}

const MAX_PIXELS = 16_888;

/** Reads an SPS unit, its two header bytes included. Throws `codec.bad-config`. */
export function readHevcSps(unit: Uint8Array): HevcSps {
  if ((unit[0] ?? 0) >> 1 !== 33) throw new Fault("codec.bad-config", "not an HEVC SPS");
  const bits = new BitReader(unescapeNal(unit.subarray(2)), "HEVC SPS");
  bits.skip(4);
  const subLayers = bits.bits(3);
  if (subLayers > 6) throw bits.fault("over seven temporal layers");
  const temporalIdNested = bits.flag();
  const general = readProfile(bits);
  skipSubLayers(bits, subLayers);
  bits.ueUpTo(15, "sps_seq_parameter_set_id");
  const chromaFormat = bits.ueUpTo(3, "chroma_format_idc");
  const separatePlanes = chromaFormat === 3 && bits.flag();
  const size = readSize(bits, separatePlanes ? 0 : chromaFormat);
  const bitDepthLuma = 8 + bits.ueUpTo(8, "bit_depth_luma_minus8");
  const bitDepthChroma = 8 + bits.ueUpTo(8, "bit_depth_chroma_minus8");
  return {
    ...{ general, temporalLayers: subLayers + 1, temporalIdNested, chromaFormat, ...size },
    ...{ bitDepthLuma, bitDepthChroma, maxReorderFrames: readReorder(bits, subLayers) },
  };
}

function readProfile(bits: BitReader): HevcProfile {
  const space = bits.bits(2);
  const highTier = bits.flag();
  const profile = bits.bits(5);
  const compatibility = bits.bits(32);
  const constraints = Array.from({ length: 6 }, () => bits.bits(8));
  return { space, highTier, profile, compatibility, constraints, level: bits.bits(8) };
}

function skipSubLayers(bits: BitReader, subLayers: number): void {
  if (subLayers === 0) return;
  const present = Array.from({ length: 8 }, () => [bits.flag(), bits.flag()] as const);
  for (const [profile, level] of present.slice(0, subLayers)) {
    if (profile) bits.skip(88);
    if (level) bits.skip(8);
  }
}

function readSize(bits: BitReader, chromaFormat: number) {
  const codedWidth = bits.ueUpTo(MAX_PIXELS, "pic_width_in_luma_samples");
  const codedHeight = bits.ueUpTo(MAX_PIXELS, "pic_height_in_luma_samples");
  const window = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [];
  const [left = 0, right = 0, top = 0, bottom = 0] = window;
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = chromaFormat === 1 ? 2 : 1;
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  if (width <= 0 || height <= 0) throw bits.fault("cropped to nothing");
  return { width, height };
}

function readReorder(bits: BitReader, subLayers: number): number {
  bits.ueUpTo(12, "log2_max_pic_order_cnt_lsb_minus4");
  const layers = bits.flag() ? subLayers + 1 : 1;
  let reorder = 0;
  for (let layer = 0; layer < layers; layer++) {
    bits.ue();
    reorder = bits.ueUpTo(16, "sps_max_num_reorder_pics");
    bits.ue();
  }
  return reorder;
}
