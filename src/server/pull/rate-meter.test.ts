import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RateMeter } from "./rate-meter.ts";

suite("RateMeter", () => {
  test("is zero until there are two readings, then the rate between them", () => {
    const meter = new RateMeter();
    assert.deepEqual(meter.rates, { fps: 0, kbits: 0 });
    meter.add({ atMs: 1000, pictures: 10, bytes: 5000 });
    assert.deepEqual(meter.rates, { fps: 0, kbits: 0 });
    meter.add({ atMs: 3000, pictures: 61, bytes: 255_000 });
    assert.deepEqual(meter.rates, { fps: 25.5, kbits: 1000 });
  });

  test("looks back five seconds, so a camera that is off comes down to zero", () => {
    const meter = new RateMeter();
    for (let s = 0; s <= 10; s++) meter.add({ atMs: s * 1000, pictures: s * 25, bytes: 0 });
    assert.equal(meter.rates.fps, 25);
    for (let s = 11; s <= 15; s++) meter.add({ atMs: s * 1000, pictures: 250, bytes: 0 });
    assert.equal(meter.rates.fps, 0);
  });

  test("begins again when the totals do", () => {
    const meter = new RateMeter();
    meter.add({ atMs: 0, pictures: 1000, bytes: 1000 });
    meter.add({ atMs: 1000, pictures: 5, bytes: 10 });
    assert.deepEqual(meter.rates, { fps: 0, kbits: 0 });
    meter.add({ atMs: 2000, pictures: 30, bytes: 20 });
    assert.equal(meter.rates.fps, 25);
  });
});
