import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  clockText,
  dateOf,
  lengthText,
  tickLabel,
  timeOfDay,
  zoneOf,
  zoneOffsetMs,
} from "./time-text.ts";

/** The night in which Berlin's clocks go back from 03:00 to 02:00. */
const BEFORE = Date.UTC(2026, 9, 25, 0, 30);
const AFTER = Date.UTC(2026, 9, 25, 1, 30);
const BERLIN = "Europe/Berlin";

suite("times for people", () => {
  test("the hour that comes twice is told apart by its offset", () => {
    assert.equal(timeOfDay(BEFORE, BERLIN), "02:30:00");
    assert.equal(timeOfDay(AFTER, BERLIN), "02:30:00");
    assert.equal(clockText(BEFORE, BERLIN), "02:30:00 UTC+02:00");
    assert.equal(clockText(AFTER, BERLIN), "02:30:00 UTC+01:00");
    assert.equal(clockText(AFTER + 3_600_000, BERLIN), "03:30:00");
    assert.equal(clockText(BEFORE - 3_600_000, BERLIN), "01:30:00");
    assert.equal(zoneOf(BEFORE, BERLIN), "UTC+02:00");
    assert.equal(zoneOf(AFTER, BERLIN), "UTC+01:00");
    assert.equal(zoneOffsetMs(BEFORE, BERLIN), 7_200_000);
    assert.equal(zoneOffsetMs(AFTER, "America/St_Johns"), -9_000_000);
    assert.equal(zoneOffsetMs(AFTER, "UTC"), 0);
  });

  test("dates are written out", () => {
    assert.equal(dateOf(AFTER, BERLIN), "Sun 25 Oct 2026");
    assert.equal(timeOfDay(Date.UTC(2026, 0, 1), "UTC"), "00:00:00");
  });

  test("a tick shows what its step needs, and midnight shows the day", () => {
    const at = Date.UTC(2026, 0, 2, 13, 5, 7);
    assert.equal(tickLabel(at, 1000, "UTC"), "13:05:07");
    assert.equal(tickLabel(at, 60_000, "UTC"), "13:05");
    assert.equal(tickLabel(at, 86_400_000, "UTC"), "02 Jan");
    assert.equal(tickLabel(at, 365 * 86_400_000, "UTC"), "2026");
    assert.equal(tickLabel(Date.UTC(2026, 0, 2), 60_000, "UTC"), "02 Jan");
  });

  test("lengths have two units at most", () => {
    assert.equal(lengthText(999), "0 s");
    assert.equal(lengthText(90_000), "1 min 30 s");
    assert.equal(lengthText(3_600_000), "1 h");
    assert.equal(lengthText(90_061_000), "1 d 1 h");
  });
});
