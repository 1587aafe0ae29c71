import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import {
  AV1_KEY,
  H264_PPS,
  H264_SPS,
  VP9_KEY,
  videoTrack,
} from "../../test/support/codec-samples.ts";
import { cut, pieces } from "../../test/support/cut.ts";
import { hex } from "../../test/support/hex.ts";
import { makeMedia } from "../../test/support/media.ts";
import {
  ascii,
  cat,
  ebml,
  el,
  inCluster,
  info,
  type Part,
  simple,
  unknown,
} from "../../test/support/mkv-build.ts";
import { needs } from "../../test/support/tools.ts";
import { crc32 } from "../base/crc32.ts";
import { Rope } from "../base/rope.ts";
import { configFromVideoFrame } from "../media/codec/describe.ts";
import type { MkvItem } from "../media/mkv/items.ts";
import { join } from "../media/mkv/out.ts";
import { MkvReader } from "../media/mkv/reader.ts";
import {
  clusterHeader,
  crcElement,
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlock,
  tracksElement,
} from "../media/mkv/writer.ts";
import type { Frame, Track } from "../media/track.ts";
import { Normaliser } from "./normaliser.ts";

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

/** Cluster of unknown size with SimpleBlocks `[track, ticks, payload, key?]`. */
function cluster(ticks: number, ...blocks: readonly SentBlock[]): Uint8Array {
  const parts = blocks.map(([track, time, payload, key]) => simple(track, time, payload, key));
  return cat(unknown("1f43b675"), inCluster(ticks, ...parts));
}
type SentBlock = readonly [track: number, ticks: number, payload: string, flags?: number];

const DELTA = 0;
/** What the configuration says is all in front of these. */
const AVC_KEY = `00000001${H264_SPS}00000001${H264_PPS}0000000165b8`;
/** The same with level 1.3. */
const AVC_KEY_2 = AVC_KEY.replace("6764000c", "6764000d");

const opus = (...more: readonly Part[]) =>
  el("ae", cat(el("d7", [2]), el("83", [2]), el("86", ascii("A_OPUS")), ...more));
const video = (codecId: string, ...more: readonly Part[]) =>
  el("ae", cat(el("d7", [1]), el("83", [1]), el("86", ascii(codecId)), ...more));
const recording = (tracks: Part, ...clusters: readonly Uint8Array[]) =>
  cat(ebml(), unknown("18538067"), info(), el("1654ae6b", tracks), ...clusters);

/** With a CRC-32 in front. */
const checked = (content: Uint8Array) => cat(crcElement(crc32(content)), content);

const payloads = ({ frames }: { frames: readonly Frame[] }) =>
  frames.map(({ track, timeUs, payload }) => {
    const bytes = Buffer.from(payload.toBytes()).toString("hex");
    return `${track} ${timeUs / 1000} ${bytes}`;
  });

