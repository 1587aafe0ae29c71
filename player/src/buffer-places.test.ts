import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { afterHole, liveStart, playbackStart } from "./buffer-places.ts";

const ranges = [
  { start: 10, end: 20 },
  { start: 30, end: 40 },
];

suite("places in the buffer", () => {
  test("live begins behind the end, but not before the beginning", () => {
    assert.equal(liveStart(ranges, 0.5), 39.5);
    assert.equal(liveStart([{ start: 39.9, end: 40 }], 0.5), 39.9);
    assert.equal(liveStart([], 0.5), undefined);
  });

  test("playback begins where it was asked to, after a hole, or later when it has come", () => {
    assert.equal(playbackStart(ranges, 15), 15);
    assert.equal(playbackStart(ranges, 5), 10);
    assert.equal(playbackStart(ranges, 25), 30);
    assert.equal(playbackStart(ranges, 41), undefined);
    assert.equal(playbackStart([], 41), undefined);
  });

  test("holes are left only where something follows", () => {
    assert.equal(afterHole(ranges, 15), undefined);
    assert.equal(afterHole(ranges, 20), 30);
    assert.equal(afterHole(ranges, 29.995), undefined);
    assert.equal(afterHole(ranges, 40), undefined);
  });
});
