import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { AAC_CONFIG, AVCC, audioTrack, videoTrack } from "../../../test/support/codec-samples.ts";
import { fragmentSamples, outline, readBoxes } from "../../../test/support/mp4-boxes.ts";
import { wholeFragment } from "../../../test/support/whole-fragment.ts";
import { Rope } from "../../base/rope.ts";
import { clipFragmentSize, clipFragmentsSize } from "./clip-fragment.ts";
import { mfra, mfraSize } from "./mfra.ts";
import { type Mp4Track, mp4Track } from "./mp4-track.ts";
import type { ClipFrame } from "./sample-times.ts";

const VIDEO = mp4Track(videoTrack("V_MPEG4/ISO/AVC", AVCC), 1) ?? assert.fail("no video");
const AUDIO = mp4Track(audioTrack("A_AAC", AAC_CONFIG), 2) ?? assert.fail("no audio");
/** AVCC says two frames are reordered; 40 ms are assumed for each. */
const LEAD = 80_000;

const frame = (timeUs: number, more: Partial<ClipFrame> = {}): ClipFrame => ({
  timeUs,
  key: false,
  payload: Rope.of(Uint8Array.of(timeUs & 255)),
  ...more,
});

interface Options {
  readonly baseUs?: number;
  readonly endUs?: number;
  readonly maxSampleUs?: number;
  readonly media?: Mp4Track;
}

function written(frames: readonly ClipFrame[], options: Options = {}) {
  const { media = VIDEO, baseUs = 0, endUs = 10_000_000, maxSampleUs = 20_000_000 } = options;
  const span = { baseUs, endUs, maxSampleUs };
  const bytes = wholeFragment({ sequence: 1, ...span, tracks: [{ media, frames }] });
  return fragmentSamples(bytes).map(({ decode, duration, offset, sync }) => ({
    ...{ decode, duration, sync },
    shown: decode + offset - media.reorderTicks,
    offset,
  }));
}

const anyFrame = fc.record({
  timeUs: fc.integer({ min: -5_000_000, max: 50_000_000 }),
  durationUs: fc.integer({ min: 0, max: 60_000_000 }),
  key: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Rope.of(bytes)),
});

