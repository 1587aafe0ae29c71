import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../test/support/random.ts";
import { tickLabel, zoneOffsetMs } from "./time-text.ts";
import {
  clockChange,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  pan,
  spanOf,
  ticks,
  timeAt,
  type View,
  viewUpTo,
  xOf,
  zoom,
} from "./timeline-model.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 10, 22);
const hour: View = { fromMs: T0, toMs: T0 + HOUR };

suite("the timeline's view", () => {
  test("zooming keeps the time under the pointer where it is", () => {
    const next = random(3);
    let view = hour;
    for (let i = 0; i < 500; i++) {
      const x = next() * 800;
      const before = timeAt(view, 800, x);
      view = zoom(view, 0.2 + next() * 3, x, 800);
      assert.ok(Math.abs(timeAt(view, 800, x) - before) < spanOf(view) / 1000);
    }
  });

  test("stays between its shortest and its longest span", () => {
    assert.equal(spanOf(zoom(hour, 1e-9, 10, 100)), MIN_SPAN_MS);
    assert.equal(spanOf(zoom(hour, 1e9, 10, 100)), MAX_SPAN_MS);
    assert.ok(Math.abs(spanOf(viewUpTo(T0, 1)) - MIN_SPAN_MS) < 1);
  });

  test("panning by its width shows the stretch after it", () => {
    assert.deepEqual(pan(hour, 640, 640), { fromMs: T0 + HOUR, toMs: T0 + 2 * HOUR });
  });

  test("pixels and times are each other's inverse", () => {
    assert.equal(xOf(hour, 600, T0 + HOUR / 2), 300);
    assert.equal(timeAt(hour, 600, 300), T0 + HOUR / 2);
  });
});

suite("the timeline's ticks", () => {
  const utc = { minPx: 80, offsetMs: () => 0 };

  test("stand at round times and never nearer than asked", () => {
    for (let span = MIN_SPAN_MS; span < MAX_SPAN_MS; span *= 1.37) {
      const view = { fromMs: T0 + 12_345, toMs: T0 + 12_345 + span };
      const { stepMs, times } = ticks(view, 1000, utc);
      assert.ok((stepMs / span) * 1000 >= 80 || stepMs === 365 * DAY, `${span}: step ${stepMs}`);
      assert.ok(times.length <= 13, `${times.length} ticks`);
      for (const time of times) assert.equal(time % stepMs, 0);
    }
  });

  test("follow the zone: midnight of UTC+05:30 is a tick of days", () => {
    const offset = 5.5 * HOUR;
    const view = { fromMs: T0, toMs: T0 + 5 * DAY };
    const { stepMs, times } = ticks(view, 500, { minPx: 80, offsetMs: () => offset });
    assert.equal(stepMs, DAY);
    assert.equal(times.length, 5);
    for (const time of times) assert.equal((time + offset) % DAY, 0);
  });
});

suite("ticks where clocks change", () => {
  const offsetMs = (ms: number) => zoneOffsetMs(ms, "Europe/Berlin");
  const labels = (fromMs: number) => {
    const view = { fromMs, toMs: fromMs + 5 * HOUR };
    const { times } = ticks(view, 500, { minPx: 90, offsetMs });
    return times.map((time) => tickLabel(time, HOUR, "Europe/Berlin"));
  };

  test("the hour that comes twice stands twice, the one left out is missing", () => {
    const autumn = labels(Date.UTC(2026, 9, 24, 23));
    assert.deepEqual(autumn, ["01:00", "02:00 +02", "02:00 +01", "03:00", "04:00"]);
    const spring = labels(Date.UTC(2026, 2, 29, 0));
    assert.deepEqual(spring, ["01:00", "03:00", "04:00", "05:00", "06:00"]);
  });

  test("days begin at midnight on both sides of the change", () => {
    const view = { fromMs: Date.UTC(2026, 9, 23), toMs: Date.UTC(2026, 9, 28) };
    const { times } = ticks(view, 500, { minPx: 90, offsetMs });
    for (const time of times) assert.equal((time + offsetMs(time)) % DAY, 0);
    assert.equal(times.length, 5);
  });

  test("the change is found to the millisecond, with its direction", () => {
    const at = Date.UTC(2026, 9, 25, 1);
    const view = { fromMs: at - 7 * HOUR, toMs: at + 3 * HOUR };
    assert.deepEqual(clockChange(view, offsetMs), { atMs: at, byMs: -HOUR });
    assert.equal(clockChange({ fromMs: at, toMs: at + HOUR }, offsetMs), undefined);
  });
});
