import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { cut, framesIn, pieces } from "../../test/support/cut.ts";
import { makeMedia, testKinds } from "../../test/support/media.ts";
import { needs } from "../../test/support/tools.ts";
import { crc32 } from "../base/crc32.ts";
import { Rope } from "../base/rope.ts";
import { micros } from "../base/units.ts";
import { MkvWriter } from "../media/mkv/live-writer.ts";
import { join } from "../media/mkv/out.ts";
import {
  ebmlHeader,
  infoElement,
  segmentHeader,
  simpleBlock,
  tagsElement,
  tracksElement,
} from "../media/mkv/writer.ts";
import type { Track } from "../media/track.ts";

const VIDEO: Track = { number: 1, type: "video", codecId: "V_VP8", encoding: "plain" };
const AUDIO: Track = { number: 2, type: "audio", codecId: "A_OPUS", encoding: "plain" };

const HEAD = (tracks: readonly Track[] = [VIDEO, AUDIO]) =>
  join([
    ebmlHeader(),
    segmentHeader(),
    infoElement({ timestampScaleNs: 1_000_000 }),
    tracksElement(tracks),
  ]);

/** Unknown-size Cluster header with its Timestamp. */
const CLUSTER = (ticks: number) =>
  Uint8Array.of(
    ...[0x1f, 0x43, 0xb6, 0x75, 0xff, 0xe7, 0x84],
    ...[(ticks >>> 24) & 255, (ticks >>> 16) & 255, (ticks >>> 8) & 255, ticks & 255],
  );

const BLOCK = (track: number, relativeTicks: number, key = false, size = 10) =>
  simpleBlock({
    track,
    relativeTicks,
    key,
    payload: Rope.of(new Uint8Array(size).fill(relativeTicks & 255)),
  }).toBytes();

const END = tagsElement([{ name: "AWS_KINESISVIDEO_END_OF_FRAGMENT", value: "" }]);

/** Start and end of each fragment, ms. */
function spans(result: ReturnType<typeof cut>): [number, number][] {
  return result.fragments.map((f) => [f.info.producedStartUs / 1000, f.info.producedEndUs / 1000]);
}

