/** FLV messages made by hand: what ffmpeg of Debian 12 cannot send. Real pushes: test/flow/rtmp.test.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AV1_KEY,
  AVCC,
  HEVC_PPS,
  HEVC_SPS,
  HEVC_VPS,
} from "../../../../test/support/codec-samples.ts";
import { int24 } from "../../../../test/support/flv-messages.ts";
import { hex } from "../../../../test/support/hex.ts";
import { crc32 } from "../../../base/crc32.ts";
import { Rope } from "../../../base/rope.ts";
import { av1cFromKeyFrame } from "../../../media/codec/av1/av1c.ts";
import { buildHvcc } from "../../../media/codec/h265/hvcc.ts";
import { readAudioTag } from "./audio-tag.ts";
import { FlvToMatroska } from "./flv-to-matroska.ts";
import { audioTrack } from "./flv-tracks.ts";

type Sent = readonly [kind: "audio" | "video", time: number, payload: Uint8Array];

interface Result {
  /** Codec ids of every track set. */
  readonly sets: string[][];
  /** `track ticks payload`, `k` behind key frames. */
  readonly blocks: string[];
}

function pass(sent: readonly Sent[], flv = new FlvToMatroska(crc32)): Result {
  const items = sent.flatMap(([kind, timestamp, payload]) => {
    const type = kind === "audio" ? 8 : 9;
    return flv.accept(kind, { type, streamId: 1, timestamp, payload: Rope.of(payload) });
  });
  const result: Result = { sets: [], blocks: [] };
  for (const item of [...items, ...flv.finish()]) {
    if (item.kind === "tracks")
      result.sets.push(
        item.trackSet.tracks.map(({ codecId, video }) => `${codecId} ${video?.width ?? ""}`.trim()),
      );
    if (item.kind !== "block") continue;
    const { track, relativeTicks, key, frames } = item.block;
    const bytes = Buffer.from(frames[0]?.toBytes() ?? []).toString("hex");
    result.blocks.push(`${track} ${item.clusterTicks + relativeTicks} ${bytes}${key ? "k" : ""}`);
  }
  return result;
}

const cat = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const AVC_CONFIG = hex(AVCC);
const avcConfig = cat([0x17, 0, 0, 0, 0], AVC_CONFIG);
const avc = (key: boolean, offset: readonly number[], ...payload: number[]) =>
  cat([key ? 0x17 : 0x27, 1], offset, payload);
const aacConfig = Uint8Array.of(0xaf, 0, 0x11, 0x90);
const aac = (...payload: number[]) => cat([0xaf, 1], payload);

