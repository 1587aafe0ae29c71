import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { HOLE_MS, linePath, nearest, niceTop, place, timeMarks } from "./chart-scale.ts";

const frame = { fromMs: 0, toMs: 100_000, top: 10, width: 200, height: 50 };

suite("charts", () => {
  test("the top is round and not below the largest value", () => {
    assert.deepEqual(
      [0, 0.3, 1, 1.1, 2.2, 4, 7, 430, 1e9].map(niceTop),
      [1, 0.5, 1, 2, 2.5, 5, 10, 500, 1e9],
    );
  });

  test("time to the right, value upwards, nothing above the top", () => {
    assert.deepEqual(place({ atMs: 50_000, value: 5 }, frame), [100, 25]);
    assert.deepEqual(place({ atMs: 100_000, value: 99 }, frame), [200, 0]);
  });

  test("a hole in the samples is a hole in the line", () => {
    const points = [
      { atMs: 0, value: 0 },
      { atMs: 10_000, value: 10 },
      { atMs: 20_000, value: undefined },
      { atMs: 30_000, value: 10 },
      { atMs: 30_001 + HOLE_MS, value: 0 },
    ];
    assert.equal(linePath(points, frame), "M0.0 50.0h0L20.0 0.0M60.0 0.0h0M130.0 50.0h0");
    assert.equal(linePath([], frame), "");
  });

  test("marks of time are whole, and not too many", () => {
    assert.deepEqual(timeMarks(30_000, 200_000), [60_000, 120_000, 180_000]);
    const hours = timeMarks(0, 3 * 3_600_000, 6);
    assert.deepEqual(
      hours.map((at) => at / 60_000),
      [0, 30, 60, 90, 120, 150, 180],
    );
  });

  test("the nearest sample that has a value", () => {
    const points = [
      { atMs: 0, value: 1 },
      { atMs: 10, value: undefined },
      { atMs: 30, value: 3 },
    ];
    assert.equal(nearest(points, 11)?.atMs, 0);
    assert.equal(nearest(points, 1000)?.atMs, 30);
    assert.equal(nearest([], 1), undefined);
  });
});
