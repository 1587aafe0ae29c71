/** The `mkv` format: one Matroska stream per timeline, a Cluster at every key frame (RFC 9559). */

import { MkvWriter } from "../../media/mkv/live-writer.ts";
import { AUDIO_GROUP_US } from "../group-starts.ts";
import { type MakeEncoder, originOf } from "./encoder.ts";

/** Frame times are whole µs: a finer scale only makes clusters shorter. */
const FINEST_SCALE_NS = 1000;

export const makeMkvEncoder: MakeEncoder = (timeline, first) => {
  const { tracks, timestampScaleNs } = timeline.trackSet;
  const originUs = originOf(first);
  const writer = new MkvWriter({
    tracks,
    timestampScaleNs: Math.max(FINEST_SCALE_NS, timestampScaleNs),
    baseUs: originUs,
    dateUtcNs: BigInt(originUs) * 1000n,
    audioClusterMs: AUDIO_GROUP_US / 1000,
  });
  const video = new Set(tracks.filter((t) => t.type === "video").map((t) => t.number));
  let withVideo = false;
  return {
    init: writer.header(),
    mime: undefined,
    originUs,
    carries: () => true,
    add(item) {
      const bytes = writer.add(item.frame).toBytes();
      if (item.startsGroup) withVideo = video.has(item.frame.track);
      return { bytes, joins: startsCluster(bytes) && (item.startsGroup || !withVideo) };
    },
  };
};

/** Cluster is 1F 43 B6 75 (RFC 9559 §5.1.3). */
function startsCluster(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x43 && bytes[2] === 0xb6 && bytes[3] === 0x75;
}
