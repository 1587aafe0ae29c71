/** Real media whose pictures say which they are: eight stripes, the bits of the frame's number, white for 1. */
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

const STRIPE = 40;
const STRIPES = `geq=lum='255*mod(floor(N/pow(2,floor(X/${STRIPE}))),2)':cb=128:cr=128`;

export interface NumberedOptions {
  /** Default `libx264`. */
  readonly encoder?: "libx264" | "libx265" | "libvpx-vp9";
  /** Default 3. */
  readonly bFrames?: number;
  /** Default 6; below 10.2, or numbers repeat. */
  readonly seconds?: number;
}

/** Path of a Matroska file, 25 pictures a second from 0, a key frame every 2 s. Made at the first call. */
export async function numberedMedia(options: NumberedOptions = {}): Promise<string> {
  const { encoder = "libx264", bFrames = 3, seconds = 6 } = options;
  const dir = join(tmpdir(), "streambank-numbered-3");
  const path = join(dir, `${encoder}-${bFrames}-${seconds}.mkv`);
  if (existsSync(path)) return path;
  mkdirSync(dir, { recursive: true });
  const part = `${path}.${process.pid}.part.mkv`;
  const codec = {
    libx264: [
      "-preset",
      "veryfast",
      "-g",
      "50",
      "-keyint_min",
      "50",
      "-sc_threshold",
      "0",
      "-bf",
      String(bFrames),
    ],
    libx265: [
      "-preset",
      "ultrafast",
      "-x265-params",
      "keyint=50:min-keyint=50:scenecut=0:log-level=none",
    ],
    "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", "8", "-g", "50", "-b:v", "1M"],
  }[encoder];
  await run("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", "color=s=320x180:r=25", "-vf", STRIPES],
    ...["-t", String(seconds), "-c:v", encoder, ...codec, "-pix_fmt", "yuv420p"],
    ...["-cluster_time_limit", "1000", part],
  ]);
  renameSync(part, path);
  return path;
}

/** The number that a picture (JPEG or PNG of any size) shows, read out of a file. */
export async function numberIn(path: string, crop = ""): Promise<number> {
  const [number] = await numbersIn(path, crop);
  return number ?? Number.NaN;
}

/** Of each picture, where there are several behind each other. */
export async function numbersIn(path: string, crop = ""): Promise<number[]> {
  const filters = [...(crop === "" ? [] : [crop]), "scale=320:180", "format=gray"].join(",");
  const raw = `${path}.gray`;
  // Every picture, once: their times say nothing.
  const out = ["-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", raw];
  await run("ffmpeg", ["-v", "error", "-y", "-i", path, ...out]);
  const gray = readFileSync(raw);
  const count = gray.length / (320 * 180);
  return Array.from({ length: count }, (_, i) => {
    let number = 0;
    for (let bit = 0; bit < 8; bit++) {
      const at = (i * 180 + 90) * 320 + bit * STRIPE + STRIPE / 2;
      if ((gray[at] ?? 0) > 127) number += 2 ** bit;
    }
    return number;
  });
}
