import assert from "node:assert/strict";
import { test } from "node:test";
import { Forecaster, SAMPLE_EVERY_MS } from "./forecast.ts";

const HOUR = SAMPLE_EVERY_MS;

test("growth, what was recorded, and the days left; nothing before a day has passed", () => {
  const forecaster = new Forecaster();
  for (let hour = 0; hour < 24; hour++) {
    assert.equal(forecaster.isDue(hour * HOUR), true);
    forecaster.add({ atMs: hour * HOUR, storedBytes: 1000 + 2 * hour, removedBytes: 3 * hour });
    assert.equal(forecaster.isDue((hour + 0.5) * HOUR), false);
    assert.equal(forecaster.forecast(480), undefined);
  }
  forecaster.add({ atMs: 24 * HOUR, storedBytes: 1048, removedBytes: 72 });
  const seen = { overHours: 24, recordedPerDay: 120, growthPerDay: 48 };
  assert.deepEqual(forecaster.forecast(480), { ...seen, daysLeft: 10 });
  assert.deepEqual(forecaster.forecast(undefined), seen);
});

test("looks back a week, and an archive that shrinks has no last day", () => {
  const forecaster = new Forecaster();
  for (let hour = 0; hour <= 400; hour++)
    forecaster.add({ atMs: hour * HOUR, storedBytes: 10_000 - hour, removedBytes: hour });
  assert.deepEqual(forecaster.forecast(5), {
    overHours: 168,
    recordedPerDay: 0,
    growthPerDay: -24,
  });
});
