/** What a page pays for the player: what it loads at once, minified and packed, stays within its budget. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const BUDGET_BYTES = 35_000;
/** Of all that is loaded when it is needed first, together. */
const LATER_BYTES = 25_000;

interface Chunk {
  readonly fileName: string;
  readonly code: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
}

test("player and timeline together are at most 35 KB packed, without what is loaded when it is needed", async () => {
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
  const chunks = outputs.filter((file) => "code" in file) as readonly Chunk[];
  const atOnce = new Set<Chunk>();
  const load = (chunk: Chunk) => {
    if (atOnce.has(chunk)) return;
    atOnce.add(chunk);
    for (const one of chunks) if (chunk.imports.includes(one.fileName)) load(one);
  };
  for (const chunk of chunks) if (chunk.isEntry) load(chunk);
  const size = (some: Iterable<Chunk>) =>
    gzipSync(Array.from(some, ({ code }) => code).join("\n"), { level: 9 }).length;
  const code = Array.from(atOnce, (chunk) => chunk.code).join("\n");
  assert.ok(code.includes("streambank-timeline"), "the bundle holds the elements");
  assert.ok(!code.includes("EncodedVideoChunk"), "the bundle holds no decoder");
  assert.ok(size(atOnce) <= BUDGET_BYTES, `${size(atOnce)} bytes`);
  const later = chunks.filter((chunk) => !atOnce.has(chunk));
  assert.ok(size(later) <= LATER_BYTES, `${size(later)} bytes later`);
});
