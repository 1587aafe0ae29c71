/** Fault sweeps over SQLite, with the folder store and with one that is far: test/support/sweep.ts says what must hold. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Effect } from "../support/failing.ts";
import { type Failure, folderWorld, memoryWorld, sweep } from "../support/sweep.ts";

const kinds = [folderWorld, memoryWorld];

suite("an archive whose n-th operation fails", { timeout: 300_000 }, () => {
  const effects: readonly Effect[] = ["lost", "done"];
  const failures: readonly Failure[] = [
    ...effects.map((effect): Failure => ({ effect, persistent: false })),
    // As ENOSPC is, and everything after it.
    { effect: "lost", persistent: true, code: "store.full" },
  ];
  for (const kind of kinds)
    for (const failure of failures)
      test(`${kind.name}: ${JSON.stringify(failure)}`, async (t) => {
        const steps = await sweep(kind, failure);
        t.diagnostic(`${steps} operations, each failed once`);
        assert.ok(steps >= 60, `only ${steps} operations were failed`);
      });
});
