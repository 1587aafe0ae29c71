/** The `fmp4` format: one `moof` + `mdat` per frame, for Media Source Extensions. */
import { LiveFmp4Muxer } from "../../media/fmp4/live-muxer.ts";
import { type MakeEncoder, originOf } from "./encoder.ts";

export const makeFmp4Encoder: MakeEncoder = (timeline, first) => {
  const originUs = originOf(first);
  const muxer = new LiveFmp4Muxer({ trackSet: timeline.trackSet, originUs });
  const carried = new Set(muxer.tracks);
  return {
    init: muxer.init,
    mime: muxer.mime,
    originUs,
    carries: (track) => carried.has(track),
    add(item) {
      const made = muxer.add(item.frame);
      return made === undefined ? undefined : { bytes: made.bytes, joins: item.startsGroup };
    },
  };
};
