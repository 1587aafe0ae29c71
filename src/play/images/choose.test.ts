import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { choosePicture, firstDecodable, neededFrames, type TimedFrame } from "./choose.ts";

/** `k` before a time: a key frame. Times in the order of decoding. */
function frames(...list: string[]): TimedFrame[] {
  return list.map((text) => ({ timeUs: Number(text.replace("k", "")), key: text.startsWith("k") }));
}

/** Two groups of B-frames: shown 0 10 20 30, 40 50 60. */
const CLOSED = frames("k0", "30", "10", "20", "k40", "60", "50");
/** The second key frame is decoded before two pictures that are shown before it. */
const OPEN = frames("k0", "10", "k40", "20", "30", "60", "50");

suite("choosePicture", () => {
  test("takes what is shown at the time, and all that is decoded before it", () => {
    assert.deepEqual(choosePicture(CLOSED, 0, "exact"), { first: 0, last: 0 });
    assert.deepEqual(choosePicture(CLOSED, 9, "exact"), { first: 0, last: 0 });
    assert.deepEqual(choosePicture(CLOSED, 10, "exact"), { first: 0, last: 2 });
    assert.deepEqual(choosePicture(CLOSED, 39, "exact"), { first: 0, last: 1 });
    assert.deepEqual(choosePicture(CLOSED, 55, "exact"), { first: 4, last: 6 });
    assert.deepEqual(choosePicture(CLOSED, 1e9, "exact"), { first: 4, last: 5 });
  });

  test("takes the first picture of what begins after the time", () => {
    assert.deepEqual(choosePicture(CLOSED, -5, "exact"), { first: 0, last: 0 });
  });

  test("takes the key frame before the time", () => {
    assert.deepEqual(choosePicture(CLOSED, 39, "key"), { first: 0, last: 0 });
    assert.deepEqual(choosePicture(CLOSED, 55, "key"), { first: 4, last: 4 });
  });

  test("decodes what is shown before its key frame from the key frame before that", () => {
    assert.deepEqual(choosePicture(OPEN, 35, "exact"), { first: 0, last: 4 });
    assert.deepEqual(choosePicture(OPEN, 35, "key"), { first: 0, last: 0 });
    assert.equal(choosePicture(OPEN.slice(2), 35, "exact"), undefined);
    assert.deepEqual(choosePicture(OPEN.slice(2), 55, "exact"), { first: 0, last: 4 });
  });

  test("finds nothing in nothing, and nothing without a key frame", () => {
    assert.equal(choosePicture([], 5, "exact"), undefined);
    assert.equal(choosePicture(frames("0", "10"), 5, "exact"), undefined);
    assert.equal(firstDecodable(frames("0", "10")), undefined);
    assert.deepEqual(firstDecodable(frames("0", "k10")), { first: 1, last: 1 });
  });
});

suite("neededFrames", () => {
  test("leaves out what refers to the group before", () => {
    const group = OPEN.slice(2);
    const chosen = choosePicture(group, 55, "exact");
    assert.ok(chosen);
    assert.deepEqual(neededFrames(group, chosen), frames("k40", "60", "50"));
    assert.deepEqual(neededFrames(OPEN, { first: 0, last: 4 }), OPEN.slice(0, 5));
  });
});
