import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isoTime } from "../base/clock.ts";
import { millis } from "../base/units.ts";
import { MAX_TIME_MS, parseTime, timeRange } from "./time.ts";

const NOON = 1_795_348_800_000; // 2026-11-22T12:00:00Z

suite("parseTime", () => {
  test("takes every spelling of one moment", () => {
    for (const text of [
      "1795348800000",
      "2026-11-22T12:00:00.000Z",
      "2026-11-22T12:00:00Z",
      "2026-11-22T12:00Z",
      "2026-11-22T12:00",
      "2026-11-22T12:00:00",
      "2026-11-22t12:00:00z",
      "2026-11-22T13:00:00+01:00",
      "2026-11-22T13:00:00+0100",
      "2026-11-22T13:00:00+01",
      "2026-11-22T13:00:00 01:00",
      "2026-11-22T06:15:00-05:45",
      "2026-11-22T12:00:00,0",
      "2026-11-22T12:00:00.000999999Z",
    ])
      assert.equal(parseTime(text), NOON, text);
  });

  test("keeps milliseconds and reads a day as its midnight in UTC", () => {
    assert.equal(parseTime("2026-11-22T12:00:00.2Z"), NOON + 200);
    assert.equal(parseTime("2026-11-22T12:00:00.007Z"), NOON + 7);
    assert.equal(parseTime("2026-11-22"), NOON - 12 * 3_600_000);
    assert.equal(parseTime("0"), 0);
    assert.equal(parseTime(String(MAX_TIME_MS)), MAX_TIME_MS);
  });

  test("reads back what isoTime writes", () => {
    for (let ms = 0; ms < MAX_TIME_MS; ms += 97_777_777_777)
      assert.equal(parseTime(isoTime(ms)), ms);
  });

  test("refuses what is not a time, or not one we can keep, with request.bad-time", () => {
    for (const text of [
      "",
      "tomorrow",
      "-1",
      "1.5",
      "1e9",
      " 1",
      "2026-02-30",
      "2026-13-01",
      "2026-11-22T24:00:00Z",
      "2026-11-22T12:60:00Z",
      "2026-11-22T12:00:00+24:00",
      "2026-11-22T12:00:00+01:60",
      "2026-11-22T12:00:00.Z",
      "2026-11-22 12:00:00",
      "1969-12-31T23:59:59Z",
      "2300-01-01",
      String(MAX_TIME_MS + 1),
      "9".repeat(400),
    ])
      assert.throws(() => parseTime(text), { code: "request.bad-time" }, text);
  });
});

suite("timeRange", () => {
  test("is refused unless it begins before it ends", () => {
    assert.throws(() => timeRange(millis(5), millis(5)), { code: "request.bad-time" });
    assert.throws(() => timeRange(millis(6), millis(5)), { code: "request.bad-time" });
    assert.deepEqual(timeRange(millis(5), millis(6)), { fromMs: 5, toMs: 6 });
  });

  test("ends at the last time there is when it says a later one", () => {
    const range = timeRange(millis(5), millis(8_640_000_000_000_000));
    assert.deepEqual(range, { fromMs: 5, toMs: MAX_TIME_MS });
    assert.throws(() => timeRange(MAX_TIME_MS, millis(MAX_TIME_MS + 1)), {
      code: "request.bad-time",
    });
  });
});
