/** AVCDecoderConfigurationRecord, "avcC" (ISO/IEC 14496-15 §5.3.3.1): read, and made from parameter sets. */
import { assert } from "../../../base/assert.ts";
import { ByteReader } from "../byte-reader.ts";
import { readH264Sps } from "./sps.ts";

export interface Avcc {
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  /** Bytes of the length in front of each NAL unit: 1, 2 or 4. */
  readonly lengthBytes: number;
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/** Profiles without the record's extension (chroma format, bit depths, SPS extensions). */
const PLAIN_PROFILES = new Set([66, 77, 88]);
/** The counts have 5 and 8 bits. */
const MAX_SPS = 31;
const MAX_PPS = 255;

/** Throws `codec.bad-config`. */
export function readAvcc(config: Uint8Array): Avcc {
  const reader = new ByteReader(config, "avcC");
  if (reader.u8() !== 1) throw reader.fault("not version 1");
  const [profile, constraints, level] = [reader.u8(), reader.u8(), reader.u8()];
  const lengthBytes = (reader.u8() & 3) + 1;
  if (lengthBytes === 3) throw reader.fault("lengths of 3 bytes");
  const sps = readSets(reader, reader.u8() & 31);
  const pps = readSets(reader, reader.u8());
  return { profile, constraints, level, lengthBytes, sps, pps };
}

function readSets(reader: ByteReader, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => reader.bytes(reader.u16()));
}

/** An avcC for four-byte lengths. Throws `codec.bad-config` when the first SPS cannot be read. */
export function buildAvcc(sets: {
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}): Uint8Array {
  const sps = sets.sps.slice(0, MAX_SPS);
  const pps = sets.pps.slice(0, MAX_PPS);
  const first = sps[0];
  assert(first !== undefined && pps.length > 0, "avcC without parameter sets");
  const { profile, constraints, level, ...rest } = readH264Sps(first);
  const out = [1, profile, constraints, level, 0xff, 0xe0 | sps.length];
  for (const set of sps) addSet(out, set);
  out.push(pps.length);
  for (const set of pps) addSet(out, set);
  if (!PLAIN_PROFILES.has(profile)) {
    out.push(0xfc | rest.chromaFormat);
    out.push(0xf8 | (rest.bitDepthLuma - 8), 0xf8 | (rest.bitDepthChroma - 8), 0);
  }
  return Uint8Array.from(out);
}

function addSet(out: number[], set: Uint8Array): void {
  out.push(set.length >> 8, set.length & 255, ...set);
}
