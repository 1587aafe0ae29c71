/**
 * The recording that the ingest benchmarks send: H.264 and AAC, 1080p, about 6 Mbit/s, a key frame every 2 s, each in
 * its own Cluster, with times that go on to the end. Made once by ffmpeg and kept in node_modules/.cache.
 */
import { existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "../test/support/run.ts";
import { tools } from "../test/support/tools.ts";

/** On the disk of the checkout, so that fsync means something even where the temporary folder is memory. */
export const benchFolder = join(import.meta.dirname, "../node_modules/.cache/streambank-bench");

const PART_SECONDS = 20;
const WANTED_BYTES = 500e6;

export interface Recording {
  readonly path: string;
  readonly bytes: number;
  /** Byte ranges of the Clusters; what comes before the first is the header. */
  readonly clusters: readonly ByteRange[];
}

export interface ByteRange {
  readonly offset: number;
  readonly size: number;
}

/** Makes the recording if it is not there yet. */
export async function recording(): Promise<Recording> {
  const path = join(benchFolder, "camera-1080p.mkv");
  if (!existsSync(path)) await make(path);
  return { path, bytes: statSync(path).size, clusters: clustersOf(path) };
}

async function make(path: string): Promise<void> {
  if (tools.ffmpeg === undefined) throw new Error("this benchmark needs ffmpeg");
  mkdirSync(benchFolder, { recursive: true });
  const part = join(benchFolder, "part.mkv");
  const unfinished = join(benchFolder, "unfinished.mkv");
  console.error("making the recording (once)…");
  const picture = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30,noise=alls=12:allf=t"];
  const sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
  const rate = ["-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M"];
  const keys = ["-g", "60", "-keyint_min", "60", "-sc_threshold", "0"];
  const aac = ["-c:a", "aac", "-b:a", "128k"];
  await run(tools.ffmpeg, [
    ...["-v", "error", "-y", ...picture, ...sound, "-t", String(PART_SECONDS)],
    ...[...video, ...rate, ...keys, ...aac, part],
  ]);
  const again = Math.ceil(WANTED_BYTES / statSync(part).size);
  const loop = ["-v", "error", "-y", "-stream_loop", String(again), "-i", part];
  await run(tools.ffmpeg, [...loop, "-c", "copy", "-f", "matroska", unfinished]);
  rmSync(part);
  renameSync(unfinished, path);
}

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;

/** Walks the top level of the file by element headers (RFC 8794 §5 and §6). Sizes must be known. */
function clustersOf(path: string): ByteRange[] {
  const file = openSync(path, "r");
  const head = Buffer.alloc(12);
  const end = statSync(path).size;
  const clusters: ByteRange[] = [];
  for (let at = 0; at < end; ) {
    readSync(file, head, 0, 12, at);
    const idLength = Math.clz32(head[0] ?? 0) - 23;
    const sizeLength = Math.clz32(head[idLength] ?? 0) - 23;
    const id = head.readUIntBE(0, idLength);
    // A size of up to 8 bytes: its length marker is taken off as a number, not by bits.
    const raw = head.subarray(idLength, idLength + sizeLength);
    const marked = BigInt(`0x${raw.toString("hex")}`);
    const payload = Number(marked & ((1n << BigInt(7 * sizeLength)) - 1n));
    const size = idLength + sizeLength + payload;
    if (id === CLUSTER) clusters.push({ offset: at, size });
    at += id === SEGMENT ? idLength + sizeLength : size;
  }
  return clusters;
}
