import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";

const HEAD = `import assert from "node:assert/strict";\nimport { test } from "node:test";\n`;

/** A project with only these test files and our runner in it. */
function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "streambank-run-tests-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "src"));
  mkdirSync(join(root, "scripts"));
  for (const name of ["run-tests.ts", "test-tally.ts", "watchdog.ts", "process-tree.ts"])
    cpSync(join(import.meta.dirname, name), join(root, "scripts", name));
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "src", name), text);
  return root;
}

function runTests(root: string, ...args: readonly string[]) {
  // Without this a test runner inside a test runner reports to the outer one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const flags = ["--disable-warning=ExperimentalWarning", join(root, "scripts/run-tests.ts")];
  const done = spawnSync(process.execPath, [...flags, ...args], { env, encoding: "utf8" });
  return { code: done.status, said: done.stdout + done.stderr };
}

suite("run-tests", () => {
  test("ends with 0 and one line of figures when everything passes", (t) => {
    const root = project(t, { "a.test.ts": `${HEAD}test("holds", () => assert.ok(true));` });
    const { code, said } = runTests(root);
    assert.equal(code, 0, said);
    assert.match(said, /^1 passed, 0 failed, 1 files, [\d.]+ s$/m);
  });

  test("ends with 1 and names the test, its line and its output when one fails", (t) => {
    const bad = `${HEAD}test("breaks", () => { console.log("clue"); assert.equal(1, 2); });`;
    const { code, said } = runTests(project(t, { "a.test.ts": bad }));
    assert.equal(code, 1);
    assert.match(said, /FAILED: breaks\n {2}at src\/a\.test\.ts:3\n[\s\S]*1 !== 2[\s\S]*clue/);
  });

  test("fails a file that cannot be loaded and shows why", (t) => {
    const { code, said } = runTests(project(t, { "a.test.ts": `throw new Error("at load");` }));
    assert.equal(code, 1);
    assert.match(said, /FAILED: src\/a\.test\.ts[\s\S]*at load/);
  });

  test("fails a file without a test", (t) => {
    const { code, said } = runTests(
      project(t, { "a.test.ts": "export {};", "b.test.ts": `${HEAD}test("holds", () => {});` }),
    );
    assert.equal(code, 1);
    assert.match(said, /src\/a\.test\.ts has no test in it/);
  });

  test("says what was skipped and why", (t) => {
    const text = `${HEAD}test("reads", { skip: "no ffmpeg" }, () => {});test("holds", () => {});`;
    const { code, said } = runTests(project(t, { "a.test.ts": text }));
    assert.equal(code, 0);
    assert.match(said, /skipped: reads \(no ffmpeg\)[\s\S]*SKIPPED: 1 × no ffmpeg/);
  });

  test("runs only the files that match a filter, and fails when none does", (t) => {
    const bad = `${HEAD}test("breaks", () => assert.fail());`;
    const root = project(t, { "a.test.ts": `${HEAD}test("holds", () => {});`, "b.test.ts": bad });
    assert.equal(runTests(root, "src/a").code, 0);
    assert.equal(runTests(root, "src/b").code, 1);
    assert.match(runTests(root, "src/c").said, /no test file matches src\/c/);
    assert.equal(runTests(root, "src/c").code, 1);
  });

  test("runs only the tests whose name matches --name", (t) => {
    const text = `${HEAD}test("holds", () => {});test("breaks", () => assert.fail());`;
    const { code, said } = runTests(project(t, { "a.test.ts": text }), "--name=^holds$");
    assert.equal(code, 0, said);
    assert.match(said, /^1 passed/m);
  });

  test("a file that does not end is killed with what it started, and named", (t) => {
    // What a failed test leaves behind: a program that nobody ends, and with it the test's own process.
    const left = `import { spawn } from "node:child_process";
      test("leaves", () => { spawn("sleep", ["600"], { stdio: "inherit" }); });`;
    const { code, said } = runTests(project(t, { "a.test.ts": HEAD + left }), "--timeout=1000");
    assert.equal(code, 1);
    assert.match(said, /FAILED: src\/a\.test\.ts did not end; killed, 2 processes/);
  });
});
