import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AAC_CONFIG,
  AV1_KEY,
  AV1C,
  AVCC,
  audioTrack,
  FLAC_FRAME,
  FLAC_PRIVATE,
  HEVC_PPS,
  HEVC_SPS,
  HEVC_VPS,
  MP3_FRAME,
  MULAW,
  OPUS_HEAD,
  VP9_KEY,
  videoTrack,
} from "../../../test/support/codec-samples.ts";
import { damaged } from "../../../test/support/damaged.ts";
import { hex } from "../../../test/support/hex.ts";
import { Fault } from "../../base/errors.ts";
import type { Track } from "../track.ts";
import { readAacConfig } from "./aac/config.ts";
import { av1cFromKeyFrame, readAv1c } from "./av1/av1c.ts";
import {
  audioFrameSamples,
  codecString,
  configFromVideoFrame,
  lacksConfig,
  mp4SampleEntry,
  mp4Timescale,
} from "./describe.ts";
import { readFlacPrivate } from "./flac.ts";
import { readAvcc } from "./h264/avcc.ts";
import { buildHvcc, readHvcc } from "./h265/hvcc.ts";
import { readOpusHead } from "./opus/head.ts";
import { readWaveFormat } from "./pcm.ts";
import { reorderFrames } from "./reorder.ts";
import { readVp9KeyFrame, readVp9Private } from "./vpx/config.ts";

const HVCC = Buffer.from(
  buildHvcc({ vps: [hex(HEVC_VPS)], sps: [hex(HEVC_SPS)], pps: [hex(HEVC_PPS)] }),
).toString("hex");

interface Row {
  readonly track: Track;
  readonly text: string | undefined;
  /** Sample entry's four letters; undefined: not in MP4. */
  readonly entry: string | undefined;
  readonly timescale: number;
}

const rows: readonly Row[] = [
  {
    track: videoTrack("V_MPEG4/ISO/AVC", AVCC),
    text: "avc1.64000C",
    entry: "avc1",
    timescale: 1e6,
  },
  {
    ...{ track: videoTrack("V_MPEGH/ISO/HEVC", HVCC), text: "hvc1.1.6.L60.90" },
    ...{ entry: "hvc1", timescale: 1e6 },
  },
  { track: videoTrack("V_VP8"), text: "vp8", entry: "vp08", timescale: 1e6 },
  { track: videoTrack("V_VP9"), text: "vp09.00.11.08", entry: "vp09", timescale: 1e6 },
  {
    ...{ track: videoTrack("V_VP9", "010102 02011e 03010a 040101"), text: "vp09.02.30.10" },
    ...{ entry: "vp09", timescale: 1e6 },
  },
  { track: videoTrack("V_AV1", AV1C), text: "av01.0.00M.08", entry: "av01", timescale: 1e6 },
  // Chrome's MediaRecorder: av1C without OBUs.
  { track: videoTrack("V_AV1", "81050c00"), text: "av01.0.05M.08", entry: "av01", timescale: 1e6 },
  { track: audioTrack("A_AAC", AAC_CONFIG), text: "mp4a.40.2", entry: "mp4a", timescale: 48_000 },
  // HE-AAC: 22.05 kHz core, 44.1 kHz out.
  { track: audioTrack("A_AAC", "2b920800"), text: "mp4a.40.5", entry: "mp4a", timescale: 22_050 },
  {
    ...{ track: audioTrack("A_AAC/MPEG4/LC", undefined, 44_100), text: "mp4a.40.2" },
    ...{ entry: "mp4a", timescale: 44_100 },
  },
  { track: audioTrack("A_OPUS", OPUS_HEAD), text: "opus", entry: "Opus", timescale: 48_000 },
  { track: audioTrack("A_FLAC", FLAC_PRIVATE), text: "flac", entry: "fLaC", timescale: 48_000 },
  { track: audioTrack("A_MPEG/L3"), text: "mp4a.6B", entry: "mp4a", timescale: 48_000 },
  {
    ...{ track: audioTrack("A_MPEG/L3", undefined, 22_050), text: "mp4a.69" },
    ...{ entry: "mp4a", timescale: 22_050 },
  },
  { track: audioTrack("A_MS/ACM", MULAW, 8000), text: "ulaw", entry: undefined, timescale: 8000 },
  { track: audioTrack("A_PCM/INT/LIT"), text: undefined, entry: undefined, timescale: 48_000 },
  { track: audioTrack("A_VORBIS"), text: undefined, entry: undefined, timescale: 1e6 },
  { track: videoTrack("V_MPEG4/ISO/AVC"), text: undefined, entry: undefined, timescale: 1e6 },
  { track: audioTrack("A_AAC"), text: undefined, entry: undefined, timescale: 1e6 },
];

const letters = (entry: Uint8Array | undefined) =>
  entry === undefined ? undefined : Buffer.from(entry).toString("latin1", 4, 8);

