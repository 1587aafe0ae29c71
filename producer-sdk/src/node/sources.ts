/** Where frames come from on Node: a file, a test picture, an RTSP camera, a video device. */
import { join } from "node:path";
import type { Clock } from "../../../src/base/clock.ts";
import { Fault } from "../../../src/base/errors.ts";
import { playForever } from "../file-source.ts";
import { type FfmpegOptions, ffmpegSource, type LiveOptions } from "./ffmpeg-source.ts";
import { openRecording } from "./recording.ts";
import type { SourceItem } from "./source.ts";

/** How a recording is played. */
export interface FileOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Round and round. Default false. */
  readonly loop?: boolean;
  /** Each frame when it is due. Default true; false gives them as fast as they are taken. */
  readonly realtime?: boolean;
}

const SAMPLE = join(import.meta.dirname, "../../../samples/camera.mkv");
const X264 = [
  "-c:v",
  "libx264",
  "-preset",
  "veryfast",
  "-tune",
  "zerolatency",
  "-pix_fmt",
  "yuv420p",
];
/** A key frame at least so often, frames. */
const GROUP = 50;

/** A Matroska file in memory. Throws `request.bad`, `request.too-large`, `request.no-media`, `mkv.*`. */
export async function* fileSource(path: string, options: FileOptions): AsyncGenerator<SourceItem> {
  const { clock, signal, loop = false, realtime = true } = options;
  if (loop && !realtime)
    throw new Fault("config.bad", "a recording that loops must be played in real time");
  const recorded = await openRecording(path);
  yield { kind: "tracks", tracks: recorded.tracks };
  for await (const frame of playForever(recorded, { clock, signal, loop, realtime }))
    yield { kind: "frame", frame };
}

/** The picture, and what stands in for it. */
export interface TestOptions extends LiveOptions {
  /** Default 640 × 360 at 25 pictures a second. */
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Played round and round where there is no ffmpeg. Default: the sample recording. */
  readonly fallback?: string;
}

/** A moving test picture with a clock and a tone. */
export async function* testSource(options: TestOptions): AsyncGenerator<SourceItem> {
  const { width = 640, height = 360, fps = 25, fallback = SAMPLE, clock, signal } = options;
  const picture = `testsrc2=size=${width}x${height}:rate=${fps}`;
  const args = [
    ...["-re", "-f", "lavfi", "-i", picture, "-re", "-f", "lavfi", "-i", "sine=sample_rate=48000"],
    ...[...X264, "-g", String(GROUP), "-c:a", "aac", "-b:a", "64k"],
  ];
  try {
    yield* ffmpegSource({ ...options, address: "test picture", args });
  } catch (error) {
    if (!(error instanceof Fault && error.code === "config.bad")) throw error;
    yield* fileSource(fallback, { clock, signal, loop: true });
  }
}

/** Whatever a camera answers or redirects to, ffmpeg opens nothing else: no file, no HTTP. */
const RTSP_PROTOCOLS = "tcp,tls";

/** What is taken of a camera. */
export interface RtspOptions extends LiveOptions {
  /** Take the sound along. Default true. */
  readonly audio?: boolean;
}

/**
 * An RTSP camera over TCP, nothing encoded anew; without its sound, and with a note, where Matroska cannot carry that.
 * Throws `config.bad` for what is no RTSP address.
 */
export function rtspSource(url: string, options: RtspOptions): AsyncGenerator<SourceItem> {
  if (!/^rtsps?:\/\/[^\s]+$/i.test(url))
    throw new Fault("config.bad", "an RTSP address begins with rtsp:// and has no spaces");
  const argsWith = (sound: readonly string[]) => [
    ...["-protocol_whitelist", RTSP_PROTOCOLS, "-rtsp_transport", "tcp", "-i", url],
    ...["-map", "0:v:0?", ...sound, "-c", "copy"],
  ];
  const argsWithoutSound = argsWith(["-an"]);
  const given = { ...options, address: url };
  if (options.audio === false) return ffmpegSource({ ...given, args: argsWithoutSound });
  return ffmpegSource({ ...given, args: argsWith(["-map", "0:a:0?"]), argsWithoutSound });
}

/** How a device is opened. */
export interface DeviceOptions extends LiveOptions {
  /** What the device gives (`v4l2-ctl --list-formats`): `h264` and `hevc` are sent as they are. */
  readonly inputFormat?: string;
  /** As `1280x720`; default: the device's own. */
  readonly size?: string;
}

/** A Video4Linux device. Raw pictures are encoded to H.264; sound is not taken. */
export function deviceSource(path: string, options: DeviceOptions): AsyncGenerator<SourceItem> {
  const { inputFormat, size } = options;
  const coded = inputFormat === "h264" || inputFormat === "hevc";
  const args: FfmpegOptions["args"] = [
    ...["-f", "v4l2", ...(inputFormat === undefined ? [] : ["-input_format", inputFormat])],
    ...[...(size === undefined ? [] : ["-video_size", size]), "-i", path],
    ...(coded ? ["-c", "copy"] : [...X264, "-g", String(GROUP)]),
  ];
  return ffmpegSource({ ...options, address: path, args });
}
