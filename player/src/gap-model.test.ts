import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { causeText, gapAt, inside, nextRange, placeText, previousRange } from "./gap-model.ts";
import { RecordedIndex } from "./recorded-index.ts";

const ranges = [
  { from: 100_000, to: 200_000 },
  { from: 300_000, to: 400_000 },
];
const gaps = [{ from: 200_000, to: 300_000, cause: "offline" }];
const loaded = { span: { from: 0, to: 1_000_000 }, index: new RecordedIndex(ranges), gaps };
const NOW = 900_000;

suite("gaps", () => {
  test("a time in a gap gives the whole gap and its cause", () => {
    assert.deepEqual(gapAt(loaded, 250_000, NOW), { from: 200_000, to: 300_000, cause: "offline" });
    assert.deepEqual(gapAt(loaded, 200_000, NOW)?.from, 200_000);
    assert.equal(gapAt(loaded, 199_999, NOW), undefined);
    assert.equal(gapAt(loaded, 300_000, NOW), undefined);
  });

  test("before the first and after the last recording is a gap, too, up to now", () => {
    assert.deepEqual(gapAt(loaded, 50_000, NOW), { from: 0, to: 100_000 });
    assert.deepEqual(gapAt(loaded, 500_000, NOW), { from: 400_000, to: NOW });
  });

  test("what may still be arriving is none, and neither is what was not loaded", () => {
    assert.equal(gapAt(loaded, 405_000, 410_000), undefined);
    assert.equal(gapAt(loaded, 2_000_000, 3_000_000), undefined);
  });

  test("next and previous go to starts; shortly after a start, previous is the one before", () => {
    assert.equal(nextRange(ranges, 250_000)?.from, 300_000);
    assert.equal(nextRange(ranges, 350_000), undefined);
    assert.equal(previousRange(ranges, 350_000)?.from, 300_000);
    assert.equal(previousRange(ranges, 301_000)?.from, 100_000);
    assert.equal(previousRange(ranges, 100_000), undefined);
  });

  test("what is recorded of a clip, and its gaps", () => {
    assert.deepEqual(inside(ranges, { from: 150_000, to: 450_000 }), {
      ms: 150_000,
      gaps: [
        { from: 200_000, to: 300_000 },
        { from: 400_000, to: 450_000 },
      ],
    });
    assert.deepEqual(inside(ranges, { from: 120_000, to: 130_000 }), { ms: 10_000, gaps: [] });
  });

  test("under the pointer: the gap with its cause, or how much of the pixel is recorded", () => {
    const clock = { nowMs: NOW, zone: "UTC" };
    const say = (from: number, to: number) => placeText(loaded, { from, to }, clock);
    assert.equal(
      say(249_000, 251_000),
      "No recording 00:03:20–00:05:00 (1 min 40 s): camera offline",
    );
    assert.equal(say(120_000, 130_000), "");
    assert.equal(say(150_000, 225_000), "67 % of 1 min 15 s recorded here");
    assert.equal(say(-250_000, 550_000), "", "not all of it was loaded");
  });

  test("causes are words; one that is not known is shown as it is", () => {
    assert.equal(causeText("offline"), "camera offline");
    assert.equal(causeText("no-media"), "");
    assert.equal(causeText("flood"), "flood");
  });
});
