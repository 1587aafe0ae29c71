import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  civilOf,
  dayStart,
  daysFromCivil,
  daysInMonth,
  fieldText,
  leadingBlanks,
  momentsOf,
  readField,
} from "./civil.ts";

const BERLIN = "Europe/Berlin";

suite("days and typed times", () => {
  test("days agree with the runtime's calendar over two thousand years", () => {
    for (let day = -400_000; day < 500_000; day += 997) {
      const date = new Date(day * 86_400_000);
      const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
      assert.equal(daysFromCivil(y, m, d), day);
      const civil = civilOf(day * 86_400_000 + 3_723_000, "UTC");
      assert.deepEqual(civil, { year: y, month: m, day: d, hour: 1, minute: 2, second: 3 });
      assert.equal(leadingBlanks(y, m), (new Date(Date.UTC(y, m - 1, 1)).getUTCDay() + 6) % 7);
    }
  });

  test("months have their lengths", () => {
    assert.deepEqual(
      [2024, 2026, 2100, 2000].map((year) => daysInMonth(year, 2)),
      [29, 28, 28, 29],
    );
    assert.equal(daysInMonth(2026, 12), 31);
  });

  test("the hour that comes twice is two moments, the one that is left out none", () => {
    const at = (month: number, day: number) => ({
      ...{ year: 2026, month, day, hour: 2, minute: 30, second: 0 },
    });
    const twice = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)];
    assert.deepEqual(momentsOf(at(10, 25), BERLIN), twice);
    assert.deepEqual(momentsOf(at(3, 29), BERLIN), []);
    assert.deepEqual(momentsOf(at(6, 1), BERLIN), [Date.UTC(2026, 5, 1, 0, 30)]);
  });

  test("days have 23 and 25 hours, and begin after a midnight that is left out", () => {
    const hours = (month: number, day: number) =>
      (dayStart(2026, month, day + 1, BERLIN) - dayStart(2026, month, day, BERLIN)) / 3_600_000;
    assert.deepEqual([hours(3, 29), hours(10, 25), hours(6, 1)], [23, 25, 24]);
    // Cairo puts its clocks on at midnight.
    assert.equal(civilOf(dayStart(2026, 4, 24, "Africa/Cairo"), "Africa/Cairo").hour, 1);
  });

  test("a field's text is read back, and nonsense is not", () => {
    const ms = Date.UTC(2026, 10, 22, 21, 24, 5);
    assert.equal(fieldText(ms, BERLIN), "2026-11-22T22:24:05");
    const civil = readField("2026-11-22T22:24:05");
    assert.ok(civil);
    assert.deepEqual(momentsOf(civil, BERLIN), [ms]);
    assert.equal(readField("2026-11-22T22:24")?.second, 0);
    for (const bad of ["", "2026-02-30T00:00", "2026-13-01T00:00", "2026-01-01T24:00"])
      assert.equal(readField(bad), undefined, bad);
  });
});
