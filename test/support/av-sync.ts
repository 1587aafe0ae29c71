/**
 * How sound and picture of a recording of the sample stand to each other when they are decoded: the sample beeps and shows a
 * red square at each full second (scripts/make-sample.ts).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { oracleFrames } from "./ebml-oracle.ts";
import { run } from "./run.ts";

const RATE = 48_000;
/** Of AAC, by packet. */
const PACKET = 1024;
/** The corner where the square is, in this size. */
const CORNER = "crop=24:24:914:20,scale=8:8:flags=area";
const [WIDTH, HEIGHT] = [8, 8];
/** So many seconds are looked at. */
const LOOK_SECONDS = 24;
/** A beep is this much louder than the hum beneath it, and quiet comes first. */
const LOUD = 0.25;
const QUIET_SAMPLES = RATE / 2;
/** Of a red square at least so many pixels are red. */
const RED_PIXELS = (WIDTH * HEIGHT) / 2;

export interface Sync {
  /** All sound, 16 bit, one channel. */
  readonly pcm: Buffer;
  /** For each beep that comes with a red square: ms from the first frame, and how much later the beep is. */
  readonly seconds: readonly { readonly atMs: number; readonly offsetMs: number }[];
}

/** `folder` takes what is decoded. */
export async function measureSync(file: string, folder: string): Promise<Sync> {
  const pcmPath = join(folder, "sound.pcm");
  const rgbPath = join(folder, "pictures.rgb");
  const quiet = ["-v", "error", "-nostdin", "-y", "-i", file];
  await run("ffmpeg", [...quiet, "-map", "0:a:0", "-ac", "1", "-f", "s16le", pcmPath]);
  const small = ["-t", String(LOOK_SECONDS), "-vf", CORNER];
  await run(
    "ffmpeg",
    [...quiet, "-map", "0:v:0", ...small, "-fps_mode", "passthrough"].concat([
      ...["-pix_fmt", "rgb24", "-f", "rawvideo", rgbPath],
    ]),
  );
  const pcm = readFileSync(pcmPath);
  const frames = oracleFrames(readFileSync(file));
  const timesOf = (track: number) => frames.filter((f) => f.track === track).map((f) => f.timeMs);
  // By the time of the packet it is in, as a player would.
  const packets = timesOf(2);
  const beeps = beepsIn(pcm).map((sample) => {
    const startMs = packets[Math.floor(sample / PACKET)] ?? Number.NaN;
    return startMs + ((sample % PACKET) * 1000) / RATE;
  });
  const squares = squaresIn(readFileSync(rgbPath), timesOf(1));
  const seconds = squares.flatMap((atMs) => {
    const beep = beeps.find((ms) => Math.abs(ms - atMs) < 400);
    return beep === undefined ? [] : [{ atMs, offsetMs: beep - atMs }];
  });
  return { pcm, seconds };
}

/** Samples at which a beep begins. */
function beepsIn(pcm: Buffer): number[] {
  const out: number[] = [];
  let loudAt = -QUIET_SAMPLES;
  for (let at = 0; at < pcm.length / 2; at++) {
    if (Math.abs(pcm.readInt16LE(at * 2)) < LOUD * 32_768) continue;
    if (at - loudAt >= QUIET_SAMPLES) out.push(at);
    loudAt = at;
  }
  return out;
}

/** Times of pictures that have a red square where the one before has none. */
function squaresIn(rgb: Buffer, timesMs: readonly number[]): number[] {
  const size = WIDTH * HEIGHT * 3;
  const out: number[] = [];
  let was = true;
  for (let at = 0; (at + 1) * size <= rgb.length; at++) {
    const is = reds(rgb.subarray(at * size, (at + 1) * size)) >= RED_PIXELS;
    if (is && !was) out.push(timesMs[at] ?? Number.NaN);
    was = is;
  }
  return out;
}

function reds(picture: Buffer): number {
  let count = 0;
  for (let at = 0; at < picture.length; at += 3)
    if ((picture[at] ?? 0) > 170 && (picture[at + 1] ?? 0) < 90 && (picture[at + 2] ?? 0) < 90)
      count++;
  return count;
}
