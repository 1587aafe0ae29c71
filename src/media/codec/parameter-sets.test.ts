import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AVCC, H264_PPS, H264_SPS, HEVC_SPS } from "../../../test/support/codec-samples.ts";
import { hex } from "../../../test/support/hex.ts";
import { configFromAdts, readAdts, stripAdts } from "./aac/adts.ts";
import { readAacConfig, writeAacConfig } from "./aac/config.ts";
import { readAvcc } from "./h264/avcc.ts";
import { readH264Sps } from "./h264/sps.ts";
import { readHevcSps } from "./h265/sps.ts";
import { opusSpecific, readOpusHead } from "./opus/head.ts";

suite("Parameter sets", () => {
  test("an H.264 SPS gives profile, level, cropped size and reordering", () => {
    assert.deepEqual(readH264Sps(hex(H264_SPS)), {
      ...{ profile: 100, constraints: 0, level: 12, id: 0 },
      ...{ chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8 },
      ...{ width: 320, height: 180, maxReorderFrames: 2 },
    });
  });

  test("an H.264 SPS of interlaced 1080 lines, and one of 4:4:4 in 10 bits, give the shown size", () => {
    const interlaced = readH264Sps(hex("674d4028f403c0227ef011000003000100000300321f162ea0"));
    assert.deepEqual([interlaced.width, interlaced.height], [1920, 1080]);
    const deep = readH264Sps(hex("67f4000d90d9b282a33c7c5e0220000003002000000641e28532c0"));
    assert.deepEqual([deep.width, deep.height, deep.chromaFormat], [322, 182, 3]);
    assert.deepEqual([deep.bitDepthLuma, deep.bitDepthChroma], [10, 10]);
  });

  test("an avcC gives its parameter sets and length size", () => {
    const { sps, pps, lengthBytes, level } = readAvcc(hex(AVCC));
    assert.deepEqual([sps, pps, lengthBytes, level], [[hex(H264_SPS)], [hex(H264_PPS)], 4, 12]);
    assert.throws(() => readAvcc(hex(AVCC.replace("0164", "0264"))), { code: "codec.bad-config" });
    assert.throws(() => readAvcc(hex(AVCC).subarray(0, 20)), { code: "codec.bad-config" });
  });

  test("an HEVC SPS gives profile, level, cropped size and reordering", () => {
    const { general, ...rest } = readHevcSps(hex(HEVC_SPS));
    assert.deepEqual([general.profile, general.level, general.highTier], [1, 60, false]);
    assert.deepEqual(rest, {
      ...{ temporalLayers: 1, temporalIdNested: true, chromaFormat: 1 },
      ...{ width: 320, height: 180, bitDepthLuma: 8, bitDepthChroma: 8, maxReorderFrames: 2 },
    });
  });

  test("an AudioSpecificConfig is written as it is read, usual rate or not", () => {
    for (const sampleRate of [7350, 8000, 44_100, 48_000, 96_000, 12_345])
      for (const channelConfig of [1, 2, 7]) {
        const config = { objectType: 2, sampleRate, channelConfig };
        const read = readAacConfig(writeAacConfig(config));
        assert.deepEqual(read, { ...config, signalledType: 2, frameSamples: 1024 });
      }
    assert.throws(() => readAacConfig(hex("1688")), { code: "codec.bad-config" });
  });

  test("an ADTS header is taken off and tells the configuration", () => {
    // LC, 44.1 kHz, stereo, 10 bytes in all.
    const frame = hex("fff15080 015ffc aabbcc");
    assert.deepEqual(stripAdts(frame), hex("aabbcc"));
    assert.deepEqual(configFromAdts(frame), hex("1210"));
    assert.deepEqual(stripAdts(hex("fff15080 015ffc aabb")), hex("fff15080 015ffc aabb"));
    assert.equal(readAdts(hex("de02004c61766335")), undefined);
  });

  test("an OpusHead becomes dOps with its numbers in the other byte order", () => {
    const head = readOpusHead(hex("4f70757348656164 01 02 3801 44ac0000 00ff 00"));
    assert.deepEqual(opusSpecific(head), hex("00 02 0138 0000ac44 ff00 00"));
    const five = readOpusHead(hex("4f70757348656164 01 03 3801 80bb0000 0000 01 0201 000102"));
    assert.deepEqual(opusSpecific(five), hex("00 03 0138 0000bb80 0000 01 0201 000102"));
  });
});
