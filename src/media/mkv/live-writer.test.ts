import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { cat } from "../../../test/support/mkv-build.ts";
import { drain } from "../../../test/support/mkv-drain.ts";
import { Rope } from "../../base/rope.ts";
import { micros } from "../../base/units.ts";
import type { Frame, Track } from "../track.ts";
import { framesOf } from "./consumer.ts";
import { END_OF_FRAGMENT_TAG, MkvWriter, type MkvWriterOptions } from "./live-writer.ts";
import { MkvReader } from "./reader.ts";

const video: Track = { number: 1, type: "video", codecId: "V_VP9", encoding: "plain" };
const audio: Track = { number: 2, type: "audio", codecId: "A_OPUS", encoding: "plain" };

function frame(track: number, ms: number, key: boolean): Frame {
  return {
    track,
    timeUs: micros(ms * 1000),
    key,
    payload: Rope.of(Uint8Array.of(track, ms & 255)),
  };
}

/** Writes the frames, reads them back: frames and the Clusters' times in ms. */
function roundTrip(options: MkvWriterOptions, frames: readonly Frame[]) {
  const writer = new MkvWriter(options);
  const bytes = cat(writer.header(), ...frames.map((f) => writer.add(f).toBytes()));
  const { list, fault } = drain(new MkvReader(), [bytes]);
  assert.equal(fault, undefined);
  const read: Frame[] = [];
  const clusters: number[] = [];
  const scaleNs = options.timestampScaleNs ?? 1_000_000;
  const trackSet = { ...options, timestampScaleNs: scaleNs, tracksElement: new Uint8Array(0) };
  for (const item of list) {
    if (item.kind === "cluster") clusters.push((item.ticks * scaleNs) / 1e6);
    if (item.kind === "block") read.push(...framesOf(item.block, item.clusterTicks, trackSet));
  }
  return { read, clusters, list };
}

function plain(frames: readonly Frame[]): unknown {
  return frames.map((f) => [f.track, f.timeUs, f.key, [...f.payload.toBytes()]]);
}

suite("MkvWriter", () => {
  test("begins a Cluster at every key frame of the video, and nowhere else", () => {
    const frames = [
      ...[frame(1, 0, true), frame(2, 10, true), frame(1, 40, false), frame(2, 31, true)],
      ...[frame(1, 2000, true), frame(1, 2080, false), frame(1, 1990, false), frame(2, 2001, true)],
    ];
    const { read, clusters } = roundTrip({ tracks: [video, audio] }, frames);
    assert.deepEqual(clusters, [0, 2000]);
    assert.deepEqual(plain(read), plain(frames));
  });

  test("passes over key frames that come too soon, counted from the Cluster's start", () => {
    const keys = [0, 500, 1999, 2000, 2500, 4001, 6000].map((ms) => frame(1, ms, true));
    const { read, clusters } = roundTrip({ tracks: [video], minClusterMs: 2000 }, keys);
    assert.deepEqual(clusters, [0, 2000, 4001]);
    assert.deepEqual(plain(read), plain(keys));
  });

  test("begins a Cluster every so many seconds when there is only sound", () => {
    const frames = Array.from({ length: 300 }, (_, i) => frame(2, i * 20, true));
    assert.deepEqual(roundTrip({ tracks: [audio] }, frames).clusters, [0, 2000, 4000]);
    const seconds = roundTrip({ tracks: [audio], audioClusterMs: 1000 }, frames);
    assert.deepEqual(seconds.clusters, [0, 1000, 2000, 3000, 4000, 5000]);
    assert.deepEqual(plain(seconds.read), plain(frames));
  });

  test("begins a Cluster where 16 bits do not reach, forward and back", () => {
    const times = [40_000, 72_767, 72_768, 60_000, 27_000, 100_000];
    const frames = times.map((ms, i) => frame(1, ms, i === 0));
    const { read, clusters } = roundTrip({ tracks: [video] }, frames);
    assert.deepEqual(clusters, [40_000, 72_768, 27_000, 100_000]);
    assert.deepEqual(plain(read), plain(frames));
  });

  test("counts from its base, in ticks of its scale", () => {
    const base = 1_795_404_383_003_000;
    const frames = [0, 33.367, 66.733].map((ms, i) => ({
      ...frame(1, 0, i === 0),
      timeUs: micros(base + Math.round(ms * 1000)),
    }));
    const options = {
      tracks: [video],
      baseUs: base,
      timestampScaleNs: 1000,
      dateUtcNs: BigInt(base) * 1000n,
    };
    const { read, list } = roundTrip(options, frames);
    assert.deepEqual(
      read.map((f) => f.timeUs),
      [0, 33_367, 66_733],
    );
    const info = list.find((item) => item.kind === "info");
    assert.ok(info?.kind === "info");
    assert.deepEqual([info.dateUtcNs, info.timestampScaleNs], [BigInt(base) * 1000n, 1000]);
  });

  test("a tag ends the Cluster, and the end-of-fragment tag is such a one", () => {
    const writer = new MkvWriter({ tracks: [video] });
    const bytes = cat(
      ...[writer.header(), writer.add(frame(1, 0, true)).toBytes()],
      ...[writer.endOfFragment(), writer.add(frame(1, 40, false)).toBytes()],
    );
    const { list, fault } = drain(new MkvReader(), [bytes]);
    const kinds = list.map((item) => item.kind).join(" ");
    assert.equal(fault, undefined);
    assert.equal(
      kinds,
      "segment info tracks cluster block cluster-end tags cluster block cluster-end",
    );
    const tags = list.flatMap((item) => (item.kind === "tags" ? item.tags : []));
    assert.deepEqual(tags, [{ name: END_OF_FRAGMENT_TAG, value: "" }]);
  });

  test("does not copy payloads", () => {
    const payload = new Uint8Array(1000);
    const rope = new MkvWriter({ tracks: [video] }).add({
      ...frame(1, 0, true),
      payload: Rope.of(payload),
    });
    assert.equal(rope.parts.at(-1)?.buffer, payload.buffer);
  });
});