suite("Fragmenter", () => {
  test("takes a Cluster that starts with a key frame as a fragment, blocks byte for byte", () => {
    const one = [BLOCK(1, 0, true), BLOCK(2, 5, true), BLOCK(1, 40)];
    const two = [BLOCK(1, 0, true), BLOCK(1, 40)];
    const result = cut([join([HEAD(), CLUSTER(1000), ...one, CLUSTER(3000), ...two])]);
    assert.deepEqual(result.timecodes, [1000, 3000]);
    assert.equal(result.fragments.length, 2);
    assert.deepEqual(result.fragments[0]?.blocks.toBytes(), join(one));
    assert.deepEqual(result.fragments[1]?.blocks.toBytes(), join(two));
    assert.deepEqual(spans(result), [
      [1000, 1080],
      [3000, 3080],
    ]);
    assert.ok(result.fragments.every((f) => f.info.seekable && f.info.run === 1));
  });

  test("keeps sound at the head of a Cluster with the picture it comes before", () => {
    const clusters = [
      join([CLUSTER(0), BLOCK(1, 0, true), BLOCK(1, 40)]),
      join([CLUSTER(2000), BLOCK(2, 0, true), BLOCK(2, 20, true), BLOCK(1, 30, true)]),
      join([CLUSTER(2100), BLOCK(2, 0, true), BLOCK(1, 10)]),
    ];
    const { fragments } = cut([join([HEAD(), ...clusters])]);
    assert.deepEqual(
      fragments.map((f) => f.info.totals.map((t) => [t.track, t.frames])),
      [
        [[1, 2]],
        [
          [1, 2],
          [2, 3],
        ],
      ],
    );
  });

  test("goes on through Clusters without a key frame and cuts at the first one after the target", () => {
    // A picture every 40 ms in Clusters of 120 ms, key frames every 1000 ms: MediaRecorder's shape.
    const parts = [HEAD([VIDEO])];
    for (let ms = 0; ms < 7000; ms += 40) {
      if (ms % 120 === 0) parts.push(CLUSTER(ms));
      parts.push(BLOCK(1, ms % 120, ms % 1000 === 0));
    }
    const result = cut([join(parts)]);
    const starts = spans(result).map(([start]) => start);
    assert.ok(starts.length >= 3 && starts.length <= 7, starts.join());
    assert.ok(
      starts.every((ms) => ms % 1000 === 0),
      starts.join(),
    );
    assert.ok(result.fragments.every((f) => f.info.seekable));
    const times = result.fragments.flatMap((f) => framesIn(f).map((frame) => frame.timeUs / 1000));
    assert.deepEqual(
      times,
      Array.from({ length: 175 }, (_, i) => i * 40),
    );
  });

  test("cuts without a key frame after noKeyMs, and says that such a fragment is not seekable", () => {
    const parts = [HEAD([VIDEO]), CLUSTER(0), BLOCK(1, 0, true)];
    for (let ms = 100; ms < 65_000; ms += 100) {
      if (ms % 1000 === 0) parts.push(CLUSTER(ms));
      parts.push(BLOCK(1, ms % 1000));
    }
    const { fragments } = cut([join(parts)]);
    const flags = fragments.map((f) => f.info.seekable);
    assert.deepEqual([flags[0], flags.slice(1).includes(true)], [true, false]);
    for (const f of fragments)
      assert.ok(f.info.producedEndUs - f.info.producedStartUs <= 20_100_000);
    assert.equal(
      fragments.reduce((sum, f) => sum + (f.info.totals[0]?.frames ?? 0), 0),
      650,
    );
  });

  test("cuts sound alone by its Clusters, and by time when there is only one", () => {
    const long = [HEAD([AUDIO]), CLUSTER(0)];
    for (let ms = 0; ms < 30_000; ms += 20) long.push(BLOCK(2, ms, true));
    const { fragments } = cut([join(long)]);
    assert.ok(fragments.length >= 10, `${fragments.length}`);
    assert.equal(
      fragments.reduce((sum, f) => sum + (f.info.totals[0]?.frames ?? 0), 0),
      1500,
    );
    const short = [HEAD([AUDIO])];
    for (let ms = 0; ms < 8000; ms += 20) {
      if (ms % 2000 === 0) short.push(CLUSTER(ms));
      short.push(BLOCK(2, ms % 2000, true));
    }
    assert.equal(cut([join(short)]).fragments.length, 4);
  });

  test("ends a fragment at the end-of-fragment tag without waiting for the next Cluster", () => {
    const bytes = join([
      HEAD(),
      CLUSTER(0),
      BLOCK(1, 0, true),
      END,
      CLUSTER(2000),
      BLOCK(1, 0, true),
    ]);
    const { fragments } = cut([bytes]);
    assert.equal(fragments.length, 2);
    assert.deepEqual(fragments[0]?.tags, []);
  });

  test("begins a new run at a jump ahead and at a step back, and loses nothing", () => {
    const at = (ticks: number) => [CLUSTER(ticks), BLOCK(1, 0, true), BLOCK(1, 40)];
    const bytes = join([HEAD(), ...at(0), ...at(2000), ...at(90_000), ...at(1000), ...at(1000)]);
    const { fragments } = cut([bytes]);
    assert.deepEqual(
      fragments.map((f) => f.info.run),
      [1, 1, 2, 3, 3],
    );
    assert.equal(
      fragments.reduce((sum, f) => sum + (f.info.totals[0]?.frames ?? 0), 0),
      10,
    );
  });

  test("splits a fragment that would be larger than maxBytes", () => {
    const parts = [HEAD([VIDEO]), CLUSTER(0)];
    for (let i = 0; i < 10; i++) parts.push(BLOCK(1, i * 40, i === 0, 1000));
    const { fragments } = cut([join(parts)], { limits: { maxBytes: 3500 } });
    assert.ok(fragments.every((f) => f.blocks.length <= 3500));
    assert.deepEqual(
      fragments.map((f) => f.info.seekable),
      [true, false, false, false],
    );
  });

  test("gives tags to the fragment they belong to, within the limits", () => {
    const tag = (name: string, value = "x") => tagsElement([{ name, value }]);
    const many = tagsElement(Array.from({ length: 12 }, (_, i) => ({ name: `T${i}`, value: "v" })));
    const bytes = join([
      ...[ebmlHeader(), segmentHeader(), tag("FIRST")],
      ...[infoElement({ timestampScaleNs: 1_000_000 }), tracksElement([VIDEO]), tag("EVERY")],
      ...[CLUSTER(0), BLOCK(1, 0, true), tag("OWN"), tag("AWS_SECRET")],
      ...[CLUSTER(2000), BLOCK(1, 0, true), tag("LONG", "v".repeat(257)), many],
    ]);
    const { fragments, droppedTags } = cut([bytes]);
    assert.deepEqual(
      fragments[0]?.tags.map((t) => t.name),
      ["EVERY", "FIRST", "OWN"],
    );
    assert.equal(fragments[1]?.tags.length, 10);
    assert.equal(droppedTags, 2 + 3);
  });

  test("takes the times of any TimestampScale, and of ABSOLUTE and RELATIVE timecodes", () => {
    const scaled = (timestampScaleNs: number, startNs: bigint) => {
      const info = infoElement({ timestampScaleNs });
      const head = join([ebmlHeader(), segmentHeader(), info, tracksElement([VIDEO])]);
      return cut([join([head, CLUSTER(1000), BLOCK(1, 7, true), BLOCK(1, 14)])], { startNs });
    };
    const [micro] = scaled(1000, 5_000_000_000n).fragments;
    assert.equal(micro?.info.producedStartUs, 5_000_000 + 1007);
    const [third] = scaled(333_333, 0n).fragments;
    assert.equal(third?.info.producedStartUs, Math.floor((1007 * 333_333) / 1000));
    assert.equal(third?.clusterNs, 333_333_000n);
  });

  test("puts signed block times before the Cluster's own", () => {
    const bytes = join([HEAD(), CLUSTER(100), BLOCK(1, -40, true), BLOCK(1, 0), BLOCK(1, -20)]);
    const { frames, fragments } = cut([bytes]);
    assert.deepEqual(
      frames.map((f) => f.timeUs),
      [micros(60_000), micros(100_000), micros(80_000)],
    );
    assert.equal(fragments[0]?.info.producedStartUs, 60_000);
  });
});

