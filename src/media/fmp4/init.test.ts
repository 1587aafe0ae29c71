import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AAC_CONFIG,
  AVCC,
  audioTrack,
  OPUS_HEAD,
  videoTrack,
} from "../../../test/support/codec-samples.ts";
import { findBoxes, oneBox, outline, readBoxes } from "../../../test/support/mp4-boxes.ts";
import { initSegment } from "./init.ts";
import { mp4Track } from "./mp4-track.ts";

const VIDEO = videoTrack("V_MPEG4/ISO/AVC", AVCC);
const video = mp4Track(VIDEO, 1) ?? assert.fail("no video");
const audio = mp4Track({ ...audioTrack("A_AAC", AAC_CONFIG), language: "deu" }, 2) ?? assert.fail();

suite("Initialization segment", () => {
  test("of a live stream has no duration anywhere: Chrome would leave its low-delay mode", () => {
    const boxes = readBoxes(initSegment({ tracks: [video, audio] }));
    assert.deepEqual(findBoxes(boxes, "moov/mvex/mehd"), []);
    assert.deepEqual(findBoxes(boxes, "moov/trak/edts"), []);
    assert.equal(oneBox(boxes, "moov/mvhd").body.readUInt32BE(16), 0);
    const tkhd = findBoxes(boxes, "moov/trak/tkhd").map(({ body }) => body.readUInt32BE(20));
    const mdhd = findBoxes(boxes, "moov/trak/mdia/mdhd").map(({ body }) => body.readUInt32BE(16));
    assert.deepEqual(
      [tkhd, mdhd],
      [
        [0, 0],
        [0, 0],
      ],
    );
  });

  test("of a clip has its duration in mehd and a size that does not depend on it", () => {
    const bytes = initSegment({ tracks: [video, audio], durationMs: 3_600_000 });
    const mehd = oneBox(readBoxes(bytes), "moov/mvex/mehd").body;
    assert.equal(mehd.readBigUInt64BE(4), 3_600_000n);
    assert.equal(bytes.length, initSegment({ tracks: [video, audio], durationMs: 0 }).length);
  });

  test("has the boxes of a fragmented movie, one trak and one trex per track", () => {
    const boxes = readBoxes(initSegment({ tracks: [video, audio] }));
    const minf = (header: string) => `minf(${header} dinf(dref) stbl(stsd stts stsc stsz stco))`;
    const trak = (header: string) => `trak(tkhd mdia(mdhd hdlr ${minf(header)}))`;
    const moov = `moov(mvhd ${trak("vmhd")} ${trak("smhd")} mvex(trex trex))`;
    assert.equal(outline(boxes), `ftyp ${moov}`);
    const mdhd = findBoxes(boxes, "moov/trak/mdia/mdhd");
    assert.deepEqual(
      mdhd.map(({ body }) => body.readUInt32BE(12)),
      [1_000_000, 48_000],
    );
    assert.deepEqual(
      mdhd.map(({ body }) => body.readUInt16BE(20)),
      [0x55c4, 0x10b5],
      "und, deu",
    );
  });

  test("begins a clip where reordering and Opus pre-skip say", () => {
    const opus = { ...audioTrack("A_OPUS", OPUS_HEAD), codecDelayNs: 6_500_000 };
    const track = mp4Track(opus, 2) ?? assert.fail("no Opus");
    const boxes = readBoxes(initSegment({ tracks: [video, track], durationMs: 1 }));
    const edts = findBoxes(boxes, "moov/trak/edts");
    const starts = edts.map(({ children }) => oneBox(children, "elst").body.readUInt32BE(12));
    // Opus: 312 samples at 48 kHz. H.264: two frames of 40 ms.
    assert.deepEqual(starts, [80_000, 312]);
  });

  test("shows a picture with pixels that are not square in its display shape", () => {
    const wide = {
      ...VIDEO,
      video: { width: 720, height: 576, displayWidth: 16, displayHeight: 9 },
    };
    const track = mp4Track(wide, 1) ?? assert.fail("no video");
    const bytes = initSegment({ tracks: [track] });
    const tkhd = oneBox(readBoxes(bytes), "moov/trak/tkhd").body;
    assert.deepEqual([tkhd.readUInt32BE(76) >>> 16, tkhd.readUInt32BE(80) >>> 16], [1024, 576]);
    const pasp = Buffer.from(bytes).indexOf("pasp");
    assert.deepEqual([bytes[pasp + 7], bytes[pasp + 11]], [64, 45]);
  });

  test("holds several sample entries for a track whose configuration changes", () => {
    const [entry = assert.fail("no entry")] = video.entries;
    const track = mp4Track(VIDEO, 1, [entry, entry]) ?? assert.fail("no video");
    const boxes = readBoxes(initSegment({ tracks: [track] }));
    const stsd = oneBox(boxes, "moov/trak/mdia/minf/stbl/stsd").body;
    assert.equal(stsd.readUInt32BE(4), 2);
    assert.equal(stsd.length, 8 + 2 * entry.length);
  });
});
