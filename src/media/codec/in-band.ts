/**
 * A track's parameter sets as they stand in front of a key frame. Where the configuration of a clip changes, MP4 has a
 * sample entry for each, but many demuxers use only the first: with the sets in the stream too, decoders follow.
 */
import type { Track } from "../track.ts";
import { AVC, HEVC } from "./annexb.ts";
import { readAvcc } from "./h264/avcc.ts";
import { readHvcc } from "./h265/hvcc.ts";
import { readable } from "./readable.ts";

/** NAL units behind lengths as wide as the track's own. Undefined for codecs that need none, or cannot. */
export function inBandParameterSets(track: Track): Uint8Array | undefined {
  const { codecId, codecPrivate } = track;
  if (codecPrivate === undefined) return undefined;
  return readable(() => {
    if (codecId === AVC) {
      const { lengthBytes, sps, pps } = readAvcc(codecPrivate);
      return prefixed([...sps, ...pps], lengthBytes);
    }
    if (codecId !== HEVC) return undefined;
    const { lengthBytes, arrays } = readHvcc(codecPrivate);
    return prefixed(
      arrays.flatMap(({ units }) => units),
      lengthBytes,
    );
  });
}

function prefixed(units: readonly Uint8Array[], lengthBytes: number): Uint8Array | undefined {
  if (units.length === 0 || units.some((unit) => unit.length >= 256 ** lengthBytes))
    return undefined;
  const out: number[] = [];
  for (const unit of units) {
    for (let i = lengthBytes - 1; i >= 0; i--) out.push(Math.floor(unit.length / 256 ** i) & 255);
    out.push(...unit);
  }
  return Uint8Array.from(out);
}
