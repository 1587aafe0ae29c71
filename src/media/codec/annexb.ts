/**
 * H.264 and HEVC tracks whose blocks have start codes instead of lengths: found, given a configuration
 * from their own parameter sets, and converted. Chrome's MediaRecorder sends `V_MPEG4/ISO/AVC` like
 * this, without any CodecPrivate.
 */
import { Rope } from "../../base/rope.ts";
import type { Track } from "../track.ts";
import { buildAvcc } from "./h264/avcc.ts";
import { buildHvcc, HevcUnit, hevcUnitType } from "./h265/hvcc.ts";
import {
  isAnnexB,
  joinLengthPrefixed,
  LENGTH_BYTES,
  splitAnnexB,
  splitLengthPrefixed,
} from "./nal.ts";
import { readable } from "./readable.ts";

export const AVC = "V_MPEG4/ISO/AVC";
export const HEVC = "V_MPEGH/ISO/HEVC";

/** nal_unit_type of H.264's parameter sets (ISO/IEC 14496-10 table 7-1). */
const H264_SPS = 7;
const H264_PPS = 8;

/** Whether the track has to be converted: plain H.264 or HEVC with no CodecPrivate, or one with start codes. */
export function needsNormalising(track: Track): boolean {
  if ((track.codecId !== AVC && track.codecId !== HEVC) || track.encoding !== "plain") return false;
  const config = track.codecPrivate;
  return config === undefined || config.length === 0 || startsWithCode(config);
}

/** avcC and hvcC begin with 1 (or 0 and a profile byte), never with two zeros and a one. */
function startsWithCode(config: Uint8Array): boolean {
  const [a, b, c, d] = config;
  return a === 0 && b === 0 && (c === 1 || (c === 0 && d === 1));
}

/**
 * avcC or hvcC from the parameter sets in this key frame, or in a CodecPrivate with start codes when the
 * frame has none. The frame may have start codes or four-byte lengths. Undefined: another codec, or
 * no complete and readable sets, and the next key frame may be tried.
 */
export function configFromKeyFrame(track: Track, payload: Uint8Array): Uint8Array | undefined {
  const build = builders[track.codecId];
  if (build === undefined) return undefined;
  const { codecPrivate } = track;
  const stored = codecPrivate !== undefined && startsWithCode(codecPrivate) ? codecPrivate : [];
  // A damaged set is the same as none: it must not end the producer's session.
  return readable(() => build(unitsOf(payload)) ?? build(splitAnnexB(Uint8Array.from(stored))));
}

type Build = (units: readonly Uint8Array[]) => Uint8Array | undefined;

const builders: Readonly<Record<string, Build | undefined>> = {
  [AVC]: (units) => {
    const sps = distinct(units.filter((unit) => ((unit[0] ?? 0) & 31) === H264_SPS));
    const pps = distinct(units.filter((unit) => ((unit[0] ?? 0) & 31) === H264_PPS));
    return sps.length === 0 || pps.length === 0 ? undefined : buildAvcc({ sps, pps });
  },
  [HEVC]: (units) => {
    const of = (type: number) => distinct(units.filter((unit) => hevcUnitType(unit) === type));
    const [vps, sps, pps] = [of(HevcUnit.vps), of(HevcUnit.sps), of(HevcUnit.pps)];
    const complete = vps.length > 0 && sps.length > 0 && pps.length > 0;
    return complete ? buildHvcc({ vps, sps, pps }) : undefined;
  },
};

function unitsOf(payload: Uint8Array): readonly Uint8Array[] {
  return splitLengthPrefixed(payload, LENGTH_BYTES) ?? splitAnnexB(payload);
}

/** No picture comes with more sets of one kind. */
const MAX_SETS = 16;

/** Units longer than 16 bits can say do not fit in a record and are no parameter sets. */
function distinct(units: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const unit of units) {
    if (out.length === MAX_SETS) break;
    const known = out.some(
      (one) => one.length === unit.length && one.every((b, i) => b === unit[i]),
    );
    if (!known && unit.length <= 0xffff) out.push(unit);
  }
  return out;
}

/**
 * The payload with four-byte lengths in place of start codes, in one new array; parameter sets stay in it.
 * What is not Annex B comes back as it is. Never throws.
 */
export function toLengthPrefixed(payload: Rope | Uint8Array): Rope {
  const bytes = payload instanceof Uint8Array ? payload : payload.toBytes();
  if (!isAnnexB(bytes)) return payload instanceof Uint8Array ? Rope.of(payload) : payload;
  return Rope.of(joinLengthPrefixed(splitAnnexB(bytes)));
}
