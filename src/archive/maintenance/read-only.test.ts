import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { lockDataDir } from "../identity.ts";
import { shareDataDir } from "./read-only.ts";

suite("a data folder that is looked at", () => {
  test("keeps servers out, and is kept out by one", () => {
    using dir = tempDir("lock");
    const unlock = lockDataDir(dir.path);
    assert.throws(() => shareDataDir(dir.path), { code: "store.locked" });
    unlock();
    const [one, other] = [shareDataDir(dir.path), shareDataDir(dir.path)];
    one();
    assert.throws(() => lockDataDir(dir.path), { code: "store.locked" });
    other();
    lockDataDir(dir.path)();
  });

  test("that is not there is not made", () => {
    using dir = tempDir("lock");
    assert.throws(() => shareDataDir(`${dir.path}/none`), { code: "store.unavailable" });
  });
});
