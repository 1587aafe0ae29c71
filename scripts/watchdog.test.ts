import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { Watchdog } from "./watchdog.ts";

const event = (type: string, name: string, file = name) => ({ type, data: { name, file } });

test("only a file that has begun and not ended is overdue, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const overdue: string[] = [];
  using watchdog = new Watchdog({
    timeoutMs: 1000,
    graceMs: 10,
    overdue: (file) => overdue.push(file),
  });
  const take = (...args: Parameters<typeof event>) => watchdog.take(event(...args) as TestEvent);
  take("test:enqueue", "waiting.test.ts");
  take("test:dequeue", "hangs.test.ts");
  take("test:dequeue", "ends.test.ts");
  take("test:dequeue", "a test", "ends.test.ts");
  take("test:complete", "a test", "hangs.test.ts");
  t.mock.timers.tick(500);
  take("test:complete", "ends.test.ts");
  t.mock.timers.tick(509);
  assert.deepEqual(overdue, []);
  t.mock.timers.tick(1);
  assert.deepEqual(overdue, ["hangs.test.ts"]);
  t.mock.timers.tick(10_000);
  assert.equal(overdue.length, 1);
});
