/** HEVC: parameter sets and hvcC (ITU-T H.265 §7.3.2, ISO 14496-15 §8.3.3). */
import { Fault } from "../../base/errors.ts";
import { BitReader, unescapeNal } from "./bits.ts";

export const NAL_VPS = 32;
export const NAL_SPS = 33;
export const NAL_PPS = 34;

export function h265NalType(nal: Uint8Array): number {
  return ((nal[0] ?? 0) >> 1) & 0x3f;
}

interface H265Sps {
  /** general_profile_space to general_level_idc: 12 bytes as hvcC has them. */
  readonly profileTierLevel: Uint8Array;
  readonly subLayers: number;
  readonly nested: boolean;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
}

/** Reads what hvcC needs of a sequence parameter set, NAL header included. Throws `codec.bad-config`. */
export function parseH265Sps(nal: Uint8Array): H265Sps {
  if (h265NalType(nal) !== NAL_SPS) throw new Fault("codec.bad-config", "not an HEVC SPS");
  const payload = unescapeNal(nal.subarray(2));
  const bits = new BitReader(payload);
  bits.bits(4);
  const subLayersMinus1 = bits.bits(3);
  const nested = bits.flag();
  bits.skip(96);
  skipSubLayers(bits, subLayersMinus1);
  bits.ue();
  const chromaFormat = bits.ue();
  if (chromaFormat === 3) bits.flag();
  bits.ue();
  bits.ue();
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.ue();
  const bitDepthLuma = bits.ue() + 8;
  const bitDepthChroma = bits.ue() + 8;
  return {
    profileTierLevel: payload.slice(1, 13),
    subLayers: subLayersMinus1 + 1,
    nested,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
  };
}

function skipSubLayers(bits: BitReader, count: number): void {
  const present: [boolean, boolean][] = [];
  for (let i = 0; i < count; i++) present.push([bits.flag(), bits.flag()]);
  if (count > 0) bits.skip(2 * (8 - count));
  for (const [profile, level] of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

/** An hvcC for these parameter sets, 4-byte lengths. Throws `codec.bad-config` without an SPS. */
export function makeHvcC(
  vps: readonly Uint8Array[],
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array {
  const [first] = sps;
  if (first === undefined || pps.length === 0)
    throw new Fault("codec.bad-config", "no HEVC parameter sets");
  const s = parseH265Sps(first);
  const out: number[] = [1, ...s.profileTierLevel, 0xf0, 0, 0xfc, 0xfc | s.chromaFormat];
  out.push(0xf8 | (s.bitDepthLuma - 8), 0xf8 | (s.bitDepthChroma - 8), 0, 0);
  out.push((s.subLayers << 3) | (s.nested ? 4 : 0) | 3, 3);
  const lists: readonly [number, readonly Uint8Array[]][] = [
    [NAL_VPS, vps],
    [NAL_SPS, sps],
    [NAL_PPS, pps],
  ];
  for (const [type, list] of lists) {
    out.push(0x80 | type, list.length >> 8, list.length & 0xff);
    for (const nal of list) out.push(nal.length >> 8, nal.length & 0xff, ...nal);
  }
  return Uint8Array.from(out);
}

/** `hvc1.…` (ISO 14496-15 Annex E), or undefined for what is not an hvcC. */
export function h265CodecString(hvcC: Uint8Array): string | undefined {
  if (hvcC[0] !== 1 || hvcC.length < 23) return undefined;
  const view = new DataView(hvcC.buffer, hvcC.byteOffset);
  const head = hvcC[1] ?? 0;
  const space = ["", "A", "B", "C"][head >> 6] ?? "";
  const tier = (head & 0x20) !== 0 ? "H" : "L";
  // general_profile_compatibility_flags, bits reversed.
  let flags = 0;
  const raw = view.getUint32(2);
  for (let i = 0; i < 32; i++) if (raw & (1 << i)) flags |= 1 << (31 - i);
  const constraints = Array.from(hvcC.subarray(6, 12));
  while (constraints.length > 0 && constraints.at(-1) === 0) constraints.pop();
  const parts = [
    `hvc1.${space}${head & 0x1f}`,
    (flags >>> 0).toString(16).toUpperCase(),
    `${tier}${hvcC[12]}`,
    ...constraints.map((b) => b.toString(16).toUpperCase()),
  ];
  return parts.join(".");
}
