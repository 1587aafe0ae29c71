/** HEVCDecoderConfigurationRecord, "hvcC" (ISO/IEC 14496-15 §8.3.3.1): read, and made from parameter sets. */
import { assert } from "../../../base/assert.ts";
import { ByteReader } from "../byte-reader.ts";
import { type HevcProfile, readHevcSps } from "./sps.ts";

export const HevcUnit = { vps: 32, sps: 33, pps: 34 } as const;

export interface Hvcc {
  readonly general: HevcProfile;
  /** Bytes of the length in front of each NAL unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  /** Per kind of unit, in the record's order. */
  readonly arrays: readonly { readonly type: number; readonly units: readonly Uint8Array[] }[];
}

const MAX_UNITS = 64;

/** nal_unit_type (ISO/IEC 23008-2 §7.3.1.2). */
export function hevcUnitType(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 63;
}

/** Throws `codec.bad-config`. */
export function readHvcc(config: Uint8Array): Hvcc {
  const reader = new ByteReader(config, "hvcC");
  // Version 0 was written by some muxers before the standard was final.
  if (reader.u8() > 1) throw reader.fault("not version 1");
  const head = reader.u8();
  const general: HevcProfile = {
    space: head >> 6,
    highTier: (head & 0x20) !== 0,
    profile: head & 31,
    compatibility: reader.u32(),
    constraints: [...reader.bytes(6)],
    level: reader.u8(),
  };
  reader.skip(8);
  const lengthBytes = (reader.u8() & 3) + 1;
  if (lengthBytes === 3) throw reader.fault("lengths of 3 bytes");
  const arrays = Array.from({ length: reader.u8() }, () => {
    const type = reader.u8() & 63;
    const count = reader.u16();
    if (count > MAX_UNITS) throw reader.fault("too many parameter sets");
    const units = Array.from({ length: count }, () => reader.bytes(reader.u16()));
    return { type, units };
  });
  return { general, lengthBytes, arrays };
}

/** An hvcC for four-byte lengths. Throws `codec.bad-config` when the first SPS cannot be read. */
export function buildHvcc(sets: {
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}): Uint8Array {
  const first = sets.sps[0];
  assert(first !== undefined, "hvcC without SPS");
  const sps = readHevcSps(first);
  const { space, highTier, profile, compatibility, constraints, level } = sps.general;
  const nested = sps.temporalIdNested ? 4 : 0;
  const out = [1, (space << 6) | (highTier ? 0x20 : 0) | profile];
  out.push(compatibility >>> 24, (compatibility >> 16) & 255);
  out.push((compatibility >> 8) & 255, compatibility & 255, ...constraints, level);
  // No spatial segmentation limit, parallelism unknown.
  out.push(0xf0, 0, 0xfc, 0xfc | sps.chromaFormat);
  out.push(0xf8 | (sps.bitDepthLuma - 8), 0xf8 | (sps.bitDepthChroma - 8));
  // Frame rate unknown; temporal layers, nesting, lengths of four bytes.
  out.push(0, 0, (sps.temporalLayers << 3) | nested | 3, 3);
  addArray(out, HevcUnit.vps, sets.vps);
  addArray(out, HevcUnit.sps, sets.sps);
  addArray(out, HevcUnit.pps, sets.pps);
  return Uint8Array.from(out);
}

/** `array_completeness` stays 0: the sets are in the stream too. */
function addArray(out: number[], type: number, all: readonly Uint8Array[]): void {
  const units = all.slice(0, MAX_UNITS);
  out.push(type, 0, units.length);
  for (const unit of units) out.push(unit.length >> 8, unit.length & 255, ...unit);
}
