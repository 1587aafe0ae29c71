/**
 * `.mp4` clips against `ffmpeg -c copy` to fragmented MP4 on the same recording, file to /dev/null; and the time to the
 * first byte of a clip of six hours against one of a minute. Both read a real archive, in this process. What
 * ffmpeg takes to start is measured and taken off its time; opening the archive is not in ours.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Archive } from "../src/archive/archive.ts";
import { realClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { micros, millis } from "../src/base/units.ts";
import type { SealedFragment } from "../src/fragment/fragment.ts";
import { tuneGarbageCollection } from "../src/native/gc.ts";
import { planClip } from "../src/play/clip/plan.ts";
import { fragmentsOfFile } from "../test/support/fake-reader.ts";
import { makeMedia } from "../test/support/media.ts";
import { run } from "../test/support/run.ts";
import { tools } from "../test/support/tools.ts";
import { compare, median } from "./harness.ts";
import { benchFolder, recording } from "./media.ts";

const START_MS = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const CLIP_ROUNDS = 5;
const FIRST_BYTE_ROUNDS = 15;
/** So that the six hours are some 360 packs, as a camera makes them. */
const PACK_BYTES = 500_000;

const ffmpeg = tools.ffmpeg ?? "ffmpeg";

async function store(
  archive: Archive,
  stream: string,
  fragments: Iterable<SealedFragment>,
): Promise<void> {
  await archive.create({ name: stream, retentionHours: 24 });
  const taking = await archive.open({ stream, session: "bench" });
  let waiting: Promise<unknown>[] = [];
  for (const fragment of fragments) {
    const info = { ...fragment.info, number: taking.nextNumber() };
    waiting.push(taking.append({ ...fragment, info }));
    if (waiting.length >= 100) await Promise.all(waiting);
    if (waiting.length >= 100) waiting = [];
  }
  await Promise.all(waiting);
  await taking.close();
}

/** The same few seconds again and again until they are six hours. */
function* hours(media: readonly SealedFragment[]): Generator<SealedFragment> {
  const first = media[0]?.info.producedStartUs ?? 0;
  const lengthUs = (media.at(-1)?.info.producedEndUs ?? 0) - first;
  for (let shift = 0; shift < 6 * HOUR_MS * 1000; shift += lengthUs) {
    for (const fragment of media) {
      const { producedStartUs, producedEndUs } = fragment.info;
      const info = {
        ...fragment.info,
        producedStartUs: micros(producedStartUs + shift),
        producedEndUs: micros(producedEndUs + shift),
      };
      yield { ...fragment, info, clusterNs: fragment.clusterNs + BigInt(shift) * 1000n };
    }
  }
}

function plan(archive: Archive, stream: string, fromMs: number, lengthMs: number) {
  const range = { fromMs: millis(START_MS + fromMs), toMs: millis(START_MS + fromMs + lengthMs) };
  return planClip({ reader: archive, stream, range, clock: "producer", format: "mp4" });
}

/** Seconds. */
async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** MB of MP4 a second. */
async function clipRate(archive: Archive): Promise<number> {
  const out = openSync("/dev/null", "w");
  let bytes = 0;
  const took = await seconds(async () => {
    const clip = await plan(archive, "camera", -1000, HOUR_MS);
    for await (const chunk of clip.chunks()) bytes += writeSync(out, chunk);
  });
  closeSync(out);
  return bytes / 1e6 / took;
}

async function ffmpegRate(path: string, bytes: number, startUp: number): Promise<number> {
  const flags = "+frag_keyframe+empty_moov+default_base_moof";
  const copy = ["-i", path, "-map", "0", "-c", "copy", "-f", "mp4", "-movflags", flags];
  const took = await seconds(() => run(ffmpeg, ["-v", "error", "-y", ...copy, "/dev/null"]));
  return bytes / 1e6 / (took - startUp);
}

/** Milliseconds from the question to the first byte of media. */
async function firstByte(archive: Archive, fromMs: number, lengthMs: number): Promise<number> {
  const began = performance.now();
  const chunks = (await plan(archive, "day", fromMs, lengthMs)).chunks();
  await chunks.next();
  await chunks.next();
  const took = performance.now() - began;
  await chunks.return(undefined);
  return took;
}

async function main(dataDir: string): Promise<void> {
  const limits = { maxBytes: PACK_BYTES };
  const long = await Archive.open({ dataDir, clock: realClock, log: silentLogger });
  const source = await recording();
  await store(long, "camera", fragmentsOfFile(readFileSync(source.path), { startMs: START_MS }));
  const starts = [];
  for (let i = 0; i < 5; i++) starts.push(await seconds(() => run(ffmpeg, ["-version"])));
  const startUp = median(starts);
  await clipRate(long);
  await ffmpegRate(source.path, source.bytes, startUp);
  await compare({
    name: "MP4 clip against ffmpeg -c copy",
    unit: "MB/s",
    bar: { op: ">=", ratio: 1 },
    runs: CLIP_ROUNDS,
    a: () => clipRate(long),
    b: () => ffmpegRate(source.path, source.bytes, startUp),
  });
  await long.close();
  const filling = await Archive.open({ dataDir, clock: realClock, log: silentLogger, limits });
  const audio = readFileSync(await makeMedia("audio-only"));
  await store(filling, "day", hours(fragmentsOfFile(audio, { startMs: START_MS })));
  // Packs are sealed in the background; closing waits for it.
  await filling.close();
  const day = await Archive.open({ dataDir, clock: realClock, log: silentLogger });
  for (let warm = 0; warm < 5; warm++) await firstByte(day, 0, 6 * HOUR_MS);
  await compare({
    name: "First byte of a clip of 6 h against 1 min",
    unit: "ms",
    bar: { op: "<=", ratio: 1.5 },
    runs: FIRST_BYTE_ROUNDS,
    a: () => firstByte(day, 0, 6 * HOUR_MS),
    b: () => firstByte(day, 3 * HOUR_MS, 60_000),
  });
  await day.close();
}

// As the server does.
tuneGarbageCollection();
const folder = mkdtempSync(join(benchFolder, "clip-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
