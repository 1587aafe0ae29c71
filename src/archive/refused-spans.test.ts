/** What is refused is written down, also by an index that was away: the whole way is test/fault/refused-gap.test.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { Fault } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { noMeters } from "../base/meters.ts";
import type { Commit } from "./index/fragment-index.ts";
import type { NewGap } from "./index/index-ledger.ts";
import { MAX_REFUSED, RefusedSpans } from "./refused-spans.ts";

function spans(commit: (all: Commit) => Promise<void>) {
  const clock = new FakeClock();
  const parts = { stream: "cam", clock, log: silentLogger, meters: noMeters };
  return { clock, refused: new RefusedSpans({ ...parts, index: { commit } }) };
}

const span = (from: number, to: number, cause: "disk-full" | "error" = "disk-full") => ({
  ...{ startUs: from * 1e6, endUs: to * 1e6, cause, detail: "x" },
});

suite("RefusedSpans", () => {
  test("are written at once, joined where they touch, and again and again while the index is away", async () => {
    const written: NewGap[] = [];
    let away = true;
    const { clock, refused } = spans(async ({ gaps = [] }) => {
      if (away) throw new Fault("index.unavailable", "away");
      written.push(...gaps);
    });
    refused.add([span(0, 2), span(2, 4), span(10, 12), span(12, 14, "error")]);
    await refused.write();
    clock.advance(60_000);
    await refused.write();
    assert.deepEqual(written, []);
    away = false;
    clock.advance(120_000);
    await refused.write();
    const told = written.map(({ startUs, endUs, cause }) => [startUs / 1e6, endUs / 1e6, cause]);
    assert.deepEqual(told, [
      [0, 4, "disk-full"],
      [10, 12, "disk-full"],
      [12, 14, "error"],
    ]);
    refused.add([span(20, 22)]);
    await refused.write();
    assert.equal(written.length, 4);
    await refused.close();
    assert.equal(written.length, 4);
  });

  test("are bounded in memory, and say too much rather than too little beyond", async () => {
    const written: NewGap[] = [];
    let away = true;
    const { refused } = spans(async ({ gaps = [] }) => {
      if (away) throw new Fault("index.unavailable", "away");
      written.push(...gaps);
    });
    for (let i = 0; i < 3 * MAX_REFUSED; i++) refused.add([span(10 * i, 10 * i + 2)]);
    away = false;
    await refused.close();
    assert.equal(written.length, MAX_REFUSED);
    assert.equal(written.at(-1)?.endUs, (30 * MAX_REFUSED - 8) * 1e6);
  });
});
