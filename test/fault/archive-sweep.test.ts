/**
 * Fault sweeps over SQLite, with the folder store and with one that is far: test/support/sweep.ts says what must hold. Every so many steps,
 * others each day, and of every kind of step one; endurance/sweep.ts fails all in one go.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import type { Effect } from "../support/failing.ts";
import { type Failure, folderWorld, isDurable, memoryWorld, sweep } from "../support/sweep.ts";

const STRIDE = 11;
const DAY_MS = 86_400_000;
const OFFSET = Math.floor(realClock.now() / DAY_MS) % STRIDE;
const kinds = [folderWorld, memoryWorld].map((kind) => ({ ...kind, stride: STRIDE }));

suite("an archive whose n-th operation fails", { timeout: 300_000 }, () => {
  const effects: readonly Effect[] = ["lost", "done"];
  const failures: readonly Failure[] = [
    ...effects.map((effect): Failure => ({ effect, persistent: false })),
    // As ENOSPC is, and everything after it.
    { effect: "lost", persistent: true, code: "store.full" },
  ];
  for (const [i, kind] of kinds.entries())
    for (const [j, failure] of failures.entries())
      test(`${kind.name}: ${JSON.stringify(failure)}`, async (t) => {
        const offset = (OFFSET + 2 * i + j) % STRIDE;
        const always = (of: string) => !failure.persistent && isDurable(of);
        const swept = await sweep({ ...kind, offset, always }, failure);
        const { steps, failed, kinds: there, visited } = swept;
        t.diagnostic(`${steps} operations of ${there.size} kinds, ${failed} failed, each once`);
        assert.ok(steps >= 75, `only ${steps} operations were there to fail`);
        const left = [...there].filter((of) => always(of) && !visited.has(of));
        assert.deepEqual(left, [], "kinds of steps that were not failed");
      });
});
