import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RtmpClock } from "./clock.ts";

/** What a camera sends every 40 ms from `start` on, wrapping at `wrap`; and what the clock makes of it. */
function steady(start: number, wrap: number): number[] {
  const clock = new RtmpClock();
  return Array.from({ length: 500 }, (_, i) => clock.next((start + i * 40) % wrap));
}

const want = Array.from({ length: 500 }, (_, i) => i * 40);

suite("RtmpClock", () => {
  for (const [name, start, wrap] of [
    ["49.7 days: 32 bits", 2 ** 32 - 10_000, 2 ** 32],
    ["24.8 days: the sign of 32 bits", 2 ** 31 - 10_000, 2 ** 32],
    ["4 h 40 min: 24 bits, with an extended timestamp", 2 ** 24 - 10_000, 2 ** 32],
    ["4 h 40 min: 24 bits, without one", 2 ** 24 - 10_000, 2 ** 24],
    ["24 hours", 86_400_000 - 10_000, 2 ** 32],
  ] as const)
    test(`goes on over ${name}`, () => assert.deepEqual(steady(start, wrap), want));

  test("goes back a little when sound comes before picture, also at the wrap", () => {
    const clock = new RtmpClock();
    const sent = [2 ** 32 - 30, 10, 2 ** 32 - 10, 30, 12];
    assert.deepEqual(
      sent.map((time) => clock.next(time)),
      [0, 40, 20, 60, 42],
    );
  });

  test("passes on a real step back, to be treated as a break", () => {
    const clock = new RtmpClock();
    assert.deepEqual(
      [5000, 9000, 0].map((time) => clock.next(time)),
      [0, 4000, -5000],
    );
  });
});
