/** Plain MP4 clips of real media, held against ffmpeg and mediabunny: what was archived comes out, at its times. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { millis } from "../../src/base/units.ts";
import { type KvsClipOptions, planKvsClip } from "../../src/play/clip/kvs-clip.ts";
import { type ClipPlan, planClip } from "../../src/play/clip/plan.ts";
import {
  FAKE_START_MS,
  FakeReader,
  fragmentsOfFile,
  type StoreOptions,
} from "../support/fake-reader.ts";
import { type MediaKind, makeMedia } from "../support/media.ts";
import { decodeComplaints, packets, payloadHashes } from "../support/mp4-media.ts";
import { random } from "../support/random.ts";
import { run } from "../support/run.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const dir = tempDir("plain");
after(() => dir[Symbol.dispose]());

async function archiveOf(kind: MediaKind, ...sessions: StoreOptions[]): Promise<FakeReader> {
  const file = readFileSync(await makeMedia(kind));
  const reader = new FakeReader({ perPack: 2 });
  for (const session of [{}, ...sessions]) reader.addAll("cam", fragmentsOfFile(file, session));
  return reader;
}

function plan(reader: FakeReader, from = -1000, to = 120_000): Promise<ClipPlan> {
  const range = { fromMs: millis(FAKE_START_MS + from), toMs: millis(FAKE_START_MS + to) };
  return planClip({ reader, stream: "cam", clock: "producer", format: "plain-mp4", range });
}

function kvs(reader: FakeReader, more: Partial<KvsClipOptions> = {}): Promise<ClipPlan> {
  const range = { fromMs: FAKE_START_MS, toMs: FAKE_START_MS + 120_000 };
  return planKvsClip({ reader, stream: "cam", clock: "producer", ...range, ...more });
}

async function bytesOf(clip: ClipPlan, range?: { start: number; end: number }): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of clip.chunks(range)) parts.push(chunk);
  return Buffer.concat(parts);
}

async function fileOf(clip: ClipPlan, name: string): Promise<string> {
  const path = join(dir.path, name);
  writeFileSync(path, await bytesOf(clip));
  return path;
}

/** Boxes at the top of a file. */
function topBoxes(file: Buffer): string[] {
  const types: string[] = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32BE(at);
    types.push(file.toString("latin1", at + 4, at + 8));
    at += size === 1 ? Number(file.readBigUInt64BE(at + 8)) : size;
  }
  return types;
}

/** Presentation times in ms from the first of the file, by stream, in order. */
async function times(path: string): Promise<number[][]> {
  const list = await packets(path);
  const first = list.reduce((least, { ptsMs }) => Math.min(least, ptsMs), Infinity);
  const streams: number[][] = [];
  for (const { stream, ptsMs } of list) {
    const one = streams[stream] ?? [];
    streams[stream] = one;
    one.push(ptsMs - first);
  }
  return streams.map((one) => one.sort((a, b) => a - b));
}

function assertNear(ours: readonly number[], theirs: readonly number[], tolerance: number) {
  assert.equal(ours.length, theirs.length);
  for (const [i, ms] of ours.entries())
    assert.ok(Math.abs(ms - (theirs[i] ?? 0)) <= tolerance, `${i}: ${ms}, not ${theirs[i]}`);
}

