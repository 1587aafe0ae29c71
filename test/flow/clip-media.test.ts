/** Clips of real media, held against ffmpeg and mkvtoolnix: what was archived comes out, and peers read it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { millis } from "../../src/base/units.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import { type ClipFormat, type ClipPlan, planClip } from "../../src/play/clip/plan.ts";
import { FAKE_START_MS, FakeReader, fragmentsOfFile } from "../support/fake-reader.ts";
import { type MediaKind, makeMedia, testKinds } from "../support/media.ts";
import { random } from "../support/random.ts";
import { run } from "../support/run.ts";
import { needs } from "../support/tools.ts";

const dir = mkdtempSync(join(tmpdir(), "streambank-clip-"));

async function archiveOf(kind: MediaKind): Promise<FakeReader> {
  const reader = new FakeReader({ perPack: 1 });
  reader.addAll("cam", fragmentsOfFile(readFileSync(await makeMedia(kind))));
  return reader;
}

function plan(
  reader: FakeReader,
  format: ClipFormat,
  from = -1000,
  to = 60_000,
): Promise<ClipPlan> {
  const range = { fromMs: millis(FAKE_START_MS + from), toMs: millis(FAKE_START_MS + to) };
  return planClip({ reader, stream: "cam", clock: "producer", format, range });
}

async function bytesOf(clip: ClipPlan, range?: { start: number; end: number }): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of clip.chunks(range)) parts.push(chunk);
  return Buffer.concat(parts);
}

async function fileOf(clip: ClipPlan, name: string): Promise<string> {
  const path = join(dir, name);
  writeFileSync(path, await bytesOf(clip));
  return path;
}

async function ffmpeg(...args: string[]): Promise<string> {
  return (await run("ffmpeg", ["-v", "error", ...args])).stdout;
}

/** Hash of all payloads per track, in track order. */
const hashes = (path: string) =>
  ffmpeg("-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-");

/** `stream, presentation time in µs from the first, payload hash` of each packet, in order of time. */
async function packets(path: string): Promise<string[]> {
  const args = ["-v", "error", "-show_entries", "packet=stream_index,pts_time,data_hash"];
  const { stdout } = await run("ffprobe", [
    ...args,
    "-show_data_hash",
    "md5",
    "-of",
    "csv=p=0",
    path,
  ]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const times = rows.map(([, time]) => Number(time));
  const first = times.reduce((least, time) => Math.min(least, time), Infinity);
  return rows
    .map(([stream, , hash], i) => ({ stream, hash, ms: ((times[i] ?? 0) - first) * 1000 }))
    .sort((a, b) => Number(a.stream) - Number(b.stream) || a.ms - b.ms)
    .map(({ stream, hash, ms }) => `${stream} ${Math.round(ms)} ${hash}`);
}

/** `track, ticks from the first block, payload hash` of every block in the order of the file. */
function blocksOf(file: Uint8Array): string[] {
  const reader = new MkvReader();
  reader.push(file);
  reader.end();
  const blocks: string[] = [];
  let first: number | undefined;
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    if (item.kind !== "block") continue;
    const { track, relativeTicks, frames } = item.block;
    const ticks = item.clusterTicks + relativeTicks;
    first ??= ticks;
    const hash = createHash("sha256");
    for (const frame of frames) hash.update(frame.toBytes());
    blocks.push(`${track} ${ticks - first} ${hash.digest("hex")}`);
  }
  return blocks;
}

