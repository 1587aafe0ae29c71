import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { readSourcesFile, writeSourcesFile } from "./sources-file.ts";

const DOOR = { stream: "door", url: "rtsp://admin:hunter2@cam/live", audio: true };
const YARD = { stream: "yard", url: "rtsps://10.0.0.7/1", audio: false };

suite("the sources file", () => {
  test("gives back what was written, and nothing where there is none", async () => {
    using dir = tempDir("sources");
    assert.deepEqual(await readSourcesFile(dir.path), []);
    await writeSourcesFile(dir.path, [DOOR, YARD]);
    await writeSourcesFile(dir.path, [YARD, DOOR]);
    assert.deepEqual(await readSourcesFile(dir.path), [YARD, DOOR]);
    assert.deepEqual(readdirSync(dir.path), ["sources.json"], "nothing is left beside it");
  });

  test("is readable by its owner alone, also over what a crash left", async () => {
    using dir = tempDir("sources");
    const path = join(dir.path, "sources.json");
    writeFileSync(`${path}.new`, "half");
    chmodSync(`${path}.new`, 0o644);
    await writeSourcesFile(dir.path, [DOOR]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("damaged, it is an error without its text, and stays as it is", async () => {
    using dir = tempDir("sources");
    const path = join(dir.path, "sources.json");
    const good = { format: 1, sources: { door: { url: DOOR.url } } };
    const damaged = [
      JSON.stringify(good).slice(0, -9),
      JSON.stringify({ ...good, format: 2 }),
      JSON.stringify({ format: 1, sources: { door: { url: "/etc/hunter2" } } }),
      "null",
      "",
    ];
    for (const text of damaged) {
      writeFileSync(path, text);
      await assert.rejects(readSourcesFile(dir.path), (error: Error & { code?: string }) => {
        assert.equal(error.code, "source.bad-file");
        assert.match(error.message, /sources\.json cannot be used: /);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
      assert.equal(readFileSync(path, "utf8"), text);
    }
  });

  test("that cannot be written leaves the old one", async () => {
    using dir = tempDir("sources");
    await writeSourcesFile(dir.path, [DOOR]);
    // A folder in the way of the new file fails for every user, root too.
    mkdirSync(join(dir.path, "sources.json.new"));
    await assert.rejects(writeSourcesFile(dir.path, [YARD]), { code: "store.unavailable" });
    assert.deepEqual(await readSourcesFile(dir.path), [DOOR]);
  });
});
