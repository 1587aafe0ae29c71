import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  clipOf,
  decodeComplaints,
  folder,
  liveOf,
  mp4Kinds,
  mp4Source,
  mp4Tracks,
  packets,
  payloadHashes,
  sourceFragments,
} from "../support/mp4-media.ts";
import { needs } from "../support/tools.ts";

/** ffprobe's times of one stream in order of presentation, ms. */
async function shownTimes(path: string, stream: number): Promise<number[]> {
  const list = (await packets(path)).filter((packet) => packet.stream === stream);
  return list.map((packet) => packet.ptsMs).sort((a, b) => a - b);
}

async function assertSameTimes(path: string, source: string, shiftMs: number): Promise<void> {
  for (const stream of [0, 1]) {
    const [got, want] = [await shownTimes(path, stream), await shownTimes(source, stream)];
    assert.equal(got.length, want.length, `stream ${stream}`);
    for (const [i, time] of got.entries())
      assert.ok(Math.abs(time - shiftMs - (want[i] ?? 0)) < 2.1, `stream ${stream}, ${i}: ${time}`);
  }
}

suite("Clips in MP4, read by ffmpeg", needs("ffmpeg"), () => {
  for (const kind of mp4Kinds)
    test(`a clip of ${kind} decodes without a word and has the source's payloads and times`, async () => {
      const source = await mp4Source(kind);
      const media = await sourceFragments(source);
      assert.ok(media.length > 1, "several fragments");
      const path = join(folder, `${kind}.clip.mp4`);
      writeFileSync(path, clipOf(media));
      assert.equal(await decodeComplaints(path), "");
      assert.deepEqual(await payloadHashes(path), await payloadHashes(source));
      const firstMs = Math.min(...(media[0]?.frames ?? []).map((frame) => frame.timeUs)) / 1000;
      await assertSameTimes(path, source, -firstMs);
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
      assert.equal(await decodeComplaints(path), "");
      assert.deepEqual(await payloadHashes(path), await payloadHashes(source));
      await assertSameTimes(path, source, 1000);
    });
});
