/** What a page pays for the player: the bundle, minified and packed, stays within its budget. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const BUDGET_BYTES = 35_000;

test("player and timeline together are at most 35 KB packed", async () => {
  const result = await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      minify: true,
      lib: { entry: join(import.meta.dirname, "streambank.ts"), formats: ["es"] },
    },
  });
  const outputs = [result].flat().flatMap((made) => ("output" in made ? made.output : []));
  const code = outputs.map((file) => ("code" in file ? file.code : "")).join("\n");
  assert.ok(code.includes("streambank-timeline"), "the bundle holds the elements");
  const size = gzipSync(code, { level: 9 }).length;
  assert.ok(size <= BUDGET_BYTES, `${size} bytes`);
});
