/** Files of other muxers, read by us and by others; our files, read by others. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type MediaKind, makeMedia, testKinds } from "../../../test/support/media.ts";
import { drain } from "../../../test/support/mkv-drain.ts";
import { oracleCounts } from "../../../test/support/mkv-oracle.ts";
import { run } from "../../../test/support/run.ts";
import { needs } from "../../../test/support/tools.ts";
import { elements } from "../ebml/elements.ts";
import type { Frame } from "../track.ts";
import { frames } from "./consumer.ts";
import { MkvInspector } from "./inspect.ts";
import { MkvWriter } from "./live-writer.ts";
import { MkvParser } from "./parser.ts";
import { MkvReader } from "./reader.ts";

const dir = mkdtempSync(join(tmpdir(), "mkv-real-"));
after(() => rmSync(dir, { recursive: true, force: true }));

function* slices(file: Uint8Array, step: number): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += step) yield file.subarray(at, at + step);
}

/** The other decoder is older than this master and takes it for one value. */
const UNKNOWN_TO_ORACLE = new Set(["Colour" as const]);

/** Elements of each id, as our parser sees them. */
function ourCounts(file: Uint8Array, step: number): Record<string, number> {
  const { list, fault } = drain(new MkvParser({ skip: UNKNOWN_TO_ORACLE }), slices(file, step));
  assert.equal(fault, undefined);
  const counts: Record<string, number> = {};
  for (const event of list) {
    if (event.kind === "close") continue;
    const id = (event.kind === "skipped" ? event.id : elements[event.name].id).toString(16);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

function assertSameElements(path: string): Record<string, number> {
  const file = readFileSync(path);
  const want = oracleCounts(file);
  for (const step of [file.length, 1461, 65_536]) assert.deepEqual(ourCounts(file, step), want);
  return want;
}

async function mkvmerge(name: string, ...args: string[]): Promise<string> {
  const path = join(dir, name);
  await run("mkvmerge", ["-q", "-o", path, ...args]);
  return path;
}

/** Live Matroska as ffmpeg writes it to a pipe: no sizes, no cues, 1 s Clusters. */
async function livePipe(kind: MediaKind, format: string): Promise<string> {
  const args = ["-v", "error", "-i", await makeMedia(kind), "-c", "copy", "-f", format];
  const live = ["-live", "1", "-cluster_time_limit", "1000", "pipe:1"];
  const { stdout, status } = spawnSync("ffmpeg", [...args, ...live], { maxBuffer: 1 << 28 });
  assert.equal(status, 0);
  const path = join(dir, `${kind}-live.mkv`);
  writeFileSync(path, stdout);
  return path;
}

async function ffprobePackets(path: string): Promise<Record<string, number>> {
  const args = ["-v", "error", "-count_packets", "-of", "csv=p=0"];
  const show = ["-show_entries", "stream=index,nb_read_packets", path];
  const { stdout } = await run("ffprobe", [...args, ...show]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((row) => row.split(","));
  // An attachment is a stream to ffprobe, without packets.
  const counted = rows.filter(([, count]) => Number(count) > 0);
  return Object.fromEntries(counted.map(([index, count]) => [Number(index) + 1, Number(count)]));
}

function inspect(path: string) {
  const inspector = new MkvInspector();
  for (const chunk of slices(readFileSync(path), 4096)) inspector.push(chunk);
  inspector.end();
  return inspector.summary();
}

suite("files of ffmpeg", needs("ffmpeg"), () => {
  for (const kind of testKinds)
    test(`${kind}: the same elements as an independent decoder sees, and as many packets as ffprobe`, async () => {
      const path = await makeMedia(kind);
      assertSameElements(path);
      const { framesPerTrack, error, durationMs } = inspect(path);
      assert.equal(error, null);
      assert.deepEqual(framesPerTrack, await ffprobePackets(path));
      assert.ok(durationMs > 5800 && durationMs < 6100, `${durationMs} ms`);
    });

  test("sent live to a pipe, Matroska and WebM, have the same elements too", async () => {
    const counts = assertSameElements(await livePipe("h264-aac", "matroska"));
    assert.ok((counts["1f43b675"] ?? 0) >= 3);
    const path = await livePipe("vp9-opus", "webm");
    assertSameElements(path);
    const inspected = inspect(path);
    assert.deepEqual([inspected.error, inspected.segments], [null, 1]);
  });

  test("end to end behind each other are two Segments with twice the frames", async () => {
    const path = await livePipe("h264-aac", "matroska");
    const once = inspect(path);
    const twice = join(dir, "twice.mkv");
    writeFileSync(twice, Buffer.concat([readFileSync(path), readFileSync(path)]));
    assert.deepEqual(inspect(twice), {
      ...once,
      segments: 2,
      frames: once.frames * 2,
      keyframes: once.keyframes * 2,
      fragments: once.fragments * 2,
      framesPerTrack: {
        1: (once.framesPerTrack[1] ?? 0) * 2,
        2: (once.framesPerTrack[2] ?? 0) * 2,
      },
    });
  });

  test("cut anywhere give the frames before the cut, or a fault, never both lost", async () => {
    const file = readFileSync(await makeMedia("video-only"));
    const total = inspect(await makeMedia("video-only")).frames;
    let last = 0;
    for (let cut = 1000; cut < file.length; cut += 9973) {
      const inspector = new MkvInspector();
      inspector.push(file.subarray(0, cut));
      inspector.end();
      const { frames, error } = inspector.summary();
      assert.equal(error?.code, "mkv.truncated");
      assert.ok(frames >= last && frames <= total, `cut ${cut}`);
      last = frames;
    }
    assert.ok(last > total / 2);
  });
});

suite("files of mkvmerge", needs("ffmpeg", "mkvtoolnix"), () => {
  test("with lacing, cues, attachments, chapters and tags have the same elements", async () => {
    const attachment = join(dir, "note.txt");
    writeFileSync(attachment, "x".repeat(100_000));
    const chapters = join(dir, "chapters.txt");
    writeFileSync(
      chapters,
      "CHAPTER01=00:00:00.000\nCHAPTER01NAME=One\nCHAPTER02=00:00:03.000\nCHAPTER02NAME=Two\n",
    );
    const attach = ["--attachment-mime-type", "text/plain", "--attach-file", attachment];
    const args = [
      ...attach,
      "--chapters",
      chapters,
      "--title",
      "A title",
      await makeMedia("h264-aac"),
    ];
    const path = await mkvmerge("full.mkv", ...args);
    const counts = assertSameElements(path);
    const id = (name: keyof typeof elements) => elements[name].id.toString(16);
    for (const name of ["FileData", "ChapterAtom", "CuePoint", "SimpleTag"] as const)
      assert.ok((counts[id(name)] ?? 0) > 0, name);
    const { error, framesPerTrack } = inspect(path);
    assert.equal(error, null);
    assert.deepEqual(framesPerTrack, await ffprobePackets(path));
  });

  test("with laced sound have the frames of the file they were made of", async () => {
    const source = await makeMedia("audio-only");
    const path = await mkvmerge("laced.mkv", source);
    const unlaced = await mkvmerge("unlaced.mkv", "--disable-lacing", source);
    const read = drain(new MkvReader(), [readFileSync(path)]).list;
    assert.ok(
      read.some((i) => i.kind === "block" && i.block.lacing !== "none"),
      "nothing laced",
    );
    const payloads = async (file: string) => {
      const list: string[] = [];
      for await (const frame of frames([readFileSync(file)]))
        list.push(Buffer.from(frame.payload.toBytes()).toString("base64"));
      return list;
    };
    assert.deepEqual(await payloads(path), await payloads(unlaced));
    assert.deepEqual(await payloads(path), await payloads(source));
    assert.deepEqual(inspect(path).framesPerTrack, await ffprobePackets(path));
  });

  test("compressed with zlib are marked as not supported, and counted all the same", async () => {
    const source = await makeMedia("video-only");
    const path = await mkvmerge("zlib.mkv", "--compression", "0:zlib", source);
    const { list } = drain(new MkvReader(), [readFileSync(path)]);
    const set = list.find((item) => item.kind === "tracks");
    assert.equal(set?.kind === "tracks" && set.trackSet.tracks[0]?.encoding, "unsupported");
    assert.equal(inspect(path).frames, inspect(source).frames);
  });
});

suite("what MkvWriter makes of a file's frames", needs("ffmpeg", "mkvtoolnix"), () => {
  for (const kind of ["h264-aac", "vp9-opus", "audio-only", "pcm"] as const)
    test(`${kind}: mkvinfo finds nothing wrong, ffprobe the same packets, we the same frames`, async () => {
      const source = readFileSync(await makeMedia(kind));
      const set = drain(new MkvReader(), [source]).list.find((item) => item.kind === "tracks");
      assert.ok(set?.kind === "tracks");
      const writer = new MkvWriter({ tracks: set.trackSet.tracks });
      const parts: Uint8Array[] = [writer.header()];
      const read: Frame[] = [];
      for await (const frame of frames([source])) {
        read.push(frame);
        parts.push(...writer.add(frame).parts);
      }
      const path = join(dir, `ours-${kind}.mkv`);
      writeFileSync(path, Buffer.concat(parts));
      const again: Frame[] = [];
      for await (const frame of frames([readFileSync(path)])) again.push(frame);
      const plain = (f: Frame) => [
        f.track,
        f.timeUs,
        f.key,
        Buffer.from(f.payload.toBytes()).toString("base64"),
      ];
      assert.deepEqual(again.map(plain), read.map(plain));
      const { stdout, stderr } = await run("mkvinfo", ["-v", path]);
      assert.doesNotMatch(stdout + stderr, /error|invalid|unknown element/i);
      assert.deepEqual(await ffprobePackets(path), await ffprobePackets(await makeMedia(kind)));
    });
});
