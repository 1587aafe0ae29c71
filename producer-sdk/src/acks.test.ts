import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AckReader } from "./acks.ts";

const LINE = '{"EventType":"PERSISTED","FragmentTimecode":12,"FragmentNumber":"91"}\n';

suite("AckReader", () => {
  test("reads acks however the answer is cut into pieces", () => {
    const text = LINE + LINE;
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new AckReader();
      const acks = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
      assert.equal(acks.length, 2, `cut at ${cut}`);
      assert.equal(acks[1]?.timecodeMs, 12);
      assert.equal(acks[1]?.fragmentNumber, "91");
    }
  });

  test("passes over what it does not know and what is broken", () => {
    const reader = new AckReader();
    const bad = ["", "{", "null", "[]", '{"EventType":"NEW"}', "7"].join("\n");
    assert.deepEqual(reader.push(`${bad}\n`), []);
    assert.equal(reader.push(LINE).length, 1);
  });

  test("a line without an end does not grow without limit, nor hurt the acks after it", () => {
    const reader = new AckReader();
    for (let i = 0; i < 100; i++) assert.deepEqual(reader.push("x".repeat(1000)), []);
    assert.equal(reader.push(`\n${LINE}`).length, 1);
  });
});
