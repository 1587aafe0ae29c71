import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Fault } from "../../src/base/errors.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import type { CoverageWish } from "./api.ts";
import { CoverageLoader } from "./coverage-loader.ts";

const DAY = 86_400_000;

/** A server that refuses what has more than `most` parts; a view that can be set. */
function start(most: number) {
  const clock = new FakeClock();
  const wishes: CoverageWish[] = [];
  let view = { fromMs: 100 * DAY, toMs: 130 * DAY };
  const loader = new CoverageLoader({
    clock,
    view: () => ({ view, width: 1000 }),
    loaded: () => {},
    load: async (wish) => {
      wishes.push(wish);
      if ((wish.to - wish.from) / wish.resolutionMs > most)
        throw new Fault("request.too-large", "too many");
      return { ranges: [], gaps: [] };
    },
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const show = (spanMs: number) => {
    view = { fromMs: 100 * DAY, toMs: 100 * DAY + spanMs };
    loader.soon();
  };
  return { loader, wishes, pass, show };
}

suite("loading what is recorded", () => {
  test("asks for the view and half as much on both sides, in parts that are its pixels", async () => {
    const { wishes, pass, loader } = start(Number.POSITIVE_INFINITY);
    await pass(0);
    const [wish] = wishes;
    const pixelMs = (30 * DAY) / 1000;
    assert.deepEqual(
      [wish?.from, wish?.to, wish?.buckets, wish?.resolutionMs],
      [85 * DAY, 145 * DAY, 2000, pixelMs / 16],
    );
    loader.stop();
  });

  test("asks again soon when the view has changed while an answer was on its way", async () => {
    const { wishes, pass, show, loader } = start(Number.POSITIVE_INFINITY);
    const asked = pass(0);
    show(DAY);
    await asked;
    assert.equal(wishes.length, 1);
    await pass(200);
    assert.equal(wishes.at(-1)?.resolutionMs, DAY / 1000 / 16);
    loader.stop();
  });

  test("asks more coarsely when the answer would be too large, and finely again when zoomed in", async () => {
    const { wishes, pass, show, loader } = start(10_000);
    await pass(0);
    await pass(200);
    const perPixel = () =>
      ((wishes.at(-1)?.resolutionMs ?? 0) /
        ((wishes.at(-1)?.to ?? 0) - (wishes.at(-1)?.from ?? 0))) *
      2000;
    assert.equal(wishes.length, 2);
    assert.ok(Math.abs(perPixel() - 1 / 2) < 0.01, `${perPixel()}`);
    await pass(30_000);
    assert.ok(Math.abs(perPixel() - 1 / 2) < 0.01, "as coarse as it had to be");
    show(DAY);
    await pass(200);
    assert.ok(Math.abs(perPixel() - 1 / 16) < 0.01, `finely again: ${perPixel()}`);
    loader.stop();
  });
});
