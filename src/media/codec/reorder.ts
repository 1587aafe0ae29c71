/** How many frames a video stream may hold back to show them in another order. */
import type { Track } from "../track.ts";
import { readAvcc } from "./h264/avcc.ts";
import { readH264Sps } from "./h264/sps.ts";
import { HevcUnit, readHvcc } from "./h265/hvcc.ts";
import { readHevcSps } from "./h265/sps.ts";
import { readable } from "./readable.ts";

/** Undefined: the stream does not say. 0 for codecs whose containers carry frames in display order. */
export function reorderFrames(track: Track): number | undefined {
  const { codecId, codecPrivate } = track;
  const read = readers[codecId];
  if (read === undefined) return 0;
  return codecPrivate === undefined ? undefined : readable(() => read(codecPrivate));
}

const readers: Readonly<Record<string, ((config: Uint8Array) => number | undefined) | undefined>> =
  {
    "V_MPEG4/ISO/AVC": (config) => {
      const sps = readAvcc(config).sps[0];
      return sps === undefined ? undefined : readH264Sps(sps).maxReorderFrames;
    },
    "V_MPEGH/ISO/HEVC": (config) => {
      const sets = readHvcc(config).arrays.find((array) => array.type === HevcUnit.sps);
      const sps = sets?.units[0];
      return sps === undefined ? undefined : readHevcSps(sps).maxReorderFrames;
    },
  };
