/**
 * Sequence parameter set of H.264 (ISO/IEC 14496-10 §7.3.2.1.1, VUI: annex E): what containers and
 * players have to know of it. Knows no other unit.
 */
import { Fault } from "../../../base/errors.ts";
import { BitReader } from "../bit-reader.ts";
import { unescapeNal } from "../nal.ts";

export interface H264Sps {
  readonly profile: number;
  /** The byte of constraint flags, as it is. */
  readonly constraints: number;
  /** Ten times the level, e.g. 31. */
  readonly level: number;
  readonly id: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels that are shown: coded size less cropping. */
  readonly width: number;
  readonly height: number;
  /** Frames that may have to wait for a later one; undefined when the stream does not say. */
  readonly maxReorderFrames: number | undefined;
}

/** Profiles whose SPS says chroma format and bit depth. */
const WITH_CHROMA = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const EXTENDED_SAR = 255;
/** Beyond any level: 16,384 pixels. */
const MAX_MBS = 1024;

/** Reads an SPS unit, its header byte included. Throws `codec.bad-config`. */
export function readH264Sps(unit: Uint8Array): H264Sps {
  if (((unit[0] ?? 0) & 31) !== 7) throw new Fault("codec.bad-config", "not an H.264 SPS");
  const bits = new BitReader(unescapeNal(unit.subarray(1)), "H.264 SPS");
  const profile = bits.bits(8);
  const constraints = bits.bits(8);
  const level = bits.bits(8);
  const id = bits.ueUpTo(31, "seq_parameter_set_id");
  const chroma = readChroma(bits, profile);
  skipFrameOrder(bits);
  const size = readSize(bits, chroma.chromaFormat, chroma.separatePlanes);
  const maxReorderFrames = bits.flag() ? readReorder(bits) : undefined;
  const { chromaFormat, bitDepthLuma, bitDepthChroma } = chroma;
  return {
    ...{ profile, constraints, level, id, chromaFormat, bitDepthLuma, bitDepthChroma },
    ...{ ...size, maxReorderFrames },
  };
}

function readChroma(bits: BitReader, profile: number) {
  if (!WITH_CHROMA.has(profile))
    return { chromaFormat: 1, separatePlanes: false, bitDepthLuma: 8, bitDepthChroma: 8 };
  const chromaFormat = bits.ueUpTo(3, "chroma_format_idc");
  const separatePlanes = chromaFormat === 3 && bits.flag();
  const bitDepthLuma = 8 + bits.ueUpTo(6, "bit_depth_luma_minus8");
  const bitDepthChroma = 8 + bits.ueUpTo(6, "bit_depth_chroma_minus8");
  bits.skip(1);
  if (bits.flag()) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  return { chromaFormat, separatePlanes, bitDepthLuma, bitDepthChroma };
}

function skipScalingLists(bits: BitReader, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (!bits.flag()) continue;
    let last = 8;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + bits.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

/** From log2_max_frame_num to gaps_in_frame_num_value_allowed_flag. */
function skipFrameOrder(bits: BitReader): void {
  bits.ueUpTo(12, "log2_max_frame_num_minus4");
  const type = bits.ueUpTo(2, "pic_order_cnt_type");
  if (type === 0) bits.ueUpTo(12, "log2_max_pic_order_cnt_lsb_minus4");
  if (type === 1) {
    bits.skip(1);
    bits.se();
    bits.se();
    const cycle = bits.ueUpTo(255, "num_ref_frames_in_pic_order_cnt_cycle");
    for (let i = 0; i < cycle; i++) bits.se();
  }
  bits.ueUpTo(16, "max_num_ref_frames");
  bits.skip(1);
}

function readSize(bits: BitReader, chromaFormat: number, separatePlanes: boolean) {
  const codedWidth = 16 * (1 + bits.ueUpTo(MAX_MBS - 1, "pic_width_in_mbs_minus1"));
  const heightUnits = 1 + bits.ueUpTo(MAX_MBS - 1, "pic_height_in_map_units_minus1");
  const fields = bits.flag() ? 1 : 2;
  const codedHeight = 16 * heightUnits * fields;
  if (fields === 2) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return { width: codedWidth, height: codedHeight };
  const subsampled = !separatePlanes;
  const unitX = subsampled && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1;
  const unitY = (subsampled && chromaFormat === 1 ? 2 : 1) * fields;
  const [left, right, top, bottom] = [bits.ue(), bits.ue(), bits.ue(), bits.ue()];
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  if (width <= 0 || height <= 0) throw bits.fault("cropped to nothing");
  return { width, height };
}

/** VUI up to max_num_reorder_frames (§E.1.1). */
function readReorder(bits: BitReader): number | undefined {
  if (bits.flag() && bits.bits(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
  if (bits.flag()) bits.skip(65);
  const nal = bits.flag();
  if (nal) skipHrd(bits);
  const vcl = bits.flag();
  if (vcl) skipHrd(bits);
  if (nal || vcl) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return undefined;
  bits.skip(1);
  for (let i = 0; i < 4; i++) bits.ue();
  return bits.ueUpTo(16, "max_num_reorder_frames");
}

function skipHrd(bits: BitReader): void {
  const count = 1 + bits.ueUpTo(31, "cpb_cnt_minus1");
  bits.skip(8);
  for (let i = 0; i < count; i++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}
