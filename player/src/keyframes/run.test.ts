import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { PageWish, Picture, PicturePage } from "./pictures.ts";
import { KeyframeRun } from "./run.ts";

const TRACK = { kind: "track", codec: "V_VP8", width: 1, height: 1 } as const;
const picture = (timeMs: number): Picture => ({
  ...{ timeMs, payload: new Uint8Array(1), track: TRACK },
});

/** Key frames at these times, in pages of `page`. */
function library(times: readonly number[], page = 3) {
  const wishes: PageWish[] = [];
  const load = async (wish: PageWish): Promise<PicturePage> => {
    wishes.push(wish);
    const { atMs, backward } = wish;
    const inOrder = backward ? times.toReversed() : times;
    const rest = inOrder.filter((ms) => (backward ? ms < atMs : ms >= atMs));
    const next = rest[page];
    const nextMs = next === undefined || !backward ? next : next + 1;
    return { pictures: rest.slice(0, page).map(picture), nextMs };
  };
  return { wishes, load };
}

function start(times: readonly number[], speed: number, startMs: number) {
  const clock = new FakeClock();
  const shown: [number, number][] = [];
  const skipped: [number, number][] = [];
  const ends: string[] = [];
  const { wishes, load } = library(times);
  const began = clock.elapsed();
  const run = new KeyframeRun({
    ...{ clock, load, speed, startMs, shown: () => {}, ended: () => ends.push("ended") },
    screen: {
      show: async ({ timeMs }) => void shown.push([clock.elapsed() - began, timeMs]),
      close: () => {},
    },
    skipped: (from, to) => skipped.push([from, to]),
    failed: (error) => ends.push(String(error)),
  });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 33) {
      // Answers come between two ticks.
      for (let i = 0; i < 8; i++) await Promise.resolve();
      clock.advance(33);
    }
    for (let i = 0; i < 8; i++) await Promise.resolve();
  };
  return { run, shown, skipped, ends, wishes, pass };
}

const TIMES = Array.from({ length: 40 }, (_, i) => i * 2000);

suite("KeyframeRun", () => {
  test("shows each key frame when it is due, at the speed asked for", async () => {
    const { shown, pass, ends, wishes } = start(TIMES, 16, 1000);
    await pass(4000);
    assert.deepEqual(
      shown.slice(0, 20).map(([, ms]) => ms),
      TIMES.slice(1, 21),
    );
    for (const [at, ms] of shown)
      assert.ok(Math.abs(at - (ms - 1000) / 16) < 150, `${ms} after ${at} ms`);
    assert.ok(wishes.every(({ stepMs, backward }) => stepMs === 1600 && !backward));
    assert.deepEqual(ends, []);
    await pass(2000);
    assert.deepEqual(ends, ["ended"]);
    assert.equal(shown.at(-1)?.[1], 78_000);
  });

  test("goes backwards, leaves out what is late, and ends with the first", async () => {
    const { run, shown, pass, ends } = start(TIMES, -64, 70_500);
    await pass(3000);
    const times = shown.map(([, ms]) => ms);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
    assert.equal(times[0], 70_000);
    assert.equal(times.at(-1), 0);
    assert.equal(run.positionMs, 0);
    assert.deepEqual(ends, ["ended"]);
  });

  test("leaves out a gap at once, and says which", async () => {
    const { shown, skipped, pass } = start([0, 2000, 90_000, 92_000], 2, 0);
    await pass(2500);
    assert.deepEqual(skipped, [[2000, 90_000]]);
    assert.deepEqual(
      shown.map(([, ms]) => ms),
      [0, 2000, 90_000, 92_000],
    );
  });

  test("does not run on while nothing comes, and says for how long it waits", async () => {
    const clock = new FakeClock();
    const answers: ((page: PicturePage) => void)[] = [];
    const times: number[] = [];
    const run = new KeyframeRun({
      ...{ clock, speed: 32, startMs: 0, shown: () => {}, skipped: () => {} },
      ...{ ended: () => {}, failed: () => {} },
      load: () => new Promise((done) => answers.push(done)),
      screen: { show: async ({ timeMs }) => void times.push(timeMs), close: () => {} },
    });
    clock.advance(5000);
    assert.ok(run.waitsMs > 4900, `${run.waitsMs}`);
    answers[0]?.({ pictures: [0, 2000, 4000].map(picture), nextMs: undefined });
    for (let i = 0; i < 8; i++) await Promise.resolve();
    clock.advance(33);
    for (let i = 0; i < 8; i++) await Promise.resolve();
    assert.deepEqual([times, run.waitsMs], [[0], 0]);
    run.stop();
    clock.advance(1000);
    assert.deepEqual(times, [0]);
  });
});
