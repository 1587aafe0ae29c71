import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { ClockFile } from "./clock-file.ts";

test("keeps what it is given, and nothing half written is taken for it", async () => {
  using dir = tempDir("clock");
  const path = join(dir.path, "clock.json");
  const file = new ClockFile(path);
  assert.equal(await file.read(), undefined);
  const misdated = [{ fromMs: 1, toMs: 2, rightMs: 3 }];
  await file.write({ seenMs: 5, acceptedMs: Number.NEGATIVE_INFINITY, misdated });
  assert.deepEqual(await new ClockFile(path).read(), { seenMs: 5, acceptedMs: 0, misdated });
  assert.deepEqual(readdirSync(dir.path), ["clock.json"]);
  const bad = ["", "{", "null", "[]", '{"format":2,"seenMs":5}', '{"format":1,"seenMs":"5"}'];
  for (const text of bad) {
    writeFileSync(path, text);
    assert.equal(await file.read(), undefined, text);
  }
  await assert.rejects(
    new ClockFile(join(dir.path, "no", "clock.json")).write({ seenMs: 1, acceptedMs: 1, misdated }),
    {
      code: "store.not-found",
    },
  );
});
