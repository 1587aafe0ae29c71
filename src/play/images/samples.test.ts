import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { bareFragment, FAKE_START_MS } from "../../../test/support/fake-reader.ts";
import { producedUs, samplesOf } from "./samples.ts";

suite("samplesOf", () => {
  const { info } = bareFragment({
    sequence: 1,
    producedMs: 500,
    receivedMs: 90_250,
    durationMs: 1500,
  });
  const of = (clock: "producer" | "server", intervalMs: number, after = 0) =>
    samplesOf(info, { clock, intervalMs, afterMs: FAKE_START_MS + after }).map(
      (ms) => ms - FAKE_START_MS,
    );

  test("are the multiples of the interval from the start up to the end, without it", () => {
    assert.deepEqual(of("producer", 500), [500, 1000, 1500]);
    assert.deepEqual(of("producer", 5000), []);
    assert.deepEqual(of("server", 500), [90_500, 91_000, 91_500]);
  });

  test("are not made twice", () => {
    assert.deepEqual(of("producer", 500, 1000), [1500]);
  });

  test("on the server's clock are as far into the fragment as they are behind its arrival", () => {
    const us = producedUs(info, "server", FAKE_START_MS + 90_500);
    assert.equal(us, (FAKE_START_MS + 750) * 1000);
    assert.equal(producedUs(info, "producer", FAKE_START_MS + 700), (FAKE_START_MS + 700) * 1000);
  });
});