suite("Clip fragments", () => {
  test("are as long as their frame counts and bytes say, whatever the frames, and read back whole", () => {
    const lists = fc.tuple(
      fc.array(anyFrame, { maxLength: 30 }),
      fc.array(anyFrame, { maxLength: 30 }),
    );
    fc.assert(
      fc.property(lists, fc.integer({ min: 0, max: 5_000_000 }), ([video, audio], baseUs) => {
        const tracks = [
          { media: VIDEO, frames: video },
          { media: AUDIO, frames: audio },
        ];
        const span = { baseUs, endUs: baseUs + 2_000_000, maxSampleUs: 20_000_000 };
        const bytes = wholeFragment({ sequence: 7, ...span, tracks });
        const sizes = tracks.map(({ frames }) => ({
          frames: frames.length,
          payloadBytes: frames.reduce((sum, { payload }) => sum + payload.length, 0),
        }));
        assert.equal(bytes.length, clipFragmentSize(sizes));
        const present = sizes.filter(({ frames }) => frames > 0);
        const summed = present.map((size) => ({ ...size, fragments: 1 }));
        assert.equal(bytes.length, clipFragmentsSize(1, summed));
        const samples = fragmentSamples(bytes);
        const payloads = [...video, ...audio].map(({ payload }) =>
          Buffer.from(payload instanceof Uint8Array ? payload : payload.toBytes()),
        );
        assert.deepEqual(
          samples.map(({ data }) => data),
          payloads,
        );
        assert.deepEqual(
          samples.map(({ sync }) => sync),
          [...video, ...audio].map((f) => f.key),
        );
        for (const { offset, duration } of samples)
          assert.ok(offset >= 0 && duration <= 960_000_000, `${offset}, ${duration}`);
      }),
      { numRuns: 500 },
    );
  });

  test("have the boxes of ISO 14496-12 in order, a traf only for tracks with frames", () => {
    const span = { baseUs: 0, endUs: 1, maxSampleUs: 1_000_000 };
    const both = [VIDEO, AUDIO].map((media) => ({ media, frames: [frame(0)] }));
    const bytes = wholeFragment({ sequence: 1, ...span, tracks: both });
    assert.equal(
      outline(readBoxes(bytes)),
      "moof(mfhd traf(tfhd tfdt trun) traf(tfhd tfdt trun)) mdat",
    );
    const none = wholeFragment({
      sequence: 1,
      ...span,
      tracks: [{ media: VIDEO, frames: [] }],
    });
    assert.equal(outline(readBoxes(none)), "moof(mfhd) mdat");
    assert.equal(none.length, clipFragmentSize([{ frames: 0, payloadBytes: 0 }]));
  });

  test("decode B-frames in order of presentation and show every frame at its own time", () => {
    const order = [0, 160_000, 80_000, 40_000, 120_000];
    const samples = written(
      order.map((timeUs) => frame(timeUs)),
      { endUs: 200_000 },
    );
    assert.deepEqual(
      samples.map(({ decode }) => decode),
      [0, 40_000, 80_000, 120_000, 160_000],
    );
    assert.deepEqual(
      samples.map(({ shown }) => shown),
      order,
    );
    assert.deepEqual(
      samples.map(({ duration }) => duration),
      [40_000, 40_000, 40_000, 40_000, 40_000],
    );
    assert.deepEqual(
      samples.map(({ offset }) => offset),
      [...[LEAD, LEAD + 120_000, LEAD, LEAD - 80_000, LEAD - 40_000]],
    );
  });

  test("never have a negative offset, even when more frames are reordered than the stream says", () => {
    const order = [0, 320_000, 280_000, 240_000, 200_000, 160_000, 120_000, 80_000, 40_000];
    const samples = written(order.map((timeUs) => frame(timeUs)));
    assert.ok(samples.every(({ offset, duration }) => offset >= 0 && duration >= 0));
    assert.deepEqual(
      samples.map(({ shown }) => shown),
      order,
    );
  });

  test("the last frame lasts until the fragment ends, or as long as it says", () => {
    const last = (frames: ClipFrame[], endUs: number) =>
      written(frames, { endUs }).at(-1)?.duration;
    assert.equal(last([frame(0), frame(40_000)], 90_000), 50_000);
    assert.equal(last([frame(0), frame(40_000, { durationUs: 30_000 })], 90_000), 30_000);
    assert.equal(last([frame(0), frame(40_000)], 10_000), 1, "an end before it");
  });

  test("no frame lasts longer than the cap, and those after it are still shown at their times", () => {
    const times = [0, 40_000, 30_000_000, 30_040_000];
    const frames = times.map((timeUs) => frame(timeUs));
    const samples = written(frames, { endUs: 90_000_000, maxSampleUs: 5_000_000 });
    assert.ok(samples.every(({ duration }) => duration <= 5_000_000));
    assert.deepEqual(
      samples.map(({ shown }) => shown),
      times,
    );
  });

  test("frames before the clip's start are shown at its start", () => {
    const samples = written([frame(900_000), frame(1_000_000)], {
      baseUs: 1_000_000,
      endUs: 1_040_000,
    });
    assert.deepEqual(
      samples.map(({ shown }) => shown),
      [0, 0],
    );
  });

  test("audio times rounded to milliseconds become exact runs of samples", () => {
    const us = (i: number) => Math.round((i * 1024) / 48) * 1000;
    const frames = Array.from({ length: 94 }, (_, i) => frame(us(i + 7)));
    const samples = written(frames, { media: AUDIO, baseUs: us(7) });
    assert.ok(samples.every(({ duration, offset }) => duration === 1024 && offset === 0));
    assert.ok((samples[0]?.decode ?? 99) <= 24, "half a millisecond off at most");
  });

  test("neighbouring fragments of sound fit to within a quarter of a millisecond", () => {
    const us = (i: number) => Math.round((i * 1024) / 48) * 1000;
    let end = 0;
    for (let from = 0; from < 940; from += 94) {
      const frames = Array.from({ length: 94 }, (_, i) => frame(us(from + i)));
      const samples = written(frames, { media: AUDIO });
      if (from > 0) assert.ok(Math.abs((samples[0]?.decode ?? 0) - end) <= 12, `at ${from}`);
      end = (samples.at(-1)?.decode ?? 0) + 1024;
    }
  });

  test("a real gap in the sound stays a gap", () => {
    const frames = [0, 21_000, 43_000, 564_000, 585_000].map((timeUs) => frame(timeUs));
    const samples = written(frames, { media: AUDIO });
    const shown = samples.map((sample) => sample.shown / 48);
    assert.ok(Math.abs((shown[3] ?? 0) - 564) < 1, `${shown}`);
    assert.ok((samples[2]?.duration ?? 0) > 24_000);
  });
});

suite("mfra", () => {
  test("is as long as its entry counts say and tells its length at its end", () => {
    const points = [0, 1, 2].map((i) => ({
      time: i * 2 ** 33,
      moofOffset: 2 ** 34 + i,
      trafNumber: 1,
    }));
    const bytes = mfra([
      { trackId: 1, points },
      { trackId: 2, points: [] },
    ]);
    assert.equal(bytes.length, mfraSize([3, 0]));
    const [box] = readBoxes(bytes);
    const [first, , mfro] = box?.children ?? [];
    assert.equal(outline(readBoxes(bytes)), "mfra(tfra tfra mfro)");
    assert.equal(mfro?.body.readUInt32BE(4), bytes.length);
    assert.equal(first?.body.readUInt32BE(12), 3);
    assert.equal(first?.body.readBigUInt64BE(16 + 28), BigInt(2 ** 33));
    assert.equal(first?.body.readBigUInt64BE(24 + 28), BigInt(2 ** 34 + 1));
  });
});
