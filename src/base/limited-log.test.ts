import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { limitedLogger } from "./limited-log.ts";
import type { Logger } from "./logger.ts";

function recorder(lines: unknown[][], more: object = {}): Logger {
  const say = (event: string, fields?: object) => void lines.push([event, { ...more, ...fields }]);
  return {
    child: (fields) => recorder(lines, { ...more, ...fields }),
    ...{ info: say, warn: say, error: say },
  };
}

suite("a limited log", () => {
  test("writes the first lines of a flood and later says how many it left out", () => {
    const clock = new FakeClock();
    const lines: unknown[][] = [];
    const counted: string[] = [];
    const log = limitedLogger(recorder(lines), clock, {
      ...{ lines: 2, spanMs: 1000 },
      leftOut: (event) => void counted.push(event),
    });
    for (let i = 0; i < 50; i++) log.warn("disk.slow", { i });
    assert.deepEqual(lines, [
      ["disk.slow", { i: 0 }],
      ["disk.slow", { i: 1 }],
    ]);
    clock.advance(1000);
    log.warn("disk.slow", { i: 50 });
    log.warn("disk.slow", { i: 51 });
    assert.deepEqual(lines.slice(2), [
      ["disk.slow", { i: 50, leftOut: 48 }],
      ["disk.slow", { i: 51 }],
    ]);
    assert.deepEqual([counted.length, new Set(counted)], [48, new Set(["disk.slow"])]);
  });

  test("counts children together, and each event and level by itself", () => {
    const lines: unknown[][] = [];
    const log = limitedLogger(recorder(lines), new FakeClock(), { lines: 1 });
    log.child({ stream: "a" }).warn("lost");
    log.child({ stream: "b" }).warn("lost");
    log.child({ stream: "b" }).error("lost");
    log.warn("other");
    assert.deepEqual(lines, [
      ["lost", { stream: "a" }],
      ["lost", { stream: "b" }],
      ["other", {}],
    ]);
  });
});
