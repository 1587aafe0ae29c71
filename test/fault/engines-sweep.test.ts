/**
 * The sweep of archive-sweep.test.ts on real engines: a Ceph gateway as the store, plain and encrypted, PostgreSQL as the index. Every
 * so many steps are failed, others each day, so that a week of runs fails them all; endurance/sweep.ts fails all in one go.
 */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import { sweep } from "../support/sweep.ts";
import { ENGINE_KINDS, type SweepEngines, startSweepEngines } from "../support/sweep-kinds.ts";
import { needs } from "../support/tools.ts";

const STRIDE = 7;
const DAY_MS = 86_400_000;
const OFFSET = Math.floor(realClock.now() / DAY_MS) % STRIDE;

suite("an archive on real engines whose n-th operation fails", {
  ...needs("ceph", "postgresql"),
  timeout: 300_000,
}, () => {
  let engines: SweepEngines;
  before(async () => {
    engines = await startSweepEngines();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  for (const [i, name] of ENGINE_KINDS.entries())
    for (const effect of ["lost", "done"] as const)
      test(`${name}: ${effect}`, async (t) => {
        // Not the same steps in all of them.
        const offset = (OFFSET + i + (effect === "done" ? 3 : 0)) % STRIDE;
        const kind = engines.kinds(STRIDE, offset)[i] ?? assert.fail(name);
        const steps = await sweep(kind, { effect, persistent: false });
        t.diagnostic(`${steps} operations, every ${STRIDE}th from ${offset + 1} on failed once`);
        assert.ok(steps >= 60, `only ${steps} operations were there to fail`);
      });
});
