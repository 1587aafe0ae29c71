import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  configFromKeyFrame,
  needsNormalising,
  toLengthPrefixed,
} from "../../src/media/codec/annexb.ts";
import { codecString } from "../../src/media/codec/describe.ts";
import { splitLengthPrefixed } from "../../src/media/codec/nal.ts";
import { mp4Track } from "../../src/media/fmp4/mp4-track.ts";
import type { Frame } from "../../src/media/track.ts";
import {
  clipOf,
  decodeComplaints,
  decoded,
  folder,
  liveOf,
  mp4Kinds,
  mp4Source,
  mp4Tracks,
  type Packet,
  packets,
  payloadHashes,
  sourceFragments,
} from "../support/mp4-media.ts";
import { run } from "../support/run.ts";
import { needs } from "../support/tools.ts";

/** Times of one stream in order of presentation, ms. */
function shownTimes(list: readonly Packet[], stream: number): number[] {
  const own = list.filter((packet) => packet.stream === stream);
  return own.map((packet) => packet.ptsMs).sort((a, b) => a - b);
}

interface Source {
  readonly hashes: readonly string[];
  readonly packets: readonly Packet[];
}

const sources = new Map<string, Promise<Source>>();

/** What ffmpeg says of a source: clips and live streams are held against the same. */
function readSource(path: string): Promise<Source> {
  const known = sources.get(path);
  if (known !== undefined) return known;
  const reading = Promise.all([payloadHashes(path), packets(path)]).then(([hashes, list]) => {
    return { hashes, packets: list };
  });
  sources.set(path, reading);
  return reading;
}

/** ffmpeg decodes it without a word, and finds the source's payloads and times. */
async function assertSame(path: string, source: string, shiftMs: number): Promise<void> {
  const [own, want] = await Promise.all([decoded(path), readSource(source)]);
  assert.equal(own.complaints, "");
  assert.deepEqual(own.hashes, want.hashes);
  assertSameTimes(await packets(path), want.packets, shiftMs);
}

function assertSameTimes(
  ours: readonly Packet[],
  theirs: readonly Packet[],
  shiftMs: number,
): void {
  for (const stream of [0, 1]) {
    const [got, want] = [shownTimes(ours, stream), shownTimes(theirs, stream)];
    assert.equal(got.length, want.length, `stream ${stream}`);
    for (const [i, time] of got.entries())
      assert.ok(Math.abs(time - shiftMs - (want[i] ?? 0)) < 2.1, `stream ${stream}, ${i}: ${time}`);
  }
}

/** The video as a bare stream with start codes, as ffmpeg writes it. */
async function annexBOf(source: string, kind: string): Promise<{ path: string }> {
  const path = join(folder, `${kind}.annexb`);
  const format = kind.startsWith("h264") ? "h264" : "hevc";
  const args = ["-v", "error", "-y", "-i", source, "-map", "0:v", "-c", "copy", "-f", format, path];
  await run("ffmpeg", args);
  return { path };
}

/** A picture with its lengths made start codes and then lengths again; sound as it is. */
function throughAnnexB(frame: Frame): Frame {
  if (frame.track !== 1) return frame;
  const units = splitLengthPrefixed(frame.payload.toBytes(), 4) ?? assert.fail("no lengths");
  const coded = Buffer.concat(units.flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit]));
  return { ...frame, payload: toLengthPrefixed(coded) };
}

/** MD5 of every decoded picture. */
async function pictureHashes(path: string): Promise<string[]> {
  const args = [
    "-v",
    "error",
    "-i",
    path,
    "-map",
    "0:v",
    "-vsync",
    "passthrough",
    "-f",
    "framemd5",
  ];
  const { stdout } = await run("ffmpeg", [...args, "-"]);
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => line.split(",").at(-1)?.trim() ?? "");
}

suite("Annex B, as Chrome's MediaRecorder sends it", needs("ffmpeg"), () => {
  for (const kind of ["h264-b3-aac", "hevc-aac"] as const)
    test(`${kind} without CodecPrivate and with start codes becomes a clip that ffmpeg decodes`, async () => {
      const source = await mp4Source(kind);
      const media = await sourceFragments(source);
      const { path: raw } = await annexBOf(source, kind);
      // The stream's own parameter sets are in front of its first key frame, in Annex B.
      const head = readFileSync(raw);
      const [track, ...others] = media[0]?.trackSet.tracks ?? [];
      assert.ok(track?.codecPrivate);
      const { codecPrivate: _, ...bare } = track;
      assert.equal(needsNormalising(bare), true);
      const config = configFromKeyFrame(bare, head) ?? assert.fail("no configuration");
      const tracks = [{ ...bare, codecPrivate: config }, ...others];
      assert.equal(codecString(tracks[0] ?? bare), codecString(track));
      const again = media.map((one) => ({ ...one, frames: one.frames.map(throughAnnexB) }));
      const path = join(folder, `${kind}.annexb.mp4`);
      const carried = tracks.flatMap((one) => mp4Track(one, one.number) ?? []);
      writeFileSync(path, clipOf(again, carried));
      assert.equal(await decodeComplaints(path), "");
      assert.deepEqual(await pictureHashes(path), await pictureHashes(source));
    });
});

suite("Clips in MP4, read by ffmpeg", needs("ffmpeg"), () => {
  for (const kind of mp4Kinds)
    test(`a clip of ${kind} decodes without a word and has the source's payloads and times`, async () => {
      const source = await mp4Source(kind);
      const media = await sourceFragments(source);
      assert.ok(media.length > 1, "several fragments");
      const path = join(folder, `${kind}.clip.mp4`);
      writeFileSync(path, clipOf(media));
      const firstMs = Math.min(...(media[0]?.frames ?? []).map((frame) => frame.timeUs)) / 1000;
      await assertSame(path, source, -firstMs);
    });
});

suite("Live MP4, read by ffmpeg", needs("ffmpeg"), () => {
  for (const kind of mp4Kinds.filter((one) => one !== "vp8" && one !== "mp3"))
    test(`a live stream of ${kind} decodes without a word and has the source's payloads and times`, async () => {
      const source = await mp4Source(kind);
      const media = await sourceFragments(source);
      const { muxer, chunks } = liveOf(media);
      assert.equal(muxer.tracks.length, mp4Tracks(media).length);
      const path = join(folder, `${kind}.live.mp4`);
      writeFileSync(path, Buffer.concat([muxer.init, ...chunks]));
      await assertSame(path, source, 1000);
    });
});
