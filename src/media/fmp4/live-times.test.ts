import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../../test/support/random.ts";
import { AudioTimes, type LiveTimes, type SampleTime, VideoTimes } from "./live-times.ts";

interface Input {
  readonly shown: number;
  readonly key?: boolean;
  readonly duration?: number;
}

function run(times: LiveTimes, inputs: readonly Input[]): SampleTime[] {
  return inputs.map(({ shown, key = false, duration }) => times.next({ shown, key, duration }));
}

/** What Chrome takes for a break: a step back, or over twice the duration last declared (MSE §3.5.8). */
function breaks(samples: readonly SampleTime[]): number[] {
  return samples.flatMap(({ decode }, i) => {
    const last = samples[i - 1];
    if (last === undefined) return [];
    return decode < last.decode || decode - last.decode > 2 * last.duration ? [i] : [];
  });
}

const START = 2_000_000;
/** Groups of 24 pictures in decode order I P B B P B B ..., 40 ms apart, then as `at` says. */
function groups(count: number, at = (us: number) => us): Input[] {
  return Array.from({ length: count * 24 }, (_, i) => {
    const [place, group] = [i % 24, Math.floor(i / 24)];
    const shown = place === 0 ? 0 : place % 3 === 1 ? Math.min(23, place + 2) : place - 1;
    return { shown: at(START + (group * 24 + shown) * 40_000), key: place === 0 };
  });
}

const video = (options: { reorder?: number; frameUs?: number } = {}) =>
  new VideoTimes({ timescale: 1_000_000, ...options });

suite("Times of live video", () => {
  test("are the times themselves while nothing is reordered", () => {
    const inputs = Array.from({ length: 50 }, (_, i) => ({
      shown: START + i * 33_333,
      key: i === 0,
    }));
    const samples = run(video({ frameUs: 33_333 }), inputs);
    assert.ok(samples.every(({ offset, duration }) => offset === 0 && duration === 33_333));
  });

  test("of B-frames decode evenly, before they are shown, from the first frame on", () => {
    const inputs = groups(10);
    const samples = run(video({ reorder: 1, frameUs: 40_000 }), inputs);
    assert.deepEqual(breaks(samples), []);
    assert.ok(samples.every(({ offset }) => offset >= 0 && offset <= 160_000));
    const steps = samples.slice(1).map(({ decode }, i) => decode - (samples[i]?.decode ?? 0));
    assert.ok(
      steps.every((step) => step === 40_000),
      "every step is a frame",
    );
  });

  test("show every frame when it says, for streams that do not say how they reorder", () => {
    const inputs = groups(10);
    const samples = run(video(), inputs);
    assert.deepEqual(breaks(samples), []);
    assert.deepEqual(
      samples.map(({ decode, offset }) => decode + offset),
      inputs.map((i) => i.shown),
    );
    assert.ok(samples.slice(24).every(({ offset }) => offset >= 0));
  });

  test("have no break in a pause between two key frames, and catch up", () => {
    const inputs = groups(8, (us) => us + (us > START + 1_200_000 ? 1_500_000 : 0));
    const samples = run(video({ reorder: 1, frameUs: 40_000 }), inputs);
    const keys = inputs.flatMap(({ key }, i) => (key ? [i] : []));
    assert.deepEqual(
      breaks(samples).filter((i) => !keys.includes(i)),
      [],
    );
    assert.ok((samples.at(-1)?.offset ?? 0) < 200_000, "caught up");
    assert.deepEqual(
      samples.map(({ decode, offset }) => decode + offset),
      inputs.map((i) => i.shown),
    );
  });

  test("never break except at key frames, and stay near, whatever the frames' times", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      let us = START;
      const inputs = Array.from({ length: 400 }, (_, i): Input => {
        us += Math.floor(next() * 80_000) + (next() < 0.01 ? 3_000_000 * next() : 0);
        return { shown: us - (next() < 0.3 ? 90_000 * next() : 0), key: i % 50 === 0 };
      });
      const samples = run(video(), inputs);
      for (const i of breaks(samples)) assert.ok(inputs[i]?.key, `seed ${seed}, frame ${i}`);
      for (const [i, { offset }] of samples.entries()) {
        const recent = inputs.slice(Math.max(0, i - 17), i + 1).map(({ shown }) => shown);
        const span = Math.max(...recent) - Math.min(...recent);
        if (inputs[i]?.key) assert.ok(Math.abs(offset) <= span + 1_000_000, `seed ${seed}, ${i}`);
      }
    }
  });

  test("do not drift from the pictures in a day of frames a little slower than announced", () => {
    const times = video({ frameUs: 33_333, reorder: 2 });
    let furthest = 0;
    for (let i = 0; i < 500_000; i++) {
      const { offset } = times.next({
        shown: START + i * 33_367,
        key: i % 60 === 0,
        duration: undefined,
      });
      furthest = Math.max(furthest, Math.abs(offset));
    }
    assert.ok(furthest < 100_000, `${furthest} µs`);
  });

  test("last as long as frames really do when the track announces another rate", () => {
    const inputs = Array.from({ length: 40 }, (_, i) => ({
      shown: START + i * 200_000,
      key: i === 0,
    }));
    const samples = run(video({ frameUs: 16_667 }), inputs);
    assert.equal(samples.at(-1)?.duration, 200_000);
    assert.deepEqual(breaks(samples), []);
    assert.equal(samples.at(-1)?.offset, 0, "caught up");
  });
});

suite("Times of live audio", () => {
  const audio = () => new AudioTimes({ timescale: 48_000 });
  const ms = (i: number) => Math.round((i * 1024) / 48) * 48;

  test("are exact runs of samples although the source rounds to milliseconds", () => {
    const inputs = Array.from({ length: 5000 }, (_, i) => ({ shown: ms(i + 50), duration: 1024 }));
    const samples = run(audio(), inputs);
    for (const [i, { decode, offset }] of samples.entries())
      assert.deepEqual([decode, offset], [(samples[0]?.decode ?? 0) + i * 1024, 0]);
  });

  test("have no break where packets were lost, are heard on time, and decode on time again soon", () => {
    const inputs = Array.from({ length: 400 }, (_, i) => ({
      shown: ms(i + 50 + (i > 99 ? 50 : 0)),
      duration: 1024,
    }));
    const samples = run(audio(), inputs);
    assert.deepEqual(breaks(samples), []);
    for (const [i, { decode, offset }] of samples.entries())
      assert.ok(Math.abs(decode + offset - (inputs[i]?.shown ?? 0)) < 96, `packet ${i}`);
    assert.ok(samples.slice(180).every(({ offset }) => offset === 0));
  });

  test("never go back where packets overlap", () => {
    const inputs = [0, 1, 2, 1, 2, 3].map((i) => ({ shown: 48_000 + i * 1024, duration: 1024 }));
    assert.deepEqual(breaks(run(audio(), inputs)), []);
  });
});
