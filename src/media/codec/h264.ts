/** H.264: parameter sets and avcC (ITU-T H.264 §7.3.2.1, ISO 14496-15 §5.3.3). */
import { Fault } from "../../base/errors.ts";
import { BitReader, unescapeNal } from "./bits.ts";

export const NAL_SPS = 7;
export const NAL_PPS = 8;

export function h264NalType(nal: Uint8Array): number {
  return (nal[0] ?? 0) & 0x1f;
}

export interface H264Sps {
  readonly profile: number;
  readonly compatibility: number;
  readonly level: number;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Picture size after cropping, pixels. */
  readonly width: number;
  readonly height: number;
}

const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Reads a sequence parameter set, NAL header included. Throws `codec.bad-config`. */
export function parseH264Sps(nal: Uint8Array): H264Sps {
  if (h264NalType(nal) !== NAL_SPS) throw new Fault("codec.bad-config", "not an H.264 SPS");
  const bits = new BitReader(unescapeNal(nal.subarray(1)));
  const [profile, compatibility, level] = [bits.bits(8), bits.bits(8), bits.bits(8)];
  bits.ue();
  const chroma = HIGH_PROFILES.has(profile) ? readChroma(bits) : { format: 1, luma: 8, chroma: 8 };
  bits.ue();
  skipPictureOrder(bits);
  bits.ue();
  bits.flag();
  const widthMbs = bits.ue() + 1;
  const heightUnits = bits.ue() + 1;
  const framesOnly = bits.flag();
  if (!framesOnly) bits.flag();
  bits.flag();
  const crop = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const fields = framesOnly ? 1 : 2;
  const cropX = chroma.format === 1 || chroma.format === 2 ? 2 : 1;
  const cropY = (chroma.format === 1 ? 2 : 1) * fields;
  return {
    profile,
    compatibility,
    level,
    chromaFormat: chroma.format,
    bitDepthLuma: chroma.luma,
    bitDepthChroma: chroma.chroma,
    width: widthMbs * 16 - (left + right) * cropX,
    height: heightUnits * 16 * fields - (top + bottom) * cropY,
  };
}

function readChroma(bits: BitReader): { format: number; luma: number; chroma: number } {
  const format = bits.ue();
  if (format === 3) bits.flag();
  const luma = bits.ue() + 8;
  const chroma = bits.ue() + 8;
  bits.flag();
  if (bits.flag()) {
    for (let i = 0; i < (format === 3 ? 12 : 8); i++)
      if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
  }
  return { format, luma, chroma };
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.ue();
  if (type === 0) bits.ue();
  if (type !== 1) return;
  bits.flag();
  bits.se();
  bits.se();
  const count = bits.ue();
  if (count > 255) throw new Fault("codec.bad-config", "too many reference frames in a cycle");
  for (let i = 0; i < count; i++) bits.se();
}

/** An avcC for these parameter sets, 4-byte lengths. Throws `codec.bad-config` without any. */
export function makeAvcC(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const [first] = sps;
  if (first === undefined || first.length < 4 || pps.length === 0)
    throw new Fault("codec.bad-config", "no H.264 parameter sets");
  const parsed = parseH264Sps(first);
  const out: number[] = [1, first[1] ?? 0, first[2] ?? 0, first[3] ?? 0, 0xff];
  const put = (list: readonly Uint8Array[]) => {
    for (const nal of list) out.push(nal.length >> 8, nal.length & 0xff, ...nal);
  };
  out.push(0xe0 | sps.length);
  put(sps);
  out.push(pps.length);
  put(pps);
  if (HIGH_PROFILES.has(parsed.profile))
    out.push(
      ...[0xfc | parsed.chromaFormat, 0xf8 | (parsed.bitDepthLuma - 8)],
      ...[0xf8 | (parsed.bitDepthChroma - 8), 0],
    );
  return Uint8Array.from(out);
}

/** `avc1.PPCCLL` (RFC 6381 §3.3), or undefined for what is not an avcC. */
export function h264CodecString(avcC: Uint8Array): string | undefined {
  if (avcC[0] !== 1 || avcC.length < 7) return undefined;
  const hex = Array.from(avcC.subarray(1, 4), (b) => b.toString(16).padStart(2, "0"));
  return `avc1.${hex.join("")}`;
}