suite("a clip of real media", needs("ffmpeg"), () => {
  after(() => rmSync(dir, { recursive: true }));

  for (const kind of testKinds) {
    for (const format of ["mkv", "mp4"] as const) {
      if (kind === "pcm" && format === "mp4") continue;
      test(`of ${kind} as ${format} has every frame, decodes without a word, and is as long as planned`, async () => {
        const source = await makeMedia(kind);
        const clip = await plan(await archiveOf(kind), format);
        const path = await fileOf(clip, `${kind}.${format}`);
        assert.equal(readFileSync(path).length, clip.size);
        assert.equal(await hashes(path), await hashes(source));
        const { stderr } = await run("ffmpeg", ["-v", "warning", "-i", path, "-f", "null", "-"]);
        // ffmpeg says this of the source as well: G.711 has no layout to declare.
        assert.equal(stderr.replaceAll(/^Guessed Channel Layout.*\n/gm, ""), "");
      });
    }

    test(`of ${kind} as mkv keeps the order and relative time of every frame`, async () => {
      const source = readFileSync(await makeMedia(kind));
      const clip = await bytesOf(await plan(await archiveOf(kind), "mkv"));
      assert.deepEqual(blocksOf(clip), blocksOf(source));
      assert.ok(blocksOf(clip).length > 100);
    });
  }

  for (const kind of ["h264-aac", "hevc", "video-only"] as const)
    test(`of ${kind} as mp4 shows every picture when the source does`, async () => {
      const path = await fileOf(await plan(await archiveOf(kind), "mp4"), `times-${kind}.mp4`);
      const video = (list: string[]) => list.filter((line) => line.startsWith("0 "));
      assert.deepEqual(video(await packets(path)), video(await packets(await makeMedia(kind))));
    });

  test("as mp4 has sound at the source's times, to 2 ms", async () => {
    const path = await fileOf(await plan(await archiveOf("h264-aac"), "mp4"), "sound.mp4");
    const times = (list: string[]) =>
      list.filter((line) => line.startsWith("1 ")).map((line) => Number(line.split(" ")[1]));
    const [ours, theirs] = [
      times(await packets(path)),
      times(await packets(await makeMedia("h264-aac"))),
    ];
    assert.equal(ours.length, theirs.length);
    for (const [i, ms] of ours.entries()) assert.ok(Math.abs(ms - (theirs[i] ?? 0)) <= 2, `${i}`);
  });

  test("from the middle begins at a key frame, within a sound packet of time 0, and ends with a whole fragment", async () => {
    for (const format of ["mkv", "mp4"] as const) {
      const clip = await plan(await archiveOf("h264-nob"), format, 2500, 2600);
      assert.equal(clip.fragments, 1);
      const path = await fileOf(clip, `middle.${format}`);
      const probe = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time,flags",
      ];
      const { stdout } = await run("ffprobe", [...probe, "-of", "csv=p=0", path]);
      const rows = stdout.trim().split("\n");
      assert.equal(rows.length, 50);
      assert.match(rows[0] ?? "", /^0\.0[012]\d*,K/);
      const { stderr } = await run("ffmpeg", ["-v", "warning", "-i", path, "-f", "null", "-"]);
      assert.equal(stderr, "");
    }
  });

  for (const format of ["mkv", "mp4"] as const) {
    test(`as ${format} gives any bytes N to M as the whole has them, and reads only what they need`, async () => {
      const reader = await archiveOf("h264-aac");
      const clip = await plan(reader, format);
      const whole = await bytesOf(clip);
      const next = random(11);
      for (let i = 0; i < 300; i++) {
        const start = Math.floor(next() * whole.length);
        const end = Math.min(whole.length, start + 1 + Math.floor(next() ** 4 * whole.length));
        const part = await bytesOf(clip, { start, end });
        assert.ok(part.equals(whole.subarray(start, end)), `${start} to ${end}`);
      }
      reader.reads = 0;
      await bytesOf(clip, { start: 0, end: 100 });
      await bytesOf(clip, { start: clip.size - 20, end: clip.size });
      assert.equal(reader.reads, 0);
      await bytesOf(clip, { start: 50_000, end: 50_001 });
      assert.ok(reader.reads <= 2, `${reader.reads} reads`);
    });

    test(`as ${format} is the same twice, and another when a fragment came late`, async () => {
      const reader = await archiveOf("h264-aac");
      const [one, two] = [await plan(reader, format), await plan(reader, format)];
      assert.equal(one.etag, two.etag);
      assert.ok((await bytesOf(one)).equals(await bytesOf(two)));
      const late = fragmentsOfFile(readFileSync(await makeMedia("h264-aac")), {
        startMs: FAKE_START_MS + 6100,
        session: "b",
        sequence: 10,
      });
      reader.addAll("cam", late);
      assert.notEqual((await plan(reader, format)).etag, one.etag);
    });
  }

  test("seeks: ffmpeg finds a later key frame by the clip's own index", async () => {
    for (const format of ["mkv", "mp4"] as const) {
      const path = await fileOf(await plan(await archiveOf("h264-nob"), format), `seek.${format}`);
      const args = ["-ss", "4.5", "-i", path, "-map", "0:v", "-c", "copy", "-frames:v", "1"];
      const sought = await ffmpeg(...args, "-f", "framemd5", "-");
      const all = await ffmpeg("-i", path, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-");
      const rows = (text: string) => text.split("\n").filter((row) => /^\d/.test(row));
      const md5 = (row: string | undefined) => row?.split(",").at(-1);
      assert.equal(md5(rows(sought)[0]), md5(rows(all)[100]), format);
    }
  });

  test("of two sessions that overlap keeps every frame, in both formats, and decode times never go back", async () => {
    const file = readFileSync(await makeMedia("h264-aac"));
    const reader = new FakeReader({ perPack: 2 });
    reader.addAll("cam", fragmentsOfFile(file));
    const second = { startMs: FAKE_START_MS + 3300, session: "b", sequence: 10 };
    reader.addAll("cam", fragmentsOfFile(file, second));
    for (const format of ["mkv", "mp4"] as const) {
      const clip = await plan(reader, format);
      assert.equal(clip.fragments, 6);
      const path = await fileOf(clip, `overlap.${format}`);
      const list = await packets(path);
      const twice = (await packets(await makeMedia("h264-aac"))).length * 2;
      assert.equal(list.length, twice, format);
    }
    const path = join(dir, "overlap.mp4");
    const args = [
      "-v",
      "warning",
      "-show_entries",
      "packet=stream_index,dts",
      "-of",
      "csv=p=0",
      path,
    ];
    const { stdout, stderr } = await run("ffprobe", args);
    assert.equal(stderr, "");
    const last = [-Infinity, -Infinity];
    for (const line of stdout.trim().split("\n")) {
      const [stream = 0, dts = 0] = line.split(",").map(Number);
      assert.ok(dts >= (last[stream] ?? 0), line);
      last[stream] = dts;
    }
  });

  for (const encoder of ["libx264", "libx265"] as const)
    test(`of a camera that changed its picture in between shows both sizes (${encoder})`, async () => {
      const reader = new FakeReader({ perPack: 2 });
      for (const [i, size] of ["320x180", "640x360"].entries()) {
        const path = join(dir, `${encoder}-${size}.mkv`);
        const source = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25`, "-t", "4"];
        const quiet = encoder === "libx265" ? ["-x265-params", "log-level=none"] : [];
        await ffmpeg("-y", ...source, "-c:v", encoder, ...quiet, "-g", "25", path);
        const startMs = FAKE_START_MS + i * 4000;
        const options = { startMs, session: `s${i}`, sequence: 1 + 10 * i };
        reader.addAll("cam", fragmentsOfFile(readFileSync(path), options));
      }
      const clip = await plan(reader, "mp4");
      const path = await fileOf(clip, `${encoder}-both.mp4`);
      assert.equal((await bytesOf(clip)).length, clip.size);
      const show = ["-show_entries", "frame=width,height", "-of", "csv=p=0"];
      const { stdout, stderr } = await run("ffprobe", ["-v", "warning", ...show, path]);
      assert.equal(stderr, "");
      // Side data makes rows of its own.
      const rows = stdout.split("\n").filter((row) => /^\d/.test(row));
      const sizes = rows.map((row) => row.split(",", 2).join("x"));
      assert.deepEqual(
        sizes,
        Array.from({ length: 200 }, (_, i) => (i < 100 ? "320x180" : "640x360")),
      );
    });

  test("across a gap keeps the gap", async () => {
    const file = readFileSync(await makeMedia("video-only"));
    const reader = new FakeReader();
    reader.addAll("cam", fragmentsOfFile(file));
    const later = { startMs: FAKE_START_MS + 30_000, session: "b", sequence: 10 };
    reader.addAll("cam", fragmentsOfFile(file, later));
    for (const format of ["mkv", "mp4"] as const) {
      const path = await fileOf(await plan(reader, format), `gap.${format}`);
      const times = (await packets(path)).map((line) => Number(line.split(" ")[1]));
      assert.equal(times[150], 30_000, format);
      assert.equal(times.length, 300);
    }
  });
});

suite("a clip as mkv", needs("mkvtoolnix", "ffmpeg"), () => {
  for (const kind of ["h264-aac", "vp9-opus", "pcm"] as const)
    test(`of ${kind} is read by mkvinfo and mkvmerge without a warning`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "streambank-clip-"));
      try {
        const path = join(folder, "clip.mkv");
        writeFileSync(path, await bytesOf(await plan(await archiveOf(kind), "mkv")));
        // mkvmerge ends with 1, and `run` rejects, when it has a warning.
        await run("mkvmerge", ["-o", join(folder, "again.mkv"), path]);
        const { stdout } = await run("mkvinfo", ["--all", path]);
        assert.doesNotMatch(stdout, /invalid|unknown element|error|warning/i);
        assert.match(stdout, /Date: 2026-09-21 14:13:20/);
        assert.match(stdout, /Cues/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
});
