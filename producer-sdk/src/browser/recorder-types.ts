/** What a MediaRecorder is asked for, and why none will do. Pure: what the browser can is given. */
import type { VideoCodec } from "./codecs.ts";

const VIDEO: readonly (readonly [VideoCodec, string])[] = [
  ["h264", "video/x-matroska;codecs=avc1,opus"],
  ["h264", "video/webm;codecs=h264,opus"],
  ["vp9", "video/webm;codecs=vp9,opus"],
  ["vp8", "video/webm;codecs=vp8,opus"],
  ["av1", "video/webm;codecs=av01.0.08M.08,opus"],
];
const AUDIO = "audio/webm;codecs=opus";

export interface Wanted {
  readonly hasVideo: boolean;
  readonly codec: VideoCodec | "auto";
}

/** The MIME type to record. Throws an `Error` for people. */
export function recorderType(
  { hasVideo, codec }: Wanted,
  isSupported: (type: string) => boolean,
): string {
  const types = hasVideo ? VIDEO.map(([, type]) => type) : [AUDIO];
  const wanted = VIDEO.filter(([name]) => codec === "auto" || codec === name);
  const found = (hasVideo ? wanted.map(([, type]) => type) : types).find(isSupported);
  if (found !== undefined) return found;
  if (types.some(isSupported)) throw new Error(`this browser cannot record ${codec}`);
  const [kind, what] = hasVideo ? ["video", "picture"] : ["audio", "sound"];
  if (isSupported(`${kind}/mp4`))
    throw new Error(
      `this browser records ${what} as MP4 alone, as Safari before 18.4 does. ` +
        "What it records has to be WebM or Matroska: open this page in another browser or a newer one",
    );
  throw new Error(`this browser cannot record ${what} as WebM or Matroska`);
}
