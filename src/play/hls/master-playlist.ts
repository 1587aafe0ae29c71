/** A multivariant playlist as text (RFC 8216 §4.3.4): one picture, its sound beside it. Pure. */
import { type Attributes, quoted, tag } from "./attributes.ts";

export interface MasterPlaylist {
  /** Bits a second: of the heaviest part that was measured, and of all of it. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  readonly codecs: readonly string[];
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly frameRate: number | undefined;
  /** Media playlist of the variant, and of the sound that is not in it. */
  readonly uri: string;
  readonly audioUri: string | undefined;
  readonly language: string | undefined;
  readonly comments: readonly string[];
}

const AUDIO_GROUP = "audio";

export function writeMasterPlaylist(master: MasterPlaylist): string {
  const { audioUri, language, width = 0, height = 0, frameRate } = master;
  const lines = ["#EXTM3U", "#EXT-X-VERSION:7"];
  for (const comment of master.comments) lines.push(`## ${comment.replace(/[\r\n]/g, " ")}`);
  if (audioUri !== undefined)
    lines.push(
      tag("EXT-X-MEDIA", [
        ["TYPE", "AUDIO"],
        ["GROUP-ID", quoted(AUDIO_GROUP)],
        ["NAME", quoted(language ?? AUDIO_GROUP)],
        ...(language === undefined ? [] : ([["LANGUAGE", quoted(language)]] as const)),
        ["DEFAULT", "YES"],
        ["AUTOSELECT", "YES"],
        ["URI", quoted(audioUri)],
      ]),
    );
  const attributes: Attributes = [
    ["BANDWIDTH", Math.max(1, Math.ceil(master.bandwidth))],
    ["AVERAGE-BANDWIDTH", Math.max(1, Math.ceil(master.averageBandwidth))],
    ["CODECS", quoted(master.codecs.join(","))],
    ...(width > 0 && height > 0 ? ([["RESOLUTION", `${width}x${height}`]] as const) : []),
    ...(frameRate === undefined ? [] : ([["FRAME-RATE", frameRate.toFixed(3)]] as const)),
    ...(audioUri === undefined ? [] : ([["AUDIO", quoted(AUDIO_GROUP)]] as const)),
  ];
  lines.push(tag("EXT-X-STREAM-INF", attributes), master.uri);
  return `${lines.join("\n")}\n`;
}
