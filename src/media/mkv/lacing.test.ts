import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { cat } from "../../../test/support/mkv-build.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import { type Lacing, splitLaces } from "./lacing.ts";

type Laced = Exclude<Lacing, "none">;

function sizes(lacing: Laced, body: Uint8Array): number[] {
  return splitLaces(Rope.of(body), lacing, 9).map((frame) => frame.length);
}

suite("laced blocks", () => {
  // RFC 9559 §10.3.2: frames of 800, 500 and 1000 bytes.
  test("of Xiph lacing split as the RFC's example", () => {
    const body = cat("02 ff ff ff 23 ff f5", new Uint8Array(2300));
    assert.deepEqual(sizes("xiph", body), [800, 500, 1000]);
  });

  // RFC 9559 §10.3.3: the same frames; 500 − 800 = −300, coded 0x5ED3.
  test("of EBML lacing split as the RFC's example", () => {
    const body = cat("02 43 20 5e d3", new Uint8Array(2300));
    assert.deepEqual(sizes("ebml", body), [800, 500, 1000]);
  });

  // RFC 9559 §10.3.4: three frames of 800.
  test("of fixed-size lacing split into equal frames", () => {
    assert.deepEqual(sizes("fixed", cat("02", new Uint8Array(2400))), [800, 800, 800]);
  });

  test("give each frame its own bytes, in order", () => {
    const want = [[0xaa], [0xbb, 0xbb], [0xcc]];
    const frames = (lacing: Laced, text: string) =>
      splitLaces(Rope.of(hex(text)), lacing, 0).map((frame) => [...frame.toBytes()]);
    assert.deepEqual(frames("xiph", "02 01 02 aa bbbb cc"), want);
    assert.deepEqual(frames("ebml", "02 81 c0 aa bbbb cc"), want);
    assert.deepEqual(frames("fixed", "02 aa bb cc"), [[0xaa], [0xbb], [0xcc]]);
  });

  test("may hold one frame, empty frames, or 256", () => {
    assert.deepEqual(sizes("xiph", hex("00 0102")), [2]);
    assert.deepEqual(sizes("xiph", hex("02 00 00")), [0, 0, 0]);
    assert.deepEqual(sizes("xiph", hex("01 ff 00".concat("11".repeat(255)))), [255, 0]);
    assert.equal(sizes("fixed", cat("ff", new Uint8Array(512))).length, 256);
    assert.deepEqual(sizes("ebml", cat("01", "10000001", "aa")), [1, 0]);
  });

  test("whose sizes do not add up are refused", () => {
    const bad: readonly [Laced, string][] = [
      ["xiph", ""],
      ["xiph", "01"],
      ["xiph", "02 01"],
      ["xiph", "01 ff ff ff"],
      ["xiph", "01 03 aabb"],
      ["fixed", ""],
      ["fixed", "01 aabbcc"],
      ["ebml", ""],
      ["ebml", "01"],
      ["ebml", "01 00 aabb"],
      ["ebml", "01 40"],
      ["ebml", "01 83 aabb"],
      ["ebml", "02 81 80 aabb"],
      ["ebml", "01 01ffffffffffffff aabb"],
    ];
    for (const [lacing, text] of bad)
      assert.throws(
        () => splitLaces(Rope.of(hex(text)), lacing, 9),
        (error) => error instanceof Fault && error.code === "mkv.bad-lacing" && error.at === 9,
        `${lacing} ${text}`,
      );
  });
});
