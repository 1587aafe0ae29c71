import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { cat, el, trackEntry } from "../../../test/support/mkv-build.ts";
import { withCodecPrivate } from "./codec-private.ts";

const CRC = el("bf", "01020304");
const tracks = (...entries: readonly Uint8Array[]) => el("1654ae6b", cat(...entries));

suite("withCodecPrivate", () => {
  test("adds it, or puts it in place of the old one, and leaves the other tracks and unknown elements alone", () => {
    const unknown = el("53c0", [1]);
    const before = tracks(
      trackEntry(1, 1, unknown),
      trackEntry(2, 2, CRC, el("63a2", "aabb")),
      trackEntry(3, 1, CRC, el("63a2", "cc"), unknown),
    );
    const configs = new Map([
      [1, hex("0102")],
      [3, hex("03")],
      [9, hex("09")],
    ]);
    const after = tracks(
      trackEntry(1, 1, unknown, el("63a2", "0102")),
      trackEntry(2, 2, CRC, el("63a2", "aabb")),
      trackEntry(3, 1, unknown, el("63a2", "03")),
    );
    assert.deepEqual(withCodecPrivate(before, configs), after);
  });

  test("leaves out the checksum of what it changes", () => {
    const configs = new Map([[1, hex("0102")]]);
    const want = tracks(trackEntry(1, 1, el("63a2", "0102")));
    assert.deepEqual(withCodecPrivate(tracks(CRC, trackEntry(1, 1)), configs), want);
  });

  test("gives the very same bytes when there is nothing to add", () => {
    const before = tracks(CRC, trackEntry(1, 1));
    assert.equal(withCodecPrivate(before, new Map()), before);
  });

  test("refuses what is no Tracks element", () => {
    assert.throws(() => withCodecPrivate(hex("1654ae6b85"), new Map([[1, hex("01")]])), {
      code: "mkv.child-overflow",
    });
  });
});