suite("FlvToMatroska", () => {
  test("H.264 and AAC: composition times, forwards and backwards", () => {
    const { sets, blocks } = pass([
      ["video", 1000, avcConfig],
      ["audio", 1000, aacConfig],
      ["video", 1000, avc(true, [0, 0, 80], 1)],
      ["audio", 1010, aac(2)],
      ["video", 1040, avc(false, [0, 0, 160], 3)],
      ["video", 1080, avc(false, [0xff, 0xff, 0xd8], 4)],
    ]);
    assert.deepEqual(sets, [["V_MPEG4/ISO/AVC 320", "A_AAC"]]);
    assert.deepEqual(blocks, ["1 80 01k", "2 10 02k", "1 200 03", "1 40 04"]);
  });

  test("enhanced RTMP: AV1 and Opus by their four letters", () => {
    const key = hex(AV1_KEY);
    const config = av1cFromKeyFrame(key) ?? assert.fail("no av1C");
    const fourcc = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
    const head = cat(fourcc("OpusHead"), [1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);
    const { sets, blocks } = pass([
      ["video", 0, cat([0x90], fourcc("av01"), config)],
      ["audio", 0, cat([0x90], fourcc("Opus"), head)],
      ["video", 0, cat([0x91], fourcc("av01"), [1, 2])],
      ["video", 33, cat([0xa3], fourcc("av01"), [3])],
      ["audio", 20, cat([0x91], fourcc("Opus"), [9])],
    ]);
    assert.match(sets[0]?.[0] ?? "", /^V_AV1 \d+$/);
    assert.equal(sets[0]?.[1], "A_OPUS");
    assert.deepEqual(blocks, ["1 0 0102k", "1 33 03", "2 20 09k"]);
  });

  const hvcc = buildHvcc({
    ...{ vps: [hex(HEVC_VPS)], sps: [hex(HEVC_SPS)], pps: [hex(HEVC_PPS)] },
  });
  const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

  test("HEVC, enhanced RTMP: packets with and without composition times, which may be negative", () => {
    const head = (frameType: number, packet: number, ...more: number[]) =>
      cat([0x80 | (frameType << 4) | packet], letters("hvc1"), more);
    const { sets, blocks } = pass([
      ["video", 0, cat(head(1, 0), hvcc)],
      ["audio", 0, aacConfig],
      ["video", 0, cat(head(1, 1, 0, 0, 80), [1])],
      ["video", 40, cat(head(2, 1, 0, 0, 160), [2])],
      ["video", 80, cat(head(2, 1, ...int24(-40)), [3])],
      // Packet 3: shown when it is decoded, no offset is written.
      ["video", 160, cat(head(2, 3), [0, 0, 5])],
      // The end of a sequence, and a command frame: nothing.
      ["video", 200, head(1, 2)],
      ["video", 200, cat(head(5, 1, 0, 0, 0), [6])],
    ]);
    assert.deepEqual(sets, [["V_MPEGH/ISO/HEVC 320", "A_AAC"]]);
    assert.deepEqual(blocks, ["1 80 01k", "1 200 02", "1 40 03", "1 160 000005"]);
  });

  test("HEVC as FLV codec 12", () => {
    const { sets, blocks } = pass([
      ["video", 0, cat([0x1c, 0, 0, 0, 0], hvcc)],
      ["audio", 0, aacConfig],
      ["video", 0, cat([0x1c, 1, 0, 0, 40], [1])],
      ["video", 40, cat([0x2c, 1, ...int24(-20)], [2])],
    ]);
    assert.deepEqual(sets, [["V_MPEGH/ISO/HEVC 320", "A_AAC"]]);
    assert.deepEqual(blocks, ["1 40 01k", "1 20 02"]);
  });

  test("AV1: no composition time is read, whatever the packet", () => {
    const config = av1cFromKeyFrame(hex(AV1_KEY)) ?? assert.fail("no av1C");
    const { blocks } = pass([
      ["video", 0, cat([0x90], letters("av01"), config)],
      ["video", 0, cat([0x91], letters("av01"), [9, 9, 9, 1])],
      ["video", 40, cat([0xa3], letters("av01"), [9, 9, 9, 2])],
    ]);
    assert.deepEqual(blocks, ["1 0 09090901k", "1 40 09090902"]);
  });

  test("mu-law, of two channels by FLV's flag", () => {
    const flv = new FlvToMatroska(crc32);
    const { sets, blocks } = pass([["audio", 0, Uint8Array.of(0x83, 0xff, 0x7f)]], flv);
    assert.deepEqual([sets, blocks], [[["A_MS/ACM"]], ["2 0 ff7fk"]]);
    const payload = Rope.of(Uint8Array.of(0x83, 0xff, 0x7f));
    const tag = readAudioTag(payload);
    assert.equal(tag.kind === "frame" && tag.channels, 2);
    const track = audioTrack("ulaw", { payload, channels: 2 });
    assert.deepEqual(track.codecPrivate, hex("0700 0200 401f0000 803e0000 0200 0800 0000"));
  });

  test("G.711 alone, and MP3 alone, need no configuration and wait a second for a picture", () => {
    const g711 = Array.from(
      { length: 60 },
      (_, i): Sent => ["audio", i * 20, Uint8Array.of(0x72, i)],
    );
    const one = pass(g711);
    assert.deepEqual(one.sets, [["A_MS/ACM"]]);
    assert.equal(one.blocks.length, 60);
    const mp3 = pass([["audio", 0, Uint8Array.of(0x2f, 0xff, 0xfb, 0x90, 0x64)]]);
    assert.deepEqual(mp3.sets, [["A_MPEG/L3"]]);
    assert.deepEqual(mp3.blocks, ["2 0 fffb9064k"]);
  });

  test("a configuration that changes begins a new Segment, one that is repeated does not", () => {
    const other = AVC_CONFIG.slice();
    other[3] = (other[3] ?? 0) + 1;
    const { sets, blocks } = pass([
      ["video", 0, avcConfig],
      ["audio", 0, aacConfig],
      ["video", 0, avc(true, [0, 0, 0], 1)],
      ["video", 40, avcConfig],
      ["video", 40, avc(false, [0, 0, 0], 2)],
      ["video", 80, cat([0x17, 0, 0, 0, 0], other)],
      ["video", 80, avc(true, [0, 0, 0], 3)],
    ]);
    assert.equal(sets.length, 2);
    assert.deepEqual(blocks, ["1 0 01k", "1 40 02", "1 80 03k"]);
  });

  test("sound that begins late joins in a new Segment", () => {
    const pictures = Array.from(
      { length: 40 },
      (_, i): Sent => ["video", i * 40, avc(i === 0, [0, 0, 0], i)],
    );
    const { sets, blocks } = pass([
      ["video", 0, avcConfig],
      ...pictures,
      ["audio", 1600, aacConfig],
      ["audio", 1600, aac(1)],
    ]);
    assert.deepEqual(sets, [["V_MPEG4/ISO/AVC 320"], ["V_MPEG4/ISO/AVC 320", "A_AAC"]]);
    assert.deepEqual([blocks.length, blocks.at(-1)], [41, "2 1600 01k"]);
  });

  test("names the codecs it leaves out, and takes the rest", () => {
    const flv = new FlvToMatroska(crc32);
    const { blocks } = pass(
      [
        ["video", 0, Uint8Array.of(0x12, 1, 2)],
        ["audio", 0, aacConfig],
        ["audio", 5, aac(1)],
        ["video", 9, Uint8Array.of(0x90, 0x76, 0x70, 0x30, 0x39)],
      ],
      flv,
    );
    assert.deepEqual(blocks, ["2 5 01k"]);
    assert.deepEqual([...flv.unsupported], ["FLV video codec 2", "vp09"]);
  });

  test("a peer that names billions of codecs is remembered with the first few", () => {
    const flv = new FlvToMatroska(crc32);
    for (let i = 0; i < 1000; i++)
      pass([["video", 0, Uint8Array.of(0x90, 0x61, 0x61, i >> 8, i & 255)]], flv);
    assert.equal(flv.unsupported.size, 16);
  });

  test("frames that wait for a second track are bounded in number, whatever their times say", () => {
    const flv = new FlvToMatroska(crc32);
    const count = 2000;
    const same = Array.from({ length: count }, (_, i): Sent => ["audio", 0, aac(i & 255)]);
    const payload = Rope.of(aacConfig);
    flv.accept("audio", { type: 8, streamId: 1, timestamp: 0, payload });
    let waiting = 0;
    for (const [kind, timestamp, bytes] of same) {
      const message = { type: 8, streamId: 1, timestamp, payload: Rope.of(bytes) };
      if (flv.accept(kind, message).length > 0) break;
      waiting++;
    }
    assert.ok(waiting < 600, `${waiting}`);
  });

  test("messages cut short anywhere are nothing, or a fault of their codec", () => {
    const whole = [avcConfig, avc(true, [0, 0, 0], 1, 2, 3), aacConfig, aac(1, 2)];
    for (const message of whole)
      for (let length = 0; length < message.length; length++)
        for (const kind of ["audio", "video"] as const)
          try {
            pass([[kind, 0, message.subarray(0, length)]]);
          } catch (error) {
            assert.match(String((error as { code?: string }).code), /^codec\.|^mkv\./);
          }
  });
});
