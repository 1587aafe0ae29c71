import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { trackSetOf } from "../../../test/support/live.ts";
import { Rope } from "../../base/rope.ts";
import { micros, millis } from "../../base/units.ts";
import type { FrameItem, TimelineItem } from "../items.ts";
import { makeFramesEncoder, readFrameMessage } from "./frames-encoder.ts";

const timeline: TimelineItem = {
  kind: "timeline",
  session: "s",
  run: 7,
  trackSet: trackSetOf(["video"]),
};

const item: FrameItem = {
  kind: "frame",
  frame: {
    track: 3,
    timeUs: micros(1_763_850_000_123_456),
    durationUs: 40_000,
    key: true,
    payload: Rope.from([hex("aabb"), hex("cc")]),
  },
  receivedMs: millis(1_763_850_000_500),
  sequence: 0x1_0000_0002,
  startsGroup: true,
};

const encode = (one: FrameItem) => makeFramesEncoder(timeline, one).add(one)?.bytes ?? hex("");

suite("frames format", () => {
  test("has the layout of docs/formats/tail.md, byte for byte", () => {
    const want =
      "01 07 0028 00000003 0006 443654b1c640 0000019aada71874" +
      "00009c40 00000007 0000000100000002 aabbcc";
    assert.deepEqual(encode(item), hex(want.replaceAll(" ", "")));
  });

  test("reads back what it wrote, for times before 1970 and frames without duration too", () => {
    const { durationUs: _, ...frame } = item.frame;
    const early = { ...frame, timeUs: micros(-1), key: false };
    const bytes = encode({ ...item, frame: early, startsGroup: false });
    const { payload, ...head } = readFrameMessage(bytes) ?? assert.fail("not read");
    assert.deepEqual(payload, hex("aabbcc"));
    assert.deepEqual(head, {
      key: false,
      joins: false,
      track: 3,
      timeUs: -1,
      receivedMs: 1_763_850_000_500,
      durationUs: undefined,
      run: 7,
      sequence: 0x1_0000_0002,
    });
  });

  test("is not read when it is short, of another version, or says a header beyond its end", () => {
    const good = encode(item);
    const bad = (at: number, value: number) => good.map((byte, i) => (i === at ? value : byte));
    assert.equal(readFrameMessage(good.subarray(0, 39)), undefined);
    assert.equal(readFrameMessage(bad(0, 2)), undefined);
    assert.equal(readFrameMessage(bad(2, 1)), undefined);
    assert.equal(readFrameMessage(bad(3, 39)), undefined);
    assert.equal(readFrameMessage(bad(3, 43))?.payload.length, 0, "a longer header is skipped");
  });
});
