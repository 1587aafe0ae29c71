/**
 * The sweep of archive-sweep.test.ts on real engines: a Ceph gateway as the store, plain and encrypted, PostgreSQL as the index. Every
 * so many steps are failed, others each day, and of every kind of step that is the engine's own one; endurance/sweep.ts fails all in one go.
 */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import { isOfEngine, sweep } from "../support/sweep.ts";
import { ENGINE_KINDS, type SweepEngines, startSweepEngines } from "../support/sweep-kinds.ts";
import { needs } from "../support/tools.ts";

const STRIDE = 41;
const DAY_MS = 86_400_000;
const OFFSET = Math.floor(realClock.now() / DAY_MS) % STRIDE;
/** Each engine once: together they have all steps of the others. */
const KINDS = ["S3 and PostgreSQL", "encrypted S3 and SQLite"] as const;

suite("an archive on real engines whose n-th operation fails", {
  ...needs("ceph", "postgresql"),
  timeout: 300_000,
}, () => {
  let engines: SweepEngines;
  before(async () => {
    engines = await startSweepEngines();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  for (const name of KINDS)
    for (const effect of ["lost", "done"] as const)
      test(`${name}: ${effect}`, async (t) => {
        const i = ENGINE_KINDS.indexOf(name);
        // Not the same steps in all of them.
        const offset = (OFFSET + 13 * i + (effect === "done" ? 20 : 0)) % STRIDE;
        const kind = engines.kinds(STRIDE, offset)[i] ?? assert.fail(name);
        const always = isOfEngine;
        const swept = await sweep({ ...kind, always }, { effect, persistent: false });
        const { steps, failed, kinds, visited } = swept;
        t.diagnostic(`${steps} operations of ${kinds.size} kinds, ${failed} failed, each once`);
        assert.ok(steps >= 75, `only ${steps} operations were there to fail`);
        const left = [...kinds].filter((of) => always(of) && !visited.has(of));
        assert.deepEqual(left, [], "kinds of steps that were not failed");
      });
});
