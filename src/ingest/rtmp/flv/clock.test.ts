import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RtmpClock } from "./clock.ts";

/** What a camera sends every 40 ms from `start` on, wrapping at `wrap`; and what the clock makes of it. */
function steady(start: number, wrap: number): number[] {
  const clock = new RtmpClock();
  return Array.from({ length: 500 }, (_, i) => clock.next("video", (start + i * 40) % wrap));
}

const want = Array.from({ length: 500 }, (_, i) => i * 40);

type Sent = readonly [track: "audio" | "video", ms: number];

/** Pictures every 40 ms, each before the sound of the 93 ms in front of it; then the other way round. */
const crossed: readonly Sent[] = Array.from({ length: 40 }, (_, i): Sent[] => {
  const [picture, sound]: [Sent, Sent] = [
    ["video", i * 40],
    ["audio", i * 40 - 93],
  ];
  return i % 2 === 0 ? [picture, sound] : [sound, picture];
}).flat();

const WRAPS = [
  ["49.7 days: 32 bits", 2 ** 32, 2 ** 32],
  ["24.8 days: the sign of 32 bits", 2 ** 31, 2 ** 32],
  ["4 h 40 min: 24 bits, with an extended timestamp", 2 ** 24, 2 ** 32],
  ["4 h 40 min: 24 bits, without one", 2 ** 24, 2 ** 24],
  ["24 hours", 86_400_000, 2 ** 32],
  ["24 hours in 24 bits: the fifth wrap", 5 * 2 ** 24, 2 ** 24],
] as const;

suite("RtmpClock", () => {
  for (const [name, at, wrap] of WRAPS)
    test(`goes on over ${name}`, () => assert.deepEqual(steady(at - 10_000, wrap), want));

  // Begun 800 ms before the wrap, at it, and just after it, with the sound before it: no jump either way.
  for (const [name, at, wrap] of WRAPS)
    test(`goes back a little when sound and picture cross ${name}`, () => {
      for (const before of [800, 60, 0]) {
        const clock = new RtmpClock();
        const first = crossed[0]?.[1] ?? 0;
        assert.deepEqual(
          crossed.map(([track, ms]) => clock.next(track, (at - before + ms + wrap) % wrap)),
          crossed.map(([, ms]) => ms - first),
          `${before} ms before`,
        );
      }
    });

  test("the same on one track: a late message at the wrap of 24 and of 32 bits", () => {
    for (const wrap of [2 ** 24, 2 ** 32]) {
      const clock = new RtmpClock();
      const sent = [wrap - 30, 10, wrap - 10, 30, 12];
      assert.deepEqual(
        sent.map((time) => clock.next("video", time)),
        [0, 40, 20, 60, 42],
        `${wrap}`,
      );
    }
  });

  test("an encoder whose pictures say 24 bits while the deltas of its sound add up past them", () => {
    const clock = new RtmpClock();
    const got = Array.from({ length: 100 }, (_, i) => {
      const ms = 3 * 2 ** 24 - 1000 + i * 20;
      return [clock.next("video", ms % 2 ** 24), clock.next("audio", ms + 5)];
    });
    assert.deepEqual(
      got,
      Array.from({ length: 100 }, (_, i) => [i * 20, i * 20 + 5]),
    );
  });

  test("a sound that starts again after four weeks is where the picture is", () => {
    const clock = new RtmpClock();
    const day = 86_400_000;
    clock.next("audio", 0);
    for (let at = 0; at <= 28; at++) clock.next("video", at * day);
    assert.equal(clock.next("audio", 28 * day + 15), 28 * day + 15);
  });

  test("a sound that has stopped draws no picture to itself where 24 bits are over again", () => {
    const clock = new RtmpClock();
    clock.next("audio", 0);
    for (let ms = 0; ms < 3.5 * 2 ** 24; ms += 9999) assert.equal(clock.next("video", ms), ms);
  });

  test("sound and picture on clocks of their own, half the range apart, do not drift", () => {
    const clock = new RtmpClock();
    const got = Array.from({ length: 50 }, (_, i) => [
      clock.next("video", i * 40),
      clock.next("audio", (2 ** 31 + i * 40 + (i % 3) * 7 - 7) >>> 0),
    ]);
    const [[, apart = 0] = []] = got;
    for (const [i, [video, audio = 0]] of got.entries()) {
      assert.equal(video, i * 40);
      assert.ok(Math.abs(audio - apart - i * 40) <= 14, `${i}: ${audio}`);
    }
  });

  test("passes on a real step back, to be treated as a break", () => {
    const clock = new RtmpClock();
    assert.deepEqual(
      [5000, 9000, 0].map((time) => clock.next("video", time)),
      [0, 4000, -5000],
    );
  });

  test("an encoder that begins its clock anew after hours goes on where it was, sound and picture together", () => {
    const clock = new RtmpClock();
    const hours = 3 * 3_600_000;
    const sent: Sent[] = [
      ["video", hours],
      ["audio", hours + 10],
      ["video", 0],
      // Still of the old clock.
      ["audio", hours + 31],
      ["audio", 12],
      ["video", 40],
    ];
    assert.deepEqual(
      sent.map(([track, ms]) => clock.next(track, ms)),
      [0, 10, 10, 31, 22, 50],
    );
  });
});