suite("Normaliser, tracks without CodecPrivate", () => {
  for (const [codecId, key] of [
    ["V_VP9", VP9_KEY],
    ["V_AV1", AV1_KEY],
  ] as const)
    test(`puts what ${codecId}'s first key frame says into the tracks, before anything else, and steps aside`, () => {
      // Sound first, in a Cluster of its own; AlphaMode is MediaRecorder's, the checksum ffmpeg's.
      const alpha = el("e0", el("53c0", [1]));
      const sent = recording(
        checked(cat(video(codecId, alpha), opus())),
        cluster(0, [2, 0, "f801"]),
        cluster(60, [2, 0, "f802"], [1, 16, key], [2, 60, "f803"]),
        cluster(180, [1, 0, "8601", DELTA], [2, 5, "f804"], [1, 40, key]),
      );
      const result = cut(pieces(sent, 7));
      assert.equal(result.trackSets.length, 1);
      const [set] = result.trackSets;
      const config = configFromVideoFrame(videoTrack(codecId), hex(key));
      assert.deepEqual(set?.tracks[0]?.codecPrivate, config);
      const entry = video(codecId, alpha, el("63a2", config ?? []));
      assert.deepEqual(set?.tracksElement, el("1654ae6b", cat(entry, opus())));
      assert.deepEqual(payloads(result), [
        ...["2 0 f801", "2 60 f802", `1 76 ${key}`, "2 120 f803"],
        ...["1 180 8601", "2 185 f804", `1 220 ${key}`],
      ]);
      assert.equal(result.fragments[0]?.info.seekable, true);
    });

  test("keeps all media of a VP9 track whose key frames cannot be read, and of one that never has any", () => {
    const unreadable = cluster(0, [2, 0, "f801"], [1, 5, "ff"], [1, 40, "8601", DELTA]);
    const silent = cluster(0, [2, 0, "f801"], [2, 60, "f802"]);
    for (const [clusters, want] of [
      [unreadable, ["2 0 f801", "1 5 ff", "1 40 8601"]],
      [silent, ["2 0 f801", "2 60 f802"]],
    ] as const) {
      const result = cut([recording(cat(video("V_VP9"), opus()), clusters)]);
      assert.deepEqual(payloads(result), want);
      assert.equal(result.trackSets.length, 1);
    }
  });

  test("goes on without the configuration when 2,000 items are held", () => {
    const normaliser = new Normaliser();
    const reader = new MkvReader();
    const sound = Array.from({ length: 2100 }, (_, i): SentBlock => [2, i, "f801"]);
    reader.push(recording(cat(video("V_MPEG4/ISO/AVC"), opus()), cluster(7, ...sound)));
    const made: MkvItem[] = [];
    const counts: number[] = [];
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      made.push(...normaliser.accept(item));
      counts.push(made.length);
    }
    assert.ok(counts.includes(2), "segment and Info went past at once");
    assert.equal(made.filter(({ kind }) => kind === "block").length, 2100);
    assert.equal(made.filter(({ kind }) => kind === "tracks").length, 1);
    assert.equal(made[3]?.kind, "cluster");
  });

  test("says a new H.264 configuration in the middle of a Cluster, and times go on", () => {
    const sent = recording(
      cat(video("V_MPEG4/ISO/AVC"), opus()),
      cluster(
        1000,
        ...([
          [1, 0, "00000001419a", DELTA],
          [1, 20, AVC_KEY],
          [2, 30, "f801"],
          [1, 40, "00000001419a", DELTA],
          [1, 60, AVC_KEY_2],
          [1, 80, "00000001419b", DELTA],
        ] as const),
      ),
    );
    const result = cut([sent]);
    const levels = result.trackSets.map(({ tracks }) => tracks[0]?.codecPrivate?.[3]);
    assert.deepEqual(levels, [12, 13]);
    // The first picture has no key frame before it.
    const times = result.frames.map(({ track, timeUs }) => `${track} ${timeUs / 1000}`);
    assert.deepEqual(times, ["1 1020", "2 1030", "1 1040", "1 1060", "1 1080"]);
    const starts = result.fragments.map(({ info }) => [info.producedStartUs, info.seekable]);
    assert.deepEqual(starts, [
      [1_020_000, true],
      [1_060_000, true],
    ]);
    assert.equal(payloads(result)[2], "1 1040 00000002419a");
  });

  test("a repeated Tracks element that says nothing new changes nothing", () => {
    const tracks = cat(video("V_MPEG4/ISO/AVC"), opus());
    const sent = cat(
      recording(tracks, cluster(0, [1, 0, AVC_KEY], [1, 40, "00000001419a", DELTA])),
      el("1654ae6b", tracks),
      cluster(80, [1, 0, "00000001419b", DELTA]),
    );
    const result = cut([sent]);
    assert.equal(result.trackSets.length, 1);
    assert.equal(payloads(result)[2], "1 80 00000002419b");
    assert.equal(result.fragments.length, 1);
  });
});
