import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GapWait } from "./gap-wait.ts";
import { SlowLink } from "./slow-link.ts";

suite("a slow network", () => {
  test("is said for ten seconds after pictures were left out", () => {
    const link = new SlowLink();
    assert.equal(link.slow(0), false);
    link.lost(1000);
    assert.equal(link.slow(10_900), true);
    assert.equal(link.slow(11_000), false);
  });

  test("is three stalls in twenty seconds, not two", () => {
    const link = new SlowLink();
    link.stalled(0);
    link.stalled(9000);
    assert.equal(link.slow(9000), false);
    link.stalled(19_000);
    assert.equal(link.slow(19_000), true);
    assert.equal(link.slow(21_000), false);
  });
});

suite("waiting through a gap", () => {
  test("takes as long as the gap, by the speed; pausing stops it", () => {
    const wait = new GapWait(5000, 9000, 100);
    assert.equal(wait.advance(1100, { speed: 1, paused: false }), false);
    assert.equal(wait.atMs, 6000);
    assert.equal(wait.advance(60_000, { speed: 1, paused: true }), false);
    assert.equal(wait.atMs, 6000);
    assert.equal(wait.advance(61_000, { speed: 2, paused: false }), false);
    assert.equal(wait.atMs, 8000);
    assert.equal(wait.advance(62_000, { speed: 2, paused: false }), true);
    assert.equal(wait.atMs, 9000);
  });
});
