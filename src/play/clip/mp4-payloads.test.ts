import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../../test/support/random.ts";
import { Rope } from "../../base/rope.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";
import { gatherPayloads } from "./mp4-payloads.ts";

const frame = (payload: Rope): ClipFrame => ({ timeUs: 0, key: true, payload });

suite("gatherPayloads", () => {
  test("gives every track's bytes in order, however the tracks lie among each other", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const blocks = Uint8Array.from({ length: 20_000 }, () => next() * 256);
      const tracks: ClipFrame[][] = [[], [], []];
      for (let at = 3; at < 19_000; ) {
        const size = Math.floor(next() * 700);
        const track = tracks[Math.floor(next() * (1 + (seed % 3)))];
        track?.push(frame(Rope.of(blocks.subarray(at, at + size))));
        at += size + 4 + Math.floor(next() * 9);
      }
      const want = tracks
        .filter((frames) => frames.length > 0)
        .map((frames) => Buffer.concat(frames.map(({ payload }) => payload.toBytes())));
      const got = gatherPayloads(tracks, blocks);
      assert.deepEqual(
        got.map((part) => Buffer.from(part)),
        want,
        `seed ${seed}`,
      );
    }
  });

  test("copies payloads that begin with a header the blocks do not have", () => {
    const blocks = Uint8Array.of(0, 0, 1, 2, 3, 0, 4, 5, 6);
    const header = Rope.of(Uint8Array.of(0xff, 0xfb, 0x90, 0x64, 0x00));
    const frames = [blocks.subarray(2, 5), blocks.subarray(6, 9)].map((part) =>
      frame(Rope.concat([header, Rope.of(part)])),
    );
    const want = [0xff, 0xfb, 0x90, 0x64, 0, 1, 2, 3, 0xff, 0xfb, 0x90, 0x64, 0, 4, 5, 6];
    assert.deepEqual(
      gatherPayloads([frames], blocks).map((part) => [...part]),
      [want],
    );
  });

  test("copies payloads that are not in the order they lie in", () => {
    const blocks = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const parts = [blocks.subarray(3, 6), blocks.subarray(0, 2)];
    const frames = parts.map((part) => frame(Rope.of(part)));
    assert.deepEqual(
      gatherPayloads([frames], blocks).map((part) => [...part]),
      [[4, 5, 6, 1, 2]],
    );
  });

  test("of no frames gives nothing", () => {
    assert.deepEqual(gatherPayloads([[], []], new Uint8Array(4)), []);
  });
});
