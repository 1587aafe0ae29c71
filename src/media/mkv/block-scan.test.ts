import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { random } from "../../../test/support/random.ts";
import { Fault } from "../../base/errors.ts";
import { retimeBlocks, scanBlocks, wholeBlocks } from "./block-scan.ts";

/** SimpleBlock track 1 at 5, key; Void; BlockGroup of track 2 at −1 with duration 40 and a reference. */
const CLUSTER = hex(
  "a3 86 81 0005 80 aabb  ec 81 00  a0 8d a1 85 82 ffff 00 cc  9b 81 28  fb 81 d8",
);

suite("scanBlocks", () => {
  test("finds SimpleBlocks and the Blocks of BlockGroups with time, key, duration and body", () => {
    const [simple, group, ...more] = scanBlocks(CLUSTER);
    assert.deepEqual(more, []);
    assert.deepEqual(simple, {
      ...{ track: 1, relativeTicks: 5, timeAt: 3, key: true, durationTicks: undefined },
      ...{ flags: 0x80, bodyStart: 6, bodyEnd: 8 },
    });
    assert.deepEqual(group, {
      ...{ track: 2, relativeTicks: -1, timeAt: 16, key: false, durationTicks: 40 },
      ...{ flags: 0, bodyStart: 19, bodyEnd: 20 },
    });
  });

  test("takes a BlockGroup without a reference for a key frame, and track numbers of two bytes", () => {
    const [block] = scanBlocks(hex("a0 88 a1 86 4102 7fff 00 cc"));
    assert.equal(block?.key, true);
    assert.equal(block?.track, 0x102);
    assert.equal(block?.relativeTicks, 32_767);
  });

  test("reads sizes of eight bytes", () => {
    const [block] = scanBlocks(hex("a3 0100000000000005 81 0000 00 ff"));
    assert.equal(block?.bodyEnd, 14);
  });

  test("counts the whole elements of a part", () => {
    const ends = [0, 8, 11, CLUSTER.length];
    for (let length = 0; length <= CLUSTER.length; length++) {
      const whole = Math.max(...ends.filter((end) => end <= length));
      assert.equal(wholeBlocks(CLUSTER.subarray(0, length)), whole, `of ${length} bytes`);
    }
  });

  test("gives blocks or mkv.bad-block on damaged bytes, nothing else", () => {
    let refused = 0;
    for (let seed = 1; seed <= 5000; seed++) {
      const next = random(seed);
      const bytes = CLUSTER.slice(0, 1 + Math.floor(next() * CLUSTER.length));
      for (let i = 0; i < 3; i++)
        bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      try {
        for (const { bodyEnd } of scanBlocks(bytes)) assert.ok(bodyEnd <= bytes.length);
      } catch (error) {
        assert.ok(
          error instanceof Fault && error.code === "mkv.bad-block",
          `seed ${seed}: ${error}`,
        );
        refused++;
      }
    }
    assert.ok(refused > 2000, `only ${refused} refused`);
  });
});

suite("retimeBlocks", () => {
  test("moves every time in place and changes no other byte", () => {
    const bytes = CLUSTER.slice();
    retimeBlocks(bytes, -300);
    assert.deepEqual(
      scanBlocks(bytes).map(({ relativeTicks }) => relativeTicks),
      [-295, -301],
    );
    retimeBlocks(bytes, 300);
    assert.deepEqual(bytes, CLUSTER);
  });

  test("refuses a time beyond 16 bits", () => {
    assert.throws(() => retimeBlocks(CLUSTER.slice(), 32_763), { code: "mkv.bad-block", at: 3 });
    assert.throws(() => retimeBlocks(CLUSTER.slice(), -32_768), { code: "mkv.bad-block", at: 16 });
  });
});
