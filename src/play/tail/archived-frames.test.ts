import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { trackSetOf } from "../../../test/support/live.ts";
import { archivedFrames } from "./archived-frames.ts";

const base = trackSetOf(["video", "audio"]);
const clusterNs = 1_700_000_000_000_000_000n;
const at = (us: number) => 1_700_000_000_000_000 + us;

const read = (bytes: string, trackSet = base, ns = clusterNs) =>
  archivedFrames(trackSet, ns, hex(bytes)).map(({ payload, ...frame }) => ({
    ...frame,
    payload: Buffer.from(payload.toBytes()).toString("hex"),
  }));

suite("archivedFrames", () => {
  test("reads SimpleBlocks: track, signed time, key flag, payload", () => {
    assert.deepEqual(read("a3 86 81 0005 80 aabb  a3 85 81 fffe 00 cc"), [
      { track: 1, timeUs: at(5000), key: true, payload: "aabb" },
      { track: 1, timeUs: at(-2000), key: false, payload: "cc" },
    ]);
  });

  test("reads BlockGroups: BlockDuration, and no ReferenceBlock means key", () => {
    assert.deepEqual(read("a0 8a a1 85 81 0001 00 dd 9b 81 28"), [
      { track: 1, timeUs: at(1000), durationUs: 40_000, key: true, payload: "dd" },
    ]);
  });

  test("spreads the frames of a lace over time by the track's default duration", () => {
    const [video, audio] = base.tracks;
    assert.ok(video && audio);
    const tracks = [video, { ...audio, defaultDurationNs: 20_000_000 }];
    assert.deepEqual(read("a3 8b 82 0000 84 02 a1a1 b2b2 c3c3", { ...base, tracks }), [
      { track: 2, timeUs: at(0), durationUs: 20_000, key: true, payload: "a1a1" },
      { track: 2, timeUs: at(20_000), durationUs: 20_000, key: true, payload: "b2b2" },
      { track: 2, timeUs: at(40_000), durationUs: 20_000, key: true, payload: "c3c3" },
    ]);
  });

  test("keeps whole µs at any scale and any cluster time", () => {
    const fine = { ...base, timestampScaleNs: 333 };
    const [frame] = read("a3 85 81 0003 80 aa", fine, clusterNs + 700n);
    assert.equal(frame?.timeUs, at(1), "700 + 3 × 333 ns");
  });

  test("refuses bytes that are not whole block elements", () => {
    assert.throws(() => read("a3 86 81 0005 80 aa"), { code: "mkv.truncated" });
  });
});
