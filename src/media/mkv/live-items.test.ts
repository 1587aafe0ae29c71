/** Held against the way it stands for: the writer's bytes, read again. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random, randomBytes } from "../../../test/support/random.ts";
import { crc32, ropeCrc32 } from "../../base/crc32.ts";
import { Rope } from "../../base/rope.ts";
import { micros } from "../../base/units.ts";
import type { Frame, Track } from "../track.ts";
import type { MkvItem } from "./items.ts";
import { LiveItems } from "./live-items.ts";
import { MkvWriter } from "./live-writer.ts";
import { MkvReader } from "./reader.ts";

const video: Track = { number: 1, type: "video", codecId: "V_VP8", encoding: "plain" };
const audio: Track = { number: 200, type: "audio", codecId: "A_OPUS", encoding: "plain" };

/** Without where it stood in bytes that were never made, and with the bytes of ropes. */
function plain(item: MkvItem) {
  if (item.kind !== "block") return { ...item, at: 0 };
  const { track, relativeTicks, key, invisible, discardable, lacing, timeOffset } = item.block;
  const { durationTicks, element, frames } = item.block;
  return {
    ...{ kind: "block", clusterTicks: item.clusterTicks, track, relativeTicks, key, invisible },
    ...{ discardable, lacing, timeOffset, durationTicks },
    element: Buffer.from(element.toBytes()).toString("hex"),
    frames: frames.map((frame) => Buffer.from(frame.toBytes()).toString("hex")),
  };
}

function read(tracks: readonly Track[], frames: readonly Frame[]): MkvItem[] {
  const reader = new MkvReader();
  const writer = new MkvWriter({ tracks, minClusterMs: 300 });
  reader.push(writer.header());
  for (const frame of frames) for (const part of writer.add(frame).parts) reader.push(part);
  reader.end();
  const items: MkvItem[] = [];
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) items.push(item);
  return items;
}

/** In two pieces, up to the sizes where an element's size takes one more byte. */
function frame(next: () => number, seed: number, i: number): Frame {
  const sizes = [1, 100, 122, 123, 124, 127, 300, 16_378, 16_379, 16_380, 20_000];
  const bytes = randomBytes(sizes[Math.floor(next() * sizes.length)] ?? 1, seed * 100 + i);
  const cut = Math.floor(next() * bytes.length);
  const jump = next() < 0.05 ? (next() - 0.5) * 2e8 : 0;
  return {
    track: next() < 0.4 ? audio.number : video.number,
    timeUs: micros(Math.round(i * 33_333 + (next() - 0.5) * 50_000 + jump)),
    key: next() < 0.2,
    payload: Rope.from([bytes.subarray(0, cut), bytes.subarray(cut)]),
  };
}

suite("LiveItems", () => {
  test("are what the reader gives for the writer's bytes, and know the blocks' checksum", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const next = random(seed);
      const tracks = seed % 4 === 0 ? [{ ...audio, number: 1 }] : [video, audio];
      const frames = Array.from({ length: 50 }, (_, i) => {
        const made = frame(next, seed, i);
        return tracks.length === 1 ? { ...made, track: 1 } : made;
      });
      const writer = new LiveItems({ tracks, minClusterMs: 300 });
      const items = [...writer.start(), ...frames.flatMap((one) => writer.add(one))];
      items.push(...writer.end());
      assert.deepEqual(writer.end(), [], "over once");
      let crc = 0;
      const got = items.map((item) => {
        if (item.kind === "block") crc = ropeCrc32(item.block.element, crc32, crc);
        if (item.kind !== "cluster-end") return plain(item);
        assert.equal(item.blocksCrc, crc, `seed ${seed}`);
        crc = 0;
        return { kind: item.kind, at: 0 };
      });
      assert.deepEqual(got, read(tracks, frames).map(plain), `seed ${seed}`);
    }
  });
});
