import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { findTool, needs, type ToolName, tools } from "./tools.ts";

/** A folder with these programs in it, gone when the test ends. */
function folderWith(t: TestContext, ...programs: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "streambank-tools-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const program of programs) {
    writeFileSync(join(folder, program), "#!/bin/sh\n");
    chmodSync(join(folder, program), 0o755);
  }
  return folder;
}

suite("tools", () => {
  test("finds a tool by any of its names", (t) => {
    const folder = folderWith(t, "google-chrome");
    assert.equal(findTool("chromium", { PATH: folder }), join(folder, "google-chrome"));
  });

  test("reports a tool as missing when one of its programs is missing", (t) => {
    assert.equal(findTool("ffmpeg", { PATH: folderWith(t, "ffmpeg") }), undefined);
  });

  test("finds the programs of one tool in different folders", (t) => {
    const first = folderWith(t, "ffprobe");
    const second = folderWith(t, "ffmpeg");
    assert.equal(findTool("ffmpeg", { PATH: `${first}:${second}` }), join(second, "ffmpeg"));
  });

  test("does not take a file that cannot be run for a program", (t) => {
    const folder = folderWith(t, "chromium");
    chmodSync(join(folder, "chromium"), 0o644);
    assert.equal(findTool("chromium", { PATH: folder }), undefined);
  });

  test("finds nothing without a PATH", () => {
    assert.equal(findTool("mkvtoolnix", {}), undefined);
  });

  test("skips with the names of the missing tools, and never in CI", () => {
    const all = Object.keys(tools) as ToolName[];
    const missing = all.filter((name) => tools[name] === undefined);
    const skips = missing.length > 0 && process.env.CI !== "true";
    assert.equal(needs(...all).skip, skips && `${missing.join(" and ")} not installed`);
    assert.equal(needs().skip, false);
  });
});
