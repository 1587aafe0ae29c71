import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../test/support/random.ts";
import type { Span } from "./coverage-types.ts";
import { GAP_PX, notches, RecordedIndex } from "./recorded-index.ts";
import type { View } from "./timeline-model.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 10, 22);
const hour: View = { fromMs: T0, toMs: T0 + HOUR };

function byChance(seed: number, scale = 0.3): Span[] {
  const next = random(seed);
  const ranges: Span[] = [];
  for (let at = T0 - HOUR; at < T0 + 2 * HOUR; ) {
    const from = Math.floor(at + next() * HOUR * scale);
    at = Math.floor(from + 1 + next() * HOUR * scale);
    ranges.push({ from, to: at });
  }
  return ranges;
}

const range = (from: number, to: number) => ({ from: T0 + from, to: T0 + to });
const drawn = (ranges: Span[], view = hour, width = 600) => {
  const parts = new RecordedIndex(ranges).columns(view, width);
  return notches(parts, (view.toMs - view.fromMs) / width);
};

suite("what is recorded, by pixel", () => {
  test("every column holds exactly its recorded part, whatever the ranges", () => {
    for (let seed = 1; seed < 60; seed++) {
      const ranges = byChance(seed, seed % 2 === 0 ? 0.3 : 0.002);
      const parts = new RecordedIndex(ranges).columns(hour, 400);
      const columnMs = HOUR / 400;
      for (const [x, part] of parts.entries()) {
        const [from, to] = [T0 + x * columnMs, T0 + (x + 1) * columnMs];
        const real = ranges.reduce(
          (sum, one) => sum + Math.max(0, Math.min(to, one.to) - Math.max(from, one.from)),
          0,
        );
        assert.ok(Math.abs(part - real / columnMs) < 1e-6, `seed ${seed}, column ${x}`);
      }
    }
  });

  test("a second in a month is drawn faintly, not as a full column", () => {
    const month = { fromMs: T0, toMs: T0 + 30 * DAY };
    const parts = new RecordedIndex([range(DAY, DAY + 1000)]).columns(month, 1000);
    const most = parts.reduce((high, part) => Math.max(high, part), 0);
    assert.ok(most > 0 && most < 0.01, `${most}`);
  });

  test("ten seconds of every minute are a sixth, although the ranges hide the gaps", () => {
    const month = { fromMs: T0, toMs: T0 + 30 * DAY };
    const bucketMs = (30 * DAY) / 1000;
    const recordedMs = new Array<number>(1000).fill(bucketMs / 6);
    const density = { fromMs: T0, bucketMs, recordedMs };
    const index = new RecordedIndex([range(0, 30 * DAY)], density);
    const parts = index.columns(month, 1000);
    assert.ok(parts.every((part) => Math.abs(part - 1 / 6) < 1e-3));
    assert.equal(notches(parts, bucketMs).length, 0, "that is no row of gaps");
    // Zoomed and panned before the next answer comes, it is the same.
    const near = { fromMs: T0 + 3 * DAY + 777, toMs: T0 + 5 * DAY };
    assert.ok(index.columns(near, 800).every((part) => Math.abs(part - 1 / 6) < 1e-3));
  });

  test("one hidden gap of a minute in a month is a notch at its place", () => {
    const month = { fromMs: T0, toMs: T0 + 30 * DAY };
    const bucketMs = (30 * DAY) / 1000;
    const recordedMs = Array.from({ length: 1000 }, (_, i) => bucketMs - (i === 400 ? 60_000 : 0));
    const density = { fromMs: T0, bucketMs, recordedMs };
    const parts = new RecordedIndex([range(0, 30 * DAY)], density).columns(month, 1000);
    const [notch, ...others] = notches(parts, bucketMs);
    assert.deepEqual(others, []);
    assert.ok(notch !== undefined && Math.abs(notch.x + GAP_PX / 2 - 400.5) <= 1, `${notch?.x}`);
  });

  test("rounding of what the server counts makes no gap", () => {
    const bucketMs = 333.3333;
    const recordedMs = Array.from({ length: 500 }, () => Math.round(bucketMs * 10) / 10);
    const index = new RecordedIndex([range(0, HOUR)], { fromMs: T0, bucketMs, recordedMs });
    const view = { fromMs: T0, toMs: T0 + 500 * bucketMs };
    assert.equal(notches(index.columns(view, 500), bucketMs).length, 0);
  });

  test("the range at a time and those around it are found as by looking at all", () => {
    for (let seed = 1; seed < 20; seed++) {
      const ranges = byChance(seed, 0.05);
      const index = new RecordedIndex(ranges);
      const next = random(seed + 99);
      for (let i = 0; i < 200; i++) {
        const ms = Math.floor(T0 - HOUR + next() * 3 * HOUR);
        const found = ranges.find(({ from, to }) => from <= ms && ms < to);
        assert.deepEqual(index.at(ms), found);
        if (found !== undefined) continue;
        assert.deepEqual(index.around(ms), {
          before: ranges.findLast(({ to }) => to <= ms),
          after: ranges.find(({ from }) => from > ms),
        });
      }
    }
  });
});

suite("gaps as notches", () => {
  test("stand where the columns would hide them, and nowhere else", () => {
    // A pixel is 6 s. Half a second is missing: seen only as a notch.
    const [notch] = drawn([range(0, HOUR / 2), range(HOUR / 2 + 500, HOUR)]);
    assert.ok(notch !== undefined && Math.abs(notch.x + GAP_PX / 2 - 300) <= 1, `${notch?.x}`);
    // A minute is missing: the columns are empty.
    assert.equal(drawn([range(0, HOUR / 2), range(HOUR / 2 + 60_000, HOUR)]).length, 0);
    // One second in six: notches would leave nothing of it.
    const often = Array.from({ length: 600 }, (_, i) => range(i * 6000, i * 6000 + 1000));
    assert.equal(drawn(often).length, 0);
  });

  test("stand for every short gap, wherever it falls between pixels", () => {
    for (let i = 0; i < 300; i++) {
      const at = HOUR / 4 + i * 137;
      const found = drawn([range(0, at), range(at + 100, HOUR)]);
      assert.equal(found.length, 1, `at ${at}`);
      assert.ok(Math.abs((found[0]?.x ?? 0) + GAP_PX / 2 - (at + 50) / 6000) <= 1, `at ${at}`);
    }
  });

  test("near each other are marked as a crowd, and are never more than fit", () => {
    const ranges = Array.from({ length: 100 }, (_, i) => range(i * 36_000, i * 36_000 + 35_900));
    const crowd = drawn(ranges);
    assert.ok(crowd.length >= 98 && crowd.every(({ crowded }) => crowded));
    const many = Array.from({ length: 50_000 }, (_, i) => range(i * 72, i * 72 + 71));
    assert.ok(drawn(many).length <= 300);
  });
});
