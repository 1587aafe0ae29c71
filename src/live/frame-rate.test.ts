import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FrameRate } from "./frame-rate.ts";

const START = 1_790_000_000_250;

suite("pictures and bits a second", () => {
  test("a steady camera with sound: pictures counted, bytes of both", () => {
    const rate = new FrameRate();
    for (let ms = 0; ms < 60_000; ms += 40) {
      rate.add(START + ms, 5000, true);
      rate.add(START + ms, 100, false);
    }
    assert.deepEqual(rate.at(START + 60_000), { fps: 25, kbits: 1020 });
  });

  test("before ten seconds are over, of those there are; nothing within the first", () => {
    const rate = new FrameRate();
    for (let i = 0; i < 50; i++) rate.add(1_790_000_000_000 + i * 40, 1000, true);
    assert.deepEqual(rate.at(1_790_000_000_500), { fps: 0, kbits: 0 });
    assert.deepEqual(rate.at(1_790_000_002_000), { fps: 25, kbits: 200 });
  });

  test("two seconds handed over at once do not make it flicker", () => {
    const rate = new FrameRate();
    const seen = new Set<number>();
    for (let s = 0; s < 40; s++) {
      if (s % 2 === 0)
        for (let i = 0; i < 60; i++) rate.add(1_790_000_000_000 + s * 1000, 1000, true);
      if (s > 12) seen.add(rate.at(1_790_000_000_999 + s * 1000).fps);
    }
    assert.deepEqual([...seen], [30]);
  });

  test("a camera that stops goes to zero, and a clock that is set back begins anew", () => {
    const rate = new FrameRate();
    for (let i = 0; i < 250; i++) rate.add(START + i * 40, 1000, true);
    assert.ok(rate.at(START + 15_000).fps < 25);
    assert.deepEqual(rate.at(START + 30_000), { fps: 0, kbits: 0 });
    const back = START - 86_400_000;
    for (let i = 0; i < 250; i++) rate.add(back + i * 40, 1000, true);
    assert.ok(rate.at(back + 10_000).fps > 24);
    // After a long silence nothing of before is counted.
    rate.add(back + 100_000, 1000, true);
    assert.ok(rate.at(back + 101_000).fps <= 0.2);
  });
});
