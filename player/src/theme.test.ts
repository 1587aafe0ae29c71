import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { tokensCss } from "./theme.ts";

const FOLDER = join(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");

suite("colours", () => {
  test("of the pages are those of the elements", () => {
    assert.equal(read("tokens.css"), tokensCss, "tokens.css is to be written anew from theme.ts");
  });

  test("stand nowhere else: pages name them", () => {
    for (const name of ["page.css", "webcam.css", "sign-in.css"])
      assert.deepEqual(read(name).match(/#[0-9a-f]{6}\b/gi), null, name);
  });
});
