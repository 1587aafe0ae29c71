import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { random } from "../../test/support/random.ts";
import { LiveEdge, MARGIN_S, MAX_MARGIN_S, MAX_RATE, MIN_RATE, rateFor } from "./live-edge.ts";

interface Scenario {
  /** Frame interval and frames per chunk. */
  readonly frameMs: number;
  readonly perChunk: number;
  /** Delay of each chunk, ms. */
  readonly delayMs: (nowMs: number) => number;
  /** Buffered ahead at the start, seconds. */
  readonly startS: number;
  readonly seconds: number;
}

/** A playhead and a buffer end, moved in steps of 5 ms; decisions every 200 ms. */
function simulate(edge: LiveEdge, scenario: Scenario) {
  const { frameMs, perChunk, delayMs, seconds } = scenario;
  const chunkMs = frameMs * perChunk;
  const rates: number[] = [];
  let [end, head, rate, seeks, stalls] = [scenario.startS, 0, 1, 0, 0];
  let starving = false;
  let produced = 0;
  const arriving: { at: number; s: number }[] = [];
  for (let now = 0; now < seconds * 1000; now += 5) {
    for (; produced * chunkMs <= now; produced++) {
      const before = arriving.at(-1)?.at ?? 0;
      arriving.push({ at: Math.max(before, now + delayMs(now)), s: chunkMs / 1000 });
    }
    while ((arriving[0]?.at ?? Infinity) <= now) {
      edge.sample(now, end - head);
      end += arriving.shift()?.s ?? 0;
    }
    const step = Math.min((rate * 5) / 1000, end - head);
    head += step;
    if (step < 0.004 && !starving) {
      stalls++;
      edge.stalled(now);
    }
    starving = step < 0.004;
    if (now % 200 !== 0) continue;
    const action = edge.decide(now);
    if (action.kind === "seek") {
      head = end - action.beforeEndS;
      seeks++;
      edge.moved();
    } else rate = action.rate;
    rates.push(rate);
  }
  return { ahead: end - head, rates, seeks, stalls, trough: edge.troughS ?? Number.NaN };
}

const steady = { frameMs: 40, perChunk: 1, delayMs: () => 0, seconds: 30 };

suite("LiveEdge", () => {
  test("drains what had piled up before the join without a seek, and then plays at rate 1", () => {
    const edge = new LiveEdge(false);
    const { trough, seeks, rates } = simulate(edge, { ...steady, startS: 0.6 });
    assert.equal(seeks, 0);
    assert.ok(Math.abs(trough - MARGIN_S.video) < 0.03, `trough ${trough}`);
    assert.ok(rates.slice(-20).every((rate) => rate === 1));
  });

  test("holds the trough at the margin however large the chunks are", () => {
    for (const perChunk of [1, 3, 6, 12]) {
      const edge = new LiveEdge(false);
      const { trough, stalls } = simulate(edge, { ...steady, perChunk, startS: 0.6 });
      assert.ok(Math.abs(trough - MARGIN_S.video) < 0.03, `${perChunk} frames: trough ${trough}`);
      assert.equal(stalls, 0, `${perChunk} frames`);
    }
  });

  test("seeks when the newest frame is far ahead, once", () => {
    const { seeks, trough } = simulate(new LiveEdge(true), { ...steady, startS: 3 });
    assert.equal(seeks, 1);
    assert.ok(trough < 0.3, `trough ${trough}`);
  });

  test("comes back to the live edge after an outage of 3 s", () => {
    const delayMs = (now: number) => (now > 8000 && now < 11_000 ? 11_000 - now : 0);
    const { trough, seeks } = simulate(new LiveEdge(false), { ...steady, delayMs, startS: 0.1 });
    assert.ok(seeks <= 1, `${seeks} seeks`);
    assert.ok(trough < 0.25, `trough ${trough}`);
  });

  test("a wider margin after each stall ends the stalls on a jittery network", () => {
    const next = random(7);
    const delayMs = () => next() * 80;
    const edge = new LiveEdge(false);
    simulate(edge, { ...steady, delayMs, startS: 0.06 });
    const { stalls } = simulate(edge, { ...steady, delayMs, startS: edge.marginS, seconds: 10 });
    assert.ok(stalls <= 2, `${stalls} stalls`);
  });

  test("the margin shrinks back to its base when it has been calm for 8 s", () => {
    const edge = new LiveEdge(true);
    edge.stalled(0);
    const wide = edge.marginS;
    for (let now = 0; now <= 7900; now += 100) edge.decide(now);
    assert.equal(edge.marginS, wide);
    for (let now = 8000; now < 120_000; now += 100) edge.decide(now);
    assert.ok(edge.marginS < MARGIN_S.audio + 0.002, `margin ${edge.marginS}`);
  });

  test("the margin stays under its limit however often playback stalls", () => {
    const edge = new LiveEdge(false);
    for (let i = 0; i < 100; i++) edge.stalled(i * 100);
    assert.equal(edge.marginS, MAX_MARGIN_S);
  });

  test("the rate never leaves its bounds, and is 1 inside of the dead zone", () => {
    for (let error = -5; error < 0.7; error += 0.001) {
      const rate = rateFor(error);
      assert.ok(rate >= MIN_RATE && rate <= MAX_RATE, `${error}: ${rate}`);
    }
    assert.equal(rateFor(0.014), 1);
    assert.equal(rateFor(-0.011), 1);
    assert.ok(rateFor(0.02) >= 1.02);
    assert.ok(rateFor(-0.02) <= 0.99);
  });
});
