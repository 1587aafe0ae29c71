/** H.264 and HEVC that come with start codes: what ingest makes of them. */
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import type { Track } from "../track.ts";
import * as h264 from "./h264.ts";
import * as h265 from "./h265.ts";
import { joinLengthPrefixed, splitAnnexB, startsWithStartCode } from "./nal.ts";

const AVC = "V_MPEG4/ISO/AVC";
const HEVC = "V_MPEGH/ISO/HEVC";

/** H.264 or HEVC without a configuration, or with one in Annex B: its blocks are taken to be Annex B. */
export function needsNormalising(track: Track): boolean {
  if (track.codecId !== AVC && track.codecId !== HEVC) return false;
  return track.codecPrivate === undefined || startsWithStartCode(track.codecPrivate);
}

/**
 * The avcC or hvcC that the parameter sets in this key frame make; undefined when it has none or they
 * make no sense. A producer's payload never makes this throw.
 */
export function configFromKeyFrame(track: Track, payload: Uint8Array): Uint8Array | undefined {
  const units = splitAnnexB(payload);
  if (units.length === 0) return undefined;
  try {
    if (track.codecId === AVC) {
      const of = (type: number) => units.filter((u) => h264.h264NalType(u) === type).slice(0, 31);
      const sps = of(h264.NAL_SPS);
      return sps.length === 0 ? undefined : h264.makeAvcC(sps, of(h264.NAL_PPS));
    }
    const of = (type: number) => units.filter((u) => h265.h265NalType(u) === type).slice(0, 63);
    const sps = of(h265.NAL_SPS);
    return sps.length === 0 ? undefined : h265.makeHvcC(of(h265.NAL_VPS), sps, of(h265.NAL_PPS));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The same NAL units behind 4-byte lengths; a payload without a start code is left as it is. */
export function toLengthPrefixed(payload: Rope): Rope {
  const bytes = payload.toBytes();
  if (!startsWithStartCode(bytes)) return payload;
  return Rope.of(joinLengthPrefixed(splitAnnexB(bytes)));
}