suite("Fragmenter on real media", needs("ffmpeg"), () => {
  for (const kind of testKinds)
    test(`keeps every frame of ${kind} in order, payload and time, however its bytes are split`, async () => {
      const bytes = readFileSync(await makeMedia(kind));
      const whole = cut([bytes]);
      const sent = whole.frames.map((f) => ({
        track: f.track,
        timeUs: f.timeUs as number,
        hex: Buffer.from(f.payload.toBytes()).toString("hex"),
      }));
      assert.ok(sent.length > 100);
      assert.deepEqual(whole.fragments.flatMap(framesIn), sent);
      for (const size of [1, 7, 1000, 65_536]) {
        const split = cut(pieces(bytes, size));
        assert.equal(split.fragments.length, whole.fragments.length);
        for (const [i, fragment] of split.fragments.entries()) {
          assert.deepEqual(fragment.info, whole.fragments[i]?.info);
          assert.deepEqual(fragment.blocks.toBytes(), whole.fragments[i]?.blocks.toBytes());
        }
      }
    });

  test("stores the Clusters of an aligned file byte for byte in few slices", async () => {
    const bytes = readFileSync(await makeMedia("h264-aac"));
    const { fragments } = cut([bytes]);
    for (const fragment of fragments) {
      assert.equal(fragment.blocks.parts.length, 1);
      assert.ok(bytes.includes(Buffer.from(fragment.blocks.toBytes())));
    }
  });

  for (const kind of testKinds)
    test(`knows the checksum of ${kind}'s blocks from its Clusters' own, and only the right one`, async () => {
      const { fragments } = cut(pieces(readFileSync(await makeMedia(kind)), 5000));
      const known = fragments.filter((f) => f.blocksCrc !== undefined);
      assert.ok(known.length > 0);
      for (const f of known) assert.equal(f.blocksCrc, crc32(f.blocks.toBytes()));
    });

  test("cuts what our own live muxer writes at its key frames", async () => {
    const source = cut([readFileSync(await makeMedia("h264-nob"))]);
    const tracks = source.trackSets[0]?.tracks ?? [];
    const writer = new MkvWriter({ tracks });
    const out = [writer.header()];
    for (const frame of source.frames) out.push(writer.add(frame).toBytes());
    const again = cut([join(out)]);
    assert.equal(again.fragments.length, 3);
    assert.deepEqual(
      again.frames.map((f) => [f.track, f.timeUs, f.key]),
      source.frames.map((f) => [f.track, f.timeUs, f.key]),
    );
  });
});
