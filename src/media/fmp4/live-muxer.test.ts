import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AAC_CONFIG,
  AVCC,
  audioTrack,
  OPUS_HEAD,
  videoTrack,
} from "../../../test/support/codec-samples.ts";
import { fragmentSamples, outline, readBoxes } from "../../../test/support/mp4-boxes.ts";
import { Rope } from "../../base/rope.ts";
import { micros } from "../../base/units.ts";
import type { Frame, Track, TrackSet } from "../track.ts";
import { LiveFmp4Muxer } from "./live-muxer.ts";

const ORIGIN = 1_700_000_000_000_000;
const VIDEO = videoTrack("V_MPEG4/ISO/AVC", AVCC);
const AUDIO = audioTrack("A_AAC", AAC_CONFIG);

const setOf = (...tracks: Track[]): TrackSet => ({
  tracks,
  timestampScaleNs: 1_000_000,
  tracksElement: new Uint8Array(0),
});

const muxerOf = (...tracks: Track[]) =>
  new LiveFmp4Muxer({ trackSet: setOf(...tracks), originUs: ORIGIN });

const frame = (track: number, timeUs: number, key = true): Frame => ({
  ...{ track, key, timeUs: micros(ORIGIN + timeUs) },
  payload: Rope.from([Uint8Array.of(1, 2), Uint8Array.of(3)]),
});

suite("LiveFmp4Muxer", () => {
  test("gives one moof and mdat for each frame at once, 112 bytes more than its payload", () => {
    const muxer = muxerOf(VIDEO, AUDIO);
    const chunk = muxer.add(frame(1, 1_500_000)) ?? assert.fail("nothing");
    assert.equal(outline(readBoxes(chunk.bytes)), "moof(mfhd traf(tfhd tfdt trun)) mdat");
    assert.equal(chunk.bytes.length, 112 + 3);
    const [sample] = fragmentSamples(chunk.bytes);
    assert.deepEqual(sample?.data, Buffer.of(1, 2, 3));
    assert.deepEqual([sample?.track, sample?.sync, chunk.key], [1, true, true]);
    assert.equal((sample?.decode ?? 0) + (sample?.offset ?? 0), 1_500_000);
    const [sound] = fragmentSamples(muxer.add(frame(2, 1_500_000))?.bytes ?? new Uint8Array(0));
    assert.deepEqual([sound?.track, sound?.decode, sound?.duration], [2, 72_000, 1024]);
    const [delta] = fragmentSamples(
      muxer.add(frame(1, 1_540_000, false))?.bytes ?? new Uint8Array(0),
    );
    assert.equal(delta?.sync, false);
  });

  test("announces video and audio, or audio alone", () => {
    assert.equal(muxerOf(VIDEO, AUDIO).mime, 'video/mp4; codecs="avc1.64000C,mp4a.40.2"');
    assert.equal(muxerOf(AUDIO).mime, 'audio/mp4; codecs="mp4a.40.2"');
  });

  test("carries the first video and audio track that browsers take, and nothing else", () => {
    const pcm = { ...audioTrack("A_PCM/INT/LIT"), number: 3 };
    const second = { ...VIDEO, number: 4 };
    const muxer = muxerOf(pcm, { ...videoTrack("V_VP8"), number: 5 }, VIDEO, second, AUDIO);
    assert.deepEqual(muxer.tracks, [1, 2]);
    for (const number of [3, 4, 5, 6]) assert.equal(muxer.add(frame(number, 0)), undefined);
    assert.equal(muxer.add({ ...frame(1, 0), payload: Rope.EMPTY }), undefined, "an empty frame");
  });

  test("is refused with codec.unsupported when no track can be carried", () => {
    for (const track of [
      videoTrack("V_VP8"),
      audioTrack("A_MPEG/L3"),
      videoTrack("V_MPEG4/ISO/AVC"),
    ])
      assert.throws(() => muxerOf(track), { code: "codec.unsupported" });
  });

  test("plays Opus earlier by its codec delay", () => {
    const muxer = muxerOf({ ...audioTrack("A_OPUS", OPUS_HEAD), codecDelayNs: 6_500_000 });
    const [sample] = fragmentSamples(muxer.add(frame(2, 1_000_000))?.bytes ?? new Uint8Array(0));
    assert.equal(sample?.decode, 48_000 - 312);
  });

  test("shows frames from before the origin at 0", () => {
    const [sample] = fragmentSamples(
      muxerOf(VIDEO).add(frame(1, -5_000_000))?.bytes ?? new Uint8Array(0),
    );
    assert.deepEqual([sample?.decode, sample?.offset], [0, 0]);
  });
});
