/** A disk that fails from one operation on and for good, as EIO is, with a reserve to be made and let go: test/support/sweep.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Failure, folderWorld, memoryWorld, sweep } from "../support/sweep.ts";

suite("an archive whose operations all fail from the n-th on", { timeout: 300_000 }, () => {
  const failure: Failure = {
    ...({ effect: "lost", persistent: true } as const),
    ...({ code: "store.unavailable", reserveBytes: 4096 } as const),
  };
  for (const kind of [folderWorld, memoryWorld])
    test(kind.name, async (t) => {
      const { steps } = await sweep({ ...kind, stride: 7 }, failure);
      t.diagnostic(`${steps} operations, every seventh the first to fail`);
      assert.ok(steps >= 75, `only ${steps} operations were there to fail`);
    });
});