suite("a plain MP4 clip", needs("ffmpeg"), () => {
  for (const kind of ["h264-aac", "h264-nob", "hevc", "vp9-opus", "audio-only"] as const)
    test(`of ${kind} has moov in front, every frame at its time, and decodes without a word`, async () => {
      const source = await makeMedia(kind);
      const clip = await plan(await archiveOf(kind));
      const path = await fileOf(clip, `${kind}.mp4`);
      const file = readFileSync(path);
      assert.equal(file.length, clip.size);
      assert.deepEqual(topBoxes(file), ["ftyp", "moov", "mdat"]);
      assert.deepEqual(await payloadHashes(path), await payloadHashes(source));
      assert.equal(await decodeComplaints(path), "");
      const [ours, theirs] = [await times(path), await times(source)];
      assert.equal(ours.length, theirs.length);
      for (const [i, list] of ours.entries()) assertNear(list, theirs[i] ?? [], 2);
    });

  test("of B-frames is read by mediabunny: payloads, times, key frames and sound as archived", async () => {
    const clip = await plan(await archiveOf("h264-aac"));
    using input = new Input({
      source: new BufferSource(await bytesOf(clip)),
      formats: ALL_FORMATS,
    });
    const video = await input.getPrimaryVideoTrack();
    const audio = await input.getPrimaryAudioTrack();
    assert.ok(video && audio);
    assert.deepEqual([video.id, audio.id], [1, 2]);
    const source = await packets(await makeMedia("h264-aac"));
    for (const [stream, track] of [video, audio].entries()) {
      const want = source.filter((packet) => packet.stream === stream);
      const [shown, keys] = [[] as number[], [] as number[]];
      for await (const packet of new EncodedPacketSink(track).packets()) {
        if (packet.type === "key") keys.push(shown.length);
        shown.push(packet.timestamp * 1000);
      }
      assertNear(
        shown.map((ms) => ms - Math.min(...shown)),
        want.map(({ ptsMs }) => ptsMs - Math.min(...want.map((p) => p.ptsMs))),
        2,
      );
      assert.deepEqual(
        keys,
        want.flatMap(({ key }, i) => (key ? [i] : [])),
      );
    }
    assert.ok(Math.abs((await video.computeDuration()) - 6) < 0.05);
  });

  test("seeks by its own tables", async () => {
    const path = await fileOf(await plan(await archiveOf("h264-nob")), "seek.mp4");
    const one = ["-c", "copy", "-frames:v", "1", "-f", "framemd5", "-"];
    const md5 = async (...args: string[]) => {
      const { stdout } = await run("ffmpeg", ["-v", "error", ...args]);
      return stdout
        .split("\n")
        .filter((row) => /^\d/.test(row))
        .map((row) => row.split(",").at(-1));
    };
    const sought = await md5("-ss", "4.5", "-i", path, "-map", "0:v", ...one);
    const all = await md5("-i", path, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-");
    assert.equal(sought[0], all[100]);
  });

  test("gives any bytes N to M as the whole has them", async () => {
    const clip = await plan(await archiveOf("h264-aac"));
    const whole = await bytesOf(clip);
    const next = random(3);
    for (let i = 0; i < 60; i++) {
      const start = Math.floor(next() * whole.length);
      const end = Math.min(whole.length, start + 1 + Math.floor(next() ** 3 * whole.length));
      assert.ok((await bytesOf(clip, { start, end })).equals(whole.subarray(start, end)));
    }
  });

  test("across a gap keeps the gap, in pictures and sound", async () => {
    const later = { startMs: FAKE_START_MS + 30_000, session: "b", sequence: 10 };
    const path = await fileOf(await plan(await archiveOf("h264-aac", later)), "gap.mp4");
    const [video = [], audio = []] = await times(path);
    assert.equal(video.length, 300);
    assertNear([video[150] ?? 0], [30_000 + (video[0] ?? 0)], 1);
    const second = audio.findIndex((ms) => ms > 20_000);
    assertNear([audio[second] ?? 0], [30_000 + (audio[0] ?? 0)], 2);
    assert.equal(await decodeComplaints(path), "");
  });

  test("of sessions that overlap keeps every frame at its time, and decode times never go back", async () => {
    const second = { startMs: FAKE_START_MS + 3300, session: "b", sequence: 10 };
    const path = await fileOf(await plan(await archiveOf("h264-aac", second)), "overlap.mp4");
    const [video = []] = await times(path);
    const single = Array.from({ length: 150 }, (_, i) => i * 40);
    const want = [...single, ...single.map((ms) => ms + 3300)].sort((a, b) => a - b);
    assertNear(
      video.map((ms) => ms - (video[0] ?? 0)),
      want,
      1,
    );
    const last = [-Infinity, -Infinity];
    for (const { stream, dtsMs } of await packets(path)) {
      assert.ok(dtsMs >= (last[stream] ?? 0));
      last[stream] = dtsMs;
    }
  });

  test("of a camera that changed its picture shows both sizes", async () => {
    const reader = new FakeReader({ perPack: 2 });
    for (const [i, size] of ["320x180", "640x360"].entries()) {
      const path = join(dir.path, `${size}.mkv`);
      const source = ["-f", "lavfi", "-i", `testsrc2=s=${size}:r=25`, "-t", "2"];
      await run("ffmpeg", ["-v", "error", ...source, "-c:v", "libx264", "-g", "25", path]);
      const startMs = FAKE_START_MS + i * 2000;
      const options = { startMs, session: `s${i}`, sequence: 1 + 10 * i };
      reader.addAll("cam", fragmentsOfFile(readFileSync(path), options));
    }
    const path = await fileOf(await plan(reader), "both.mp4");
    const show = ["-show_entries", "frame=width", "-of", "csv=p=0", path];
    const { stdout, stderr } = await run("ffprobe", ["-v", "warning", ...show]);
    assert.equal(stderr, "");
    const widths = stdout.split("\n").filter((row) => /^\d/.test(row));
    const want = Array.from({ length: 100 }, (_, i) => (i < 50 ? "320" : "640"));
    assert.deepEqual(
      widths.map((row) => row.replace(",", "")),
      want,
    );
  });

  test("carries G.711, a sample of the file for each of the sound's, and leaves PCM out", async () => {
    const later = { startMs: FAKE_START_MS + 9000, session: "b", sequence: 10 };
    const clip = await plan(await archiveOf("pcm", later));
    assert.deepEqual(
      clip.omittedTracks.map(({ codecId }) => codecId),
      ["A_PCM/INT/LIT"],
    );
    const file = await bytesOf(clip);
    const path = await fileOf(clip, "g711.mp4");
    const raw = async (from: string) => {
      const args = ["-v", "error", "-i", from, "-map", "0:a:0", "-c", "copy", "-f", "mulaw", "-"];
      return (await run("ffmpeg", [...args.slice(0, -1), "-f", "md5", "-"])).stdout;
    };
    const once = await plan(await archiveOf("pcm"));
    assert.equal(await raw(await fileOf(once, "once.mp4")), await raw(await makeMedia("pcm")));
    const { stdout } = await run("ffprobe", [
      "-v",
      "error",
      "-show_entries",
      "stream=codec_name,sample_rate,duration",
      "-of",
      "csv=p=0",
      path,
    ]);
    assert.equal(stdout.trim(), "pcm_mulaw,8000,15.000000");
    using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
    const audio = await input.getPrimaryAudioTrack();
    assert.ok(audio);
    let bytes = 0;
    const starts: number[] = [];
    for await (const packet of new EncodedPacketSink(audio).packets()) {
      bytes += packet.data.length;
      starts.push(packet.timestamp);
    }
    assert.equal(bytes, 2 * 6 * 8000);
    assert.ok(
      starts.some((at) => Math.abs(at - 9) < 0.01),
      "the second session begins at 9 s",
    );
  });
});

suite("GetClip's clip", needs("ffmpeg"), () => {
  const at = (ms: number) => FAKE_START_MS + ms;

  test("has the fragments that start in the range, both ends included, whole", async () => {
    const reader = await archiveOf("h264-nob");
    const starts = reader.all("cam").map(({ info }) => Math.floor(info.producedStartUs / 1000));
    const [one = 0, two = 0, three = 0] = starts;
    assert.equal((await kvs(reader, { fromMs: one, toMs: two })).fragments, 2);
    assert.equal((await kvs(reader, { fromMs: one + 1, toMs: two })).fragments, 1);
    assert.equal((await kvs(reader, { fromMs: one + 1, toMs: three - 1 })).fragments, 1);
    const clip = await kvs(reader, { fromMs: three, toMs: three + 1 });
    assert.equal(clip.firstUs, three * 1000);
    assert.equal(clip.lastUs, reader.all("cam")[2]?.info.producedEndUs);
    await assert.rejects(kvs(reader, { fromMs: three + 1, toMs: at(9000) }), {
      code: "request.no-media",
    });
  });

  test("keeps the first stored of fragments of the same time, on the producer's clock", async () => {
    const again = { session: "b", sequence: 10 };
    const reader = await archiveOf("h264-nob", again);
    assert.equal((await kvs(reader)).fragments, 3);
    assert.equal((await kvs(reader, { clock: "server" })).fragments, 6);
  });

  test("ends after 200 fragments", async () => {
    const sessions = Array.from({ length: 9 }, (_, i) => {
      return { startMs: at((i + 1) * 12_100), session: `s${i}`, sequence: 100 * (i + 1) };
    });
    const reader = await archiveOf("short-groups", ...sessions);
    assert.ok(reader.all("cam").length > 200);
    const clip = await kvs(reader);
    assert.equal(clip.fragments, 200);
    const path = await fileOf(clip, "200.mp4");
    assert.equal(await decodeComplaints(path), "");
    await assert.rejects(plan(reader), { code: "request.too-large" });
  });

  test("refuses other codecs, and a configuration that changes", async () => {
    await assert.rejects(kvs(await archiveOf("vp9-opus")), { code: "codec.unsupported" });
    const reader = await archiveOf("h264-aac");
    const other = readFileSync(await makeMedia("h264-nob"));
    reader.addAll("cam", fragmentsOfFile(other, { startMs: at(9000), session: "b", sequence: 10 }));
    await assert.rejects(kvs(reader), { code: "codec.bad-config" });
  });
});
