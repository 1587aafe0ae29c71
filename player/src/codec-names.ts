/** Codecs as people know them, and what to do when a browser cannot play one. Pure. */

const NAMES: Readonly<Record<string, string>> = {
  avc1: "H.264",
  avc3: "H.264",
  hvc1: "HEVC (H.265)",
  hev1: "HEVC (H.265)",
  vvc1: "VVC (H.266)",
  av01: "AV1",
  vp08: "VP8",
  vp09: "VP9",
  mp4a: "AAC",
  opus: "Opus",
  flac: "FLAC",
  "ac-3": "Dolby Digital (AC-3)",
  "ec-3": "Dolby Digital Plus (E-AC-3)",
};
const HEVC = NAMES.hvc1;

/** One of each family. */
const PROBES: readonly (readonly [family: string, mime: string])[] = [
  ["avc1", 'video/mp4; codecs="avc1.640028"'],
  ["hvc1", 'video/mp4; codecs="hvc1.1.6.L93.B0"'],
  ["av01", 'video/mp4; codecs="av01.0.05M.08"'],
  ["vp09", 'video/mp4; codecs="vp09.00.10.08"'],
  ["vp08", 'video/mp4; codecs="vp08.00.10.08"'],
  ["mp4a", 'audio/mp4; codecs="mp4a.40.2"'],
  ["opus", 'audio/mp4; codecs="opus"'],
  ["flac", 'audio/mp4; codecs="flac"'],
  ["ac-3", 'audio/mp4; codecs="ac-3"'],
  ["ec-3", 'audio/mp4; codecs="ec-3"'],
];

/** What a browser can play, as the server is told; undefined when that is nothing. */
export function playable(plays: (mime: string) => boolean): string | undefined {
  const families = PROBES.flatMap(([family, mime]) => (plays(mime) ? [family] : []));
  return families.length === 0 ? undefined : families.join(",");
}

/** `HEVC (H.265) with AAC` for the list in a MIME type. */
export function codecWords(mime: string): string {
  const list = /codecs="([^"]*)"/.exec(mime)?.[1] ?? mime;
  const names = list.split(",").map((codec) => {
    const name = codec.trim();
    return NAMES[name.split(".")[0]?.toLowerCase() ?? ""] ?? name;
  });
  return [...new Set(names)].join(" with ");
}

/** What is said of media that this browser has no decoder for. */
export function unplayable(mime: string): string {
  const codec = codecWords(mime);
  const other = codec.includes(HEVC ?? "")
    ? "Have the camera send H.264, or use its second (sub) stream; or open this page in Safari, or in Chrome or Edge on a device that decodes HEVC"
    : "Have the camera send H.264, or open this page in another browser";
  return `This browser cannot play ${codec}. ${other}; or download the recording (E) and play it elsewhere.`;
}

/** What is said of an error that the server told: codecs that this browser had not listed, or its own words. */
export function refusedWords(error: { codecs: readonly string[]; message: string }): string {
  return error.codecs.length === 0 ? error.message : unplayable(error.codecs.join(","));
}

/** What is said when a decoder gave up in the middle. */
export function undecodable(mime: string, why: string): string {
  const reason = why === "" ? "" : ` (${why})`;
  const codec = mime === "" ? "media" : codecWords(mime);
  return `The browser could not decode this ${codec}${reason}. Press Live to try again, or download the recording (E): what is stored is not changed by it.`;
}

/** What is said where there is no way to play at all. */
export const NO_MEDIA_SOURCE =
  "This browser cannot play streams (it has no Media Source Extensions; iPhones have them from iOS 17.1 on). Open this page in another browser, or play the HLS address of the stream.";
