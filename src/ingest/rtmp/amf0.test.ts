import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hex } from "../../../test/support/hex.ts";
import { random } from "../../../test/support/random.ts";
import { amf0, readAmf0 } from "./amf0.ts";

suite("AMF0", () => {
  test("a connect command as ffmpeg sends it", () => {
    const sent = hex(
      "020007636f6e6e656374" +
        "003ff0000000000000" +
        "03" +
        "000361707002 00046c697665".replaceAll(" ", "") +
        "0004747970650200 0a6e6f6e70726976617465".replaceAll(" ", "") +
        "000009",
    );
    assert.deepEqual(readAmf0(sent), ["connect", 1, { app: "live", type: "nonprivate" }]);
  });

  test("gives back what was written", () => {
    const values = ["_result", 4, null, undefined, true, { a: { b: ["x", 1] }, c: "é" }];
    assert.deepEqual(readAmf0(amf0(values)), values);
  });

  test("ECMA arrays, dates and long texts", () => {
    assert.deepEqual(readAmf0(hex("080000000100 0161 0101 000009".replaceAll(" ", ""))), [
      { a: true },
    ]);
    assert.deepEqual(readAmf0(hex("0b42700000000000000000")), [2 ** 40]);
    assert.deepEqual(readAmf0(hex("0c0000000261 62".replaceAll(" ", ""))), ["ab"]);
  });

  test("a name like __proto__ is a name", () => {
    const [value] = readAmf0(amf0([{ ["__proto__"]: 1, a: 2 }]));
    assert.equal(({} as { a?: number }).a, undefined);
    assert.deepEqual(Object.keys(value as object), ["__proto__", "a"]);
  });

  test("too deep, too much, cut short and unknown are faults; mutations never anything else", () => {
    const deep = Buffer.concat(Array.from({ length: 20 }, () => hex("03000161")));
    for (const bad of [deep, hex("0affffffff"), hex("0200ff61"), hex("07"), hex("03000005")])
      assert.throws(() => readAmf0(bad), { code: "rtmp.bad-command" });
    const sound = Buffer.from(amf0(["connect", 1, { app: "live", list: ["a", "b"], flag: false }]));
    for (let seed = 1; seed <= 5000; seed++) {
      const next = random(seed);
      const damaged = Buffer.from(sound.subarray(0, 1 + Math.floor(next() * sound.length)));
      damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256);
      try {
        readAmf0(damaged);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "rtmp.bad-command", `seed ${seed}`);
      }
    }
  });
});
