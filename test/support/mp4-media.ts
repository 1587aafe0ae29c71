/** For MP4 tests: real media of many codecs, made into clips and live streams, and judged by ffmpeg. */
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clipFragmentSize } from "../../src/media/fmp4/clip-fragment.ts";
import { initSegment } from "../../src/media/fmp4/init.ts";
import { LiveFmp4Muxer } from "../../src/media/fmp4/live-muxer.ts";
import { type Mp4Track, mp4Track } from "../../src/media/fmp4/mp4-track.ts";
import { fragments, type MkvFragment } from "../../src/media/mkv/consumer.ts";
import { run } from "./run.ts";
import { wholeFragment } from "./whole-fragment.ts";

const VIDEO = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-keyint_min", "25"];
const CLUSTERS = ["-cluster_time_limit", "1000"];

/** What ffmpeg is told for each kind of 4 s. */
const recipes = {
  "h264-b3-aac": [...VIDEO, ...AUDIO, ...X264, "-bf", "3", "-c:a", "aac"],
  "h264-b0-aac": [...VIDEO, ...AUDIO, ...X264, "-bf", "0", "-c:a", "aac"],
  "h264-opus": [...VIDEO, ...AUDIO, ...X264, "-c:a", "libopus"],
  "hevc-aac": [
    ...[...VIDEO, ...AUDIO, "-c:v", "libx265", "-preset", "ultrafast", "-c:a", "aac"],
    ...["-x265-params", "keyint=25:min-keyint=25:bframes=3:open-gop=0:log-level=none"],
  ],
  "vp9-opus": [
    ...[...VIDEO, ...AUDIO, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    ...["-g", "25", "-b:v", "300k", "-c:a", "libopus"],
  ],
  vp8: [...VIDEO, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"],
  av1: [...VIDEO, "-c:v", "libsvtav1", "-preset", "12", "-g", "25"],
  flac: [...AUDIO, "-c:a", "flac"],
  mp3: [...AUDIO, "-c:a", "libmp3lame"],
  aac: [...AUDIO, "-c:a", "aac", "-ar", "44100"],
} as const;

export type Mp4Kind = keyof typeof recipes;
export const mp4Kinds = Object.keys(recipes) as Mp4Kind[];

/** The folder of this test run's files. */
export const folder = join(tmpdir(), "streambank-mp4-1");

/** Path of the Matroska file; made at the first call. */
export async function mp4Source(kind: Mp4Kind): Promise<string> {
  const path = join(folder, `${kind}.mkv`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const part = join(folder, `${kind}.${process.pid}.part.mkv`);
  const output = ["-t", "4", ...CLUSTERS, "-fflags", "+bitexact", part];
  await run("ffmpeg", ["-v", "error", "-y", ...recipes[kind], ...output]);
  renameSync(part, path);
  return path;
}

/** Its clusters with their frames. */
export async function sourceFragments(path: string): Promise<MkvFragment[]> {
  const out: MkvFragment[] = [];
  for await (const fragment of fragments([readFileSync(path)])) out.push(fragment);
  return out;
}

export function mp4Tracks(source: readonly MkvFragment[]): Mp4Track[] {
  const tracks = source[0]?.trackSet.tracks ?? [];
  return tracks.flatMap((track) => mp4Track(track, track.number) ?? []);
}

/** The whole as one clip, a `moof` per cluster. Throws when a size was not as told in advance. */
export function clipOf(source: readonly MkvFragment[], tracks = mp4Tracks(source)): Buffer {
  const starts = source.map(({ frames }) => Math.min(...frames.map((frame) => frame.timeUs)));
  const lastUs = Math.max(...(source.at(-1)?.frames ?? []).map((frame) => frame.timeUs));
  const baseUs = starts[0] ?? 0;
  const parts = source.map((fragment, i) => {
    const perTrack = tracks.map((media) => ({
      media,
      frames: fragment.frames.filter((frame) => frame.track === media.track.number),
    }));
    const told = clipFragmentSize(
      perTrack.map(({ frames }) => ({
        frames: frames.length,
        payloadBytes: frames.reduce((sum, { payload }) => sum + payload.length, 0),
      })),
    );
    const endUs = starts[i + 1] ?? lastUs + 40_000;
    const span = { baseUs, endUs, maxSampleUs: 10_000_000 };
    const bytes = wholeFragment({ ...span, sequence: i + 1, tracks: perTrack });
    if (bytes.length !== told) throw new Error(`told ${told}, wrote ${bytes.length}`);
    return bytes;
  });
  return Buffer.concat([initSegment({ tracks, durationMs: 4000 }), ...parts]);
}

/** The whole as a live stream. Frames come in the file's order. */
export function liveOf(source: readonly MkvFragment[]): { muxer: LiveFmp4Muxer; chunks: Buffer[] } {
  const [first] = source;
  if (first === undefined) throw new Error("no fragments");
  const muxer = new LiveFmp4Muxer({ trackSet: first.trackSet, originUs: -1_000_000 });
  const chunks = source
    .flatMap(({ frames }) => frames)
    .flatMap((frame) => {
      const chunk = muxer.add(frame);
      return chunk === undefined ? [] : [Buffer.from(chunk.bytes)];
    });
  return { muxer, chunks };
}

/** Everything ffmpeg has to say when it decodes the whole file. */
export async function decodeComplaints(path: string): Promise<string> {
  const { stderr } = await run("ffmpeg", [
    "-v",
    "warning",
    "-xerror",
    "-i",
    path,
    "-f",
    "null",
    "-",
  ]);
  return stderr;
}

/** Both at once, of one run of ffmpeg: what it says when it decodes all of it, and the hash of each stream's payloads. */
export async function decoded(path: string): Promise<{ complaints: string; hashes: string[] }> {
  const { stdout, stderr } = await run("ffmpeg", [
    ...["-v", "warning", "-xerror", "-i", path, "-f", "null", "-"],
    ...[...STREAMS, "-c", "copy", "-f", "streamhash", "-"],
  ]);
  return { complaints: stderr, hashes: stdout.trim().split("\n") };
}

const STREAMS = ["-map", "0:v?", "-map", "0:a?"];

/** Hash of each stream's payloads, in order; the lines of ffmpeg's `streamhash`. */
export async function payloadHashes(
  path: string,
  map: readonly string[] = STREAMS,
): Promise<string[]> {
  const args = ["-v", "error", "-i", path, ...map, "-c", "copy", "-f", "streamhash", "-"];
  const { stdout } = await run("ffmpeg", args);
  return stdout.trim().split("\n");
}

export interface Packet {
  readonly stream: number;
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly durationMs: number;
  readonly key: boolean;
}

/** What ffprobe reads. */
export async function packets(path: string): Promise<Packet[]> {
  const entries = "packet=stream_index,pts_time,dts_time,duration_time,flags";
  const { stdout } = await run("ffprobe", [
    ...["-v", "error", "-show_packets", "-show_entries", entries, "-of", "json", path],
  ]);
  const list = JSON.parse(stdout) as { packets: Record<string, string>[] };
  return list.packets.map((packet) => ({
    stream: Number(packet.stream_index),
    ptsMs: Number(packet.pts_time) * 1000,
    dtsMs: Number(packet.dts_time) * 1000,
    durationMs: Number(packet.duration_time) * 1000,
    key: packet.flags?.startsWith("K") ?? false,
  }));
}
