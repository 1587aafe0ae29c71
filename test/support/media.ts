/** Real media for tests, made by ffmpeg once per machine and kept in the system's temporary folder. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

const VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
const AAC = ["-c:a", "aac", "-b:a", "64k"];
const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-keyint_min", "50"];

/** What ffmpeg is told for each kind, between the inputs' options and the output's name. */
const recipes = {
  /** H.264 with B-frames, AAC; a key frame every 2 s. */
  "h264-aac": [...VIDEO, ...AUDIO, "-t", "6", ...X264, "-bf", "3", ...AAC],
  /** The same without B-frames. */
  "h264-nob": [...VIDEO, ...AUDIO, "-t", "6", ...X264, "-bf", "0", ...AAC],
  /** A key frame and a Cluster every 0.4 s: thirty fragments. */
  "short-groups": [
    ...[...VIDEO, ...AUDIO, "-t", "12", "-c:v", "libx264", "-preset", "veryfast", "-g", "10"],
    ...["-keyint_min", "10", "-bf", "2", ...AAC, "-cluster_time_limit", "400"],
  ],
  "vp9-opus": [
    ...[...VIDEO, ...AUDIO, "-t", "6", "-c:v", "libvpx-vp9", "-deadline", "realtime"],
    ...["-cpu-used", "8", "-g", "50", "-b:v", "300k", "-c:a", "libopus"],
  ],
  hevc: [
    ...[...VIDEO, "-t", "6", "-c:v", "libx265", "-preset", "ultrafast"],
    ...["-x265-params", "keyint=50:min-keyint=50:log-level=none", "-tag:v", "hvc1"],
  ],
  "audio-only": [...AUDIO, "-t", "6", ...AAC],
  "video-only": [...VIDEO, "-t", "6", ...X264, "-bf", "2"],
  /** G.711 beside linear PCM: neither fits in MP4. */
  pcm: [
    ...[...AUDIO, ...AUDIO, "-map", "0", "-map", "1", "-t", "6", "-ar", "8000"],
    ...["-c:a:0", "pcm_mulaw", "-c:a:1", "pcm_s16le"],
  ],
  /** Pictures beside G.711: in files alone. */
  "h264-g711": [...VIDEO, ...AUDIO, "-t", "4", ...X264, "-ar", "8000", "-c:a", "pcm_mulaw"],
  /** 1080p at 6 Mbit/s, for benchmarks. */
  long: [
    ...["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", ...AUDIO, "-t", "20"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-keyint_min", "60"],
    ...["-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M"],
    ...["-x264-params", "nal-hrd=cbr:scenecut=0", ...AAC],
  ],
} as const;

export type MediaKind = keyof typeof recipes;

/** Every kind that is small enough for tests. */
export const testKinds = (Object.keys(recipes) as MediaKind[]).filter(
  (kind) => !["long", "short-groups", "h264-g711"].includes(kind),
);

/** Path of the Matroska file; made at the first call. Needs ffmpeg. */
export async function makeMedia(kind: MediaKind): Promise<string> {
  const dir = join(tmpdir(), "streambank-media-1");
  const path = join(dir, `${kind}.mkv`);
  if (existsSync(path)) return path;
  mkdirSync(dir, { recursive: true });
  const part = join(dir, `${kind}.${process.pid}.part.mkv`);
  await run("ffmpeg", ["-v", "error", "-y", ...recipes[kind], "-fflags", "+bitexact", part]);
  renameSync(part, path);
  return path;
}
