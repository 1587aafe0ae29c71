import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { cut, pieces } from "../../test/support/cut.ts";
import { makeMedia } from "../../test/support/media.ts";
import { needs } from "../../test/support/tools.ts";
import { crc32 } from "../base/crc32.ts";
import { Rope } from "../base/rope.ts";
import { join } from "../media/mkv/out.ts";
import {
  clusterHeader,
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlock,
  tracksElement,
} from "../media/mkv/writer.ts";
import type { Frame, Track } from "../media/track.ts";

const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** Length-prefixed NAL units behind start codes, as MediaRecorder sends them. */
function annexB(payload: Uint8Array): Uint8Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += 4 + view.getUint32(at))
    parts.push(START_CODE, payload.subarray(at + 4, at + 4 + view.getUint32(at)));
  return join(parts);
}

/** SPS and PPS of an avcC with one of each, with start codes. */
function parameterSets(avcC: Uint8Array): Uint8Array {
  const view = new DataView(avcC.buffer, avcC.byteOffset, avcC.length);
  const sps = view.getUint16(6);
  const pps = view.getUint16(9 + sps);
  const nal = (at: number, size: number) => join([START_CODE, avcC.subarray(at, at + size)]);
  return join([nal(8, sps), nal(11 + sps, pps)]);
}

/** The frames as a recorder without CodecPrivate writes them: Annex B, one Cluster of 500 ms after another. */
function recorded(
  frames: readonly Frame[],
  tracks: readonly Track[],
  withSets: Uint8Array,
): Uint8Array {
  const bare = tracks.map(({ codecPrivate, ...track }) =>
    track.type === "video" || codecPrivate === undefined ? track : { ...track, codecPrivate },
  );
  const head = [ebmlHeader(), segmentHeader(), infoElement({ timestampScaleNs: 1_000_000 })];
  const out = [...head, tracksElement(bare)];
  const video = tracks.find((t) => t.type === "video")?.number;
  for (let from = 0; from < 6000; from += 500) {
    const inside = frames.filter((f) => f.timeUs / 1000 >= from && f.timeUs / 1000 < from + 500);
    const blocks = join(
      inside.map((frame) => {
        const bytes = frame.payload.toBytes();
        const coded = frame.track === video ? annexB(bytes) : bytes;
        const payload = frame.key && frame.track === video ? join([withSets, coded]) : coded;
        const relativeTicks = Math.round(frame.timeUs / 1000) - from;
        const { track, key } = frame;
        return simpleBlock({ track, relativeTicks, key, payload: Rope.of(payload) }).toBytes();
      }),
    );
    const header = { ticks: from, blocksBytes: blocks.length, blocksCrc: crc32(blocks) };
    out.push(clusterHeader(header), blocks);
  }
  return join(out);
}

suite("Normaliser", needs("ffmpeg"), () => {
  test("makes MediaRecorder's H.264 (Annex B, no CodecPrivate) length-prefixed with an avcC", async () => {
    const source = cut([readFileSync(await makeMedia("h264-nob"))]);
    const tracks = source.trackSets[0]?.tracks ?? [];
    const avcC = tracks.find((t) => t.type === "video")?.codecPrivate ?? new Uint8Array(0);
    const bytes = recorded(source.frames, tracks, parameterSets(avcC));
    const result = cut(pieces(bytes, 4096));
    const video = result.trackSets[0]?.tracks.find((t) => t.type === "video");
    assert.deepEqual(video?.codecPrivate?.slice(0, 4), Uint8Array.from(avcC.subarray(0, 4)));
    const pictures = (frames: readonly Frame[]) =>
      frames.filter((f) => f.track === video?.number).map((f) => f.payload.toBytes());
    const sent = pictures(source.frames);
    const got = pictures(result.frames);
    assert.equal(got.length, sent.length);
    for (const [i, one] of got.entries()) {
      const plain = sent[i] ?? assert.fail("more pictures than were sent");
      // Key frames carry their parameter sets in front; everything else is as it was.
      assert.ok(
        Buffer.from(one)
          .subarray(one.length - plain.length)
          .equals(plain),
      );
    }
    for (const f of result.fragments)
      if (f.blocksCrc !== undefined) assert.equal(f.blocksCrc, crc32(f.blocks.toBytes()));
  });

  test("leaves tracks with a configuration alone", async () => {
    const { trackSets } = cut([readFileSync(await makeMedia("hevc"))]);
    assert.equal(trackSets.length, 1);
  });
});
