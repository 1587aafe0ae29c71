import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { isReservedId, UNKNOWN_SIZE, vintId, vintSize, vintValue, vintWidth } from "./vint.ts";

suite("EBML variable-size integers", () => {
  test("the width is told by the first byte", () => {
    const first = [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00];
    assert.deepEqual(first.map(vintWidth), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual([0xff, 0x7f, 0x3f, 0x1f, 0x03].map(vintWidth), [1, 2, 3, 4, 7]);
  });

  // RFC 8794 §4.4: the value 2 in several widths; then limits.
  const table: readonly [bytes: string, value: number][] = [
    ["82", 2],
    ["40 02", 2],
    ["20 00 02", 2],
    ["10 00 00 02", 2],
    ["fe", 126],
    ["40 7f", 127],
    ["7f fe", 16382],
    ["01 00 00 00 00 00 00 02", 2],
    ["01 1f ff ff ff ff ff ff", Number.MAX_SAFE_INTEGER],
  ];
  test("values are the bits after the marker, whatever the width", () => {
    for (const [text, value] of table) {
      const bytes = hex(`aa ${text} bb`);
      const width = vintWidth(bytes[1] ?? 0);
      assert.equal(width, bytes.length - 2, text);
      assert.equal(vintValue(bytes, 1, width), value, text);
      assert.equal(vintSize(bytes, 1, width), value, text);
    }
  });

  test("a size of all ones is unknown at every width, and only then", () => {
    for (let width = 1; width <= 8; width++) {
      const bytes = new Uint8Array(width).fill(0xff);
      bytes[0] = 0xff >> (width - 1);
      assert.equal(vintSize(bytes, 0, width), UNKNOWN_SIZE, `width ${width}`);
      bytes[width - 1] = (bytes[width - 1] ?? 0) ^ 1;
      assert.ok(Number.isFinite(vintSize(bytes, 0, width)), `width ${width}`);
    }
  });

  test("an id keeps its marker, and those of all zeros or ones name nothing", () => {
    assert.equal(vintId(hex("1a45dfa3"), 0, 4), 0x1a45dfa3);
    const reserved = ["ff", "4000", "7fff", "200000", "3fffff", "10000000", "1fffffff"];
    for (const text of reserved) {
      const bytes = hex(text);
      assert.equal(isReservedId(vintId(bytes, 0, bytes.length), bytes.length), true, text);
    }
    for (const text of ["80", "81", "a3", "4286", "2ad7b1", "1f43b675"]) {
      const bytes = hex(text);
      assert.equal(isReservedId(vintId(bytes, 0, bytes.length), bytes.length), false, text);
    }
  });
});