suite("What a track is to browsers and MP4", () => {
  for (const { track, text, entry, timescale } of rows) {
    const config =
      track.codecPrivate === undefined ? "without" : `with ${track.codecPrivate.length}`;
    test(`${track.codecId} ${config} bytes of CodecPrivate at ${track.audio?.sampleRate} Hz is ${text}, ${entry}`, () => {
      assert.equal(codecString(track), text);
      assert.equal(letters(mp4SampleEntry(track)), entry);
      assert.equal(mp4Timescale(track), timescale);
    });
  }

  test("a track whose encoding cannot be undone is not put into MP4", () => {
    const track = { ...videoTrack("V_MPEG4/ISO/AVC", AVCC), encoding: "unsupported" } as const;
    assert.equal(mp4SampleEntry(track), undefined);
  });

  test("counts the samples of a packet of every audio codec", () => {
    const samples = (track: Track, payload: string) => audioFrameSamples(track, hex(payload));
    assert.equal(samples(audioTrack("A_AAC", AAC_CONFIG), "de02"), 1024);
    assert.equal(samples(audioTrack("A_AAC", "118c"), "de02"), 960);
    assert.equal(samples(audioTrack("A_OPUS", OPUS_HEAD), "f8b4"), 960);
    assert.equal(samples(audioTrack("A_OPUS", OPUS_HEAD), "fb03"), 2880);
    assert.equal(samples(audioTrack("A_OPUS", OPUS_HEAD), "1800"), 2880);
    assert.equal(samples(audioTrack("A_OPUS", OPUS_HEAD), "fb3f"), undefined, "over 120 ms");
    assert.equal(samples(audioTrack("A_FLAC", FLAC_PRIVATE), FLAC_FRAME), 4608);
    assert.equal(samples(audioTrack("A_FLAC", FLAC_PRIVATE), "fff87a0800ff0b00"), 65_292);
    assert.equal(samples(audioTrack("A_MPEG/L3"), MP3_FRAME), 1152);
    assert.equal(samples(audioTrack("A_MPEG/L3", undefined, 22_050), "fff35400"), 576);
    assert.equal(samples(audioTrack("A_MS/ACM", MULAW, 8000), "00".repeat(160)), 160);
    assert.equal(samples(audioTrack("A_PCM/INT/LIT"), "00".repeat(320)), 160);
    assert.equal(samples(videoTrack("V_VP8"), "00"), undefined);
    assert.equal(samples(audioTrack("A_MPEG/L3"), ""), undefined);
  });

  test("VP9 and AV1 without CodecPrivate lack a configuration that a key frame has", () => {
    assert.equal(lacksConfig(videoTrack("V_VP9")), true);
    assert.equal(lacksConfig(videoTrack("V_AV1")), true);
    assert.equal(lacksConfig(videoTrack("V_AV1", "81050c00")), false);
    assert.equal(lacksConfig({ ...videoTrack("V_VP9"), encoding: "unsupported" }), false);
    assert.equal(lacksConfig(videoTrack("V_VP8")), false);
    assert.equal(lacksConfig(audioTrack("A_AAC")), false);
  });

  test("finds the configuration of VP9 and AV1 in a key frame", () => {
    const vp9 = configFromVideoFrame(videoTrack("V_VP9"), hex(VP9_KEY)) ?? hex("");
    assert.equal(codecString({ ...videoTrack("V_VP9"), codecPrivate: vp9 }), "vp09.00.11.08");
    const av1 = configFromVideoFrame(videoTrack("V_AV1"), hex(AV1_KEY)) ?? hex("");
    assert.deepEqual(av1.subarray(0, 4), hex(AV1C).subarray(0, 4));
    assert.deepEqual(av1.subarray(4), hex(AV1_KEY).subarray(0, 13), "the sequence header");
    assert.equal(configFromVideoFrame(videoTrack("V_AV1"), hex("320100")), undefined);
  });

  test("knows how many frames a stream says it reorders", () => {
    assert.equal(reorderFrames(videoTrack("V_MPEG4/ISO/AVC", AVCC)), 2);
    assert.equal(reorderFrames(videoTrack("V_MPEGH/ISO/HEVC", HVCC)), 2);
    assert.equal(reorderFrames(videoTrack("V_MPEG4/ISO/AVC")), undefined);
    assert.equal(reorderFrames(videoTrack("V_VP9")), 0);
  });

  test("damaged configurations give an answer or nothing, and never throw", () => {
    let lost = 0;
    for (const { track } of rows) {
      const good = track.codecPrivate;
      if (good === undefined) continue;
      for (let seed = 1; seed <= 2000; seed++) {
        const bad = { ...track, codecPrivate: damaged(good, seed) };
        codecString(bad);
        reorderFrames(bad);
        if (mp4SampleEntry(bad) === undefined) lost++;
        assert.ok(mp4Timescale(bad) > 0);
        for (const frame of [FLAC_FRAME, MP3_FRAME, "f8b4"]) audioFrameSamples(bad, hex(frame));
      }
    }
    assert.ok(lost > 3000, `${lost} were refused`);
  });

  const readers: readonly [string, string, (bytes: Uint8Array) => unknown][] = [
    ["avcC", AVCC, readAvcc],
    ["hvcC", HVCC, readHvcc],
    ["av1C", AV1C, readAv1c],
    ["AV1 key frame", AV1_KEY, av1cFromKeyFrame],
    ["VP9 key frame", VP9_KEY, readVp9KeyFrame],
    ["VP9 CodecPrivate", "010102", (bytes) => readVp9Private(bytes, 1, 1)],
    ["AudioSpecificConfig", "2b920800", readAacConfig],
    ["OpusHead", OPUS_HEAD, readOpusHead],
    ["FLAC header", FLAC_PRIVATE, readFlacPrivate],
    ["WAVEFORMATEX", MULAW, readWaveFormat],
  ];
  for (const [name, good, read] of readers)
    test(`a damaged ${name} is read, or refused with a codec fault`, () => {
      read(hex(good));
      let refused = 0;
      for (let seed = 1; seed <= 3000; seed++) {
        try {
          read(damaged(hex(good), seed));
        } catch (error) {
          assert.ok(error instanceof Fault, `seed ${seed} threw ${error}`);
          assert.match(error.code, /^codec\.bad-(config|payload)$/);
          refused++;
        }
      }
      assert.ok(refused > 100, `${refused} refused`);
    });
});
