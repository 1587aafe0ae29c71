import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AVCC,
  H264_PPS,
  H264_SPS,
  HEVC_PPS,
  HEVC_SPS,
  HEVC_VPS,
  videoTrack,
} from "../../../test/support/codec-samples.ts";
import { damaged } from "../../../test/support/damaged.ts";
import { hex } from "../../../test/support/hex.ts";
import { random } from "../../../test/support/random.ts";
import { Rope } from "../../base/rope.ts";
import { AVC, configFromKeyFrame, HEVC, needsNormalising, toLengthPrefixed } from "./annexb.ts";
import { readHvcc } from "./h265/hvcc.ts";
import { hevcString } from "./h265/string.ts";
import { joinLengthPrefixed, splitAnnexB, splitLengthPrefixed } from "./nal.ts";

const IDR = "6588840021ff";
/** As Chrome's MediaRecorder sends a key frame: four-byte start codes, parameter sets first. */
const CHROME_KEY = hex(`00000001${H264_SPS}00000001${H264_PPS}00000001${IDR}`);
const HEVC_KEY = hex(`00000001${HEVC_VPS}000001${HEVC_SPS}000001${HEVC_PPS}0000012601af09`);

const prefixed = (...units: readonly string[]) => joinLengthPrefixed(units.map(hex));

suite("Annex B", () => {
  test("a track needs normalising when its CodecPrivate is missing, empty or has start codes", () => {
    for (const config of [undefined, "", `00000001${H264_SPS}`, `000001${H264_SPS}`])
      assert.equal(needsNormalising(videoTrack(AVC, config)), true, config);
    assert.equal(needsNormalising(videoTrack(AVC, AVCC)), false);
    assert.equal(needsNormalising(videoTrack(HEVC)), true);
    assert.equal(needsNormalising(videoTrack("V_VP8")), false);
    const stripped = { ...videoTrack(AVC), encoding: "header-stripping" } as const;
    assert.equal(needsNormalising(stripped), false, "its blocks are stored as they came");
  });

  test("Chrome's key frame becomes length-prefixed with its parameter sets still in it", () => {
    const want = prefixed(H264_SPS, H264_PPS, IDR);
    assert.deepEqual(toLengthPrefixed(CHROME_KEY).toBytes(), want);
    const pieces = Rope.from([CHROME_KEY.subarray(0, 5), CHROME_KEY.subarray(5)]);
    assert.deepEqual(toLengthPrefixed(pieces).toBytes(), want);
  });

  test("Chrome's key frame gives the avcC that ffmpeg wrote for the same parameter sets", () => {
    const want = hex(AVCC);
    assert.deepEqual(configFromKeyFrame(videoTrack(AVC), CHROME_KEY), want);
    const lengths = prefixed(H264_SPS, H264_PPS, IDR);
    assert.deepEqual(configFromKeyFrame(videoTrack(AVC), lengths), want);
  });

  test("an HEVC key frame gives an hvcC with its three parameter sets", () => {
    const config = configFromKeyFrame(videoTrack(HEVC), HEVC_KEY) ?? assert.fail("none");
    assert.equal(hevcString(config), "hvc1.1.6.L60.90");
    assert.deepEqual(
      readHvcc(config).arrays.map(({ type, units }) => [type, ...units]),
      [
        [32, hex(HEVC_VPS)],
        [33, hex(HEVC_SPS)],
        [34, hex(HEVC_PPS)],
      ],
    );
  });

  test("takes the configuration from an Annex B CodecPrivate when the key frame has none", () => {
    const track = videoTrack(AVC, `00000001${H264_SPS}00000001${H264_PPS}`);
    assert.deepEqual(configFromKeyFrame(track, hex(`000001${IDR}`)), hex(AVCC));
    assert.equal(configFromKeyFrame(videoTrack(AVC), hex(`000001${IDR}`)), undefined);
  });

  test("a length-prefixed unit of 256 to 511 bytes is not taken for a start code", () => {
    for (const length of [256, 300, 511]) {
      const unit = Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x41 : 0xaa));
      const payload = joinLengthPrefixed([unit]);
      assert.deepEqual([...payload.subarray(0, 3)], [0, 0, 1]);
      assert.deepEqual(toLengthPrefixed(payload).toBytes(), payload);
    }
  });

  test("whatever units are joined by start codes of three or four bytes come back in order", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const next = random(seed);
      const units = Array.from({ length: 1 + Math.floor(next() * 6) }, () => {
        const length = 1 + Math.floor(next() * 40);
        // No zeros: what emulation prevention sees to in real units.
        return Uint8Array.from({ length }, () => 1 + Math.floor(next() * 255));
      });
      const parts = units.flatMap((unit) => [hex(next() < 0.5 ? "000001" : "00000001"), unit]);
      const bytes = Uint8Array.from(Buffer.concat([...parts, hex(next() < 0.3 ? "0000" : "")]));
      assert.deepEqual(splitAnnexB(bytes), units, `seed ${seed}`);
      assert.deepEqual(splitLengthPrefixed(joinLengthPrefixed(units), 4), units);
    }
  });

  test("damaged key frames never throw", () => {
    let configs = 0;
    for (let seed = 1; seed <= 5000; seed++) {
      const avc = damaged(CHROME_KEY, seed);
      const hevc = damaged(HEVC_KEY, seed);
      if (configFromKeyFrame(videoTrack(AVC), avc) !== undefined) configs++;
      if (configFromKeyFrame(videoTrack(HEVC), hevc) !== undefined) configs++;
      toLengthPrefixed(avc);
      toLengthPrefixed(hevc);
    }
    assert.ok(configs > 500 && configs < 9500, `${configs} of 10,000 still gave a configuration`);
  });
});
