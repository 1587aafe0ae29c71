import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { aFragment, START_MS } from "../../test/support/fragments.ts";
import { micros, millis } from "../base/units.ts";
import type { FragmentInfo } from "../fragment/fragment.ts";
import { GapRecorder } from "./gap-recorder.ts";

/** Two seconds of media from `at`, seconds after the start of the test, received as it was made. */
function info(at: number, over: { session?: string; run?: number } = {}): FragmentInfo {
  const receivedMs = millis(START_MS + at * 1000);
  const number = { sequence: at + 1, receivedMs, salt: 1 };
  return aFragment({ number, startMs: START_MS + at * 1000, ...over }).info;
}

const NOW = millis(START_MS + 1_000_000);

/** `[from, to, cause]` in seconds. */
function gapsOf(recorder: GapRecorder, ...infos: FragmentInfo[]): unknown[] {
  const plan = recorder.plan(infos, NOW);
  plan.done();
  return plan.gaps.map(({ startUs, endUs, cause }) => [seconds(startUs), seconds(endUs), cause]);
}

const seconds = (us: number) => us / 1e6 - START_MS / 1000;

suite("GapRecorder", () => {
  test("sees no hole where a run goes on, or before the first media", () => {
    const gaps = new GapRecorder("cam", undefined);
    assert.deepEqual(gapsOf(gaps, info(0), info(2), info(4)), []);
    assert.deepEqual(gapsOf(gaps, info(6)), []);
  });

  test("a new session after a while: offline; a new run of the same one: clock-step", () => {
    const gaps = new GapRecorder("cam", undefined);
    gapsOf(gaps, info(0, { session: "a" }));
    assert.deepEqual(gapsOf(gaps, info(10, { session: "b" })), [[2, 10, "offline"]]);
    assert.deepEqual(gapsOf(gaps, info(100, { session: "b", run: 2 })), [[12, 100, "clock-step"]]);
  });

  test("a clock that steps back leaves no hole, and what comes then is measured from the furthest end", () => {
    const gaps = new GapRecorder("cam", undefined);
    gapsOf(gaps, info(100));
    assert.deepEqual(gapsOf(gaps, info(10, { run: 2 }), info(12, { run: 2 })), []);
    assert.deepEqual(gapsOf(gaps, info(110, { session: "b" })), [[102, 110, "offline"]]);
  });

  test("knows of the media of an earlier process", () => {
    const before = { endUs: info(0).producedEndUs, receivedMs: START_MS };
    assert.deepEqual(gapsOf(new GapRecorder("cam", before), info(30)), [[2, 30, "offline"]]);
  });

  test("a failure explains what follows it, for as long as it can have", () => {
    const gaps = new GapRecorder("cam", undefined);
    gapsOf(gaps, info(0));
    const failure = { cause: "disk-full", detail: "full", atMs: millis(START_MS + 5000) } as const;
    gaps.failed(failure);
    gaps.failed({ ...failure, cause: "error" });
    // Five seconds after the last fragment, and ten more to come back.
    assert.deepEqual(gapsOf(gaps, info(60, { session: "b" })), [
      [2, 17, "disk-full"],
      [17, 60, "offline"],
    ]);
    assert.deepEqual(gapsOf(gaps, info(70, { session: "c" })), [[62, 70, "offline"]]);
  });

  test("a failure inside a run explains the hole in it", () => {
    const gaps = new GapRecorder("cam", undefined);
    gapsOf(gaps, info(0));
    gaps.failed({ cause: "error", detail: "store.unavailable", atMs: millis(START_MS + 2000) });
    assert.deepEqual(gapsOf(gaps, info(4)), [[2, 4, "error"]]);
  });

  test("what was not durable after all has left no trace", () => {
    const gaps = new GapRecorder("cam", undefined);
    gapsOf(gaps, info(0, { session: "a" }));
    const lost = gaps.plan([info(10, { session: "b" })], NOW);
    assert.equal(lost.gaps.length, 1);
    assert.deepEqual(gapsOf(gaps, info(20, { session: "c" })), [[2, 20, "offline"]]);
    assert.equal(lost.gaps[0]?.startUs, micros(info(0).producedEndUs));
  });
});
