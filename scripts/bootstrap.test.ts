import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";

const lock = (version: string) =>
  JSON.stringify({
    packages: {
      "": { name: "x" },
      "node_modules/ws": { version },
      "node_modules/other-machine": { version: "1.0.0", optional: true },
      "node_modules/@x/player": { resolved: "player", link: true },
    },
  });

/** Stands for npm: notes how it was called and leaves what npm leaves. */
const FAKE_NPM = `
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
appendFileSync("npm-calls", process.argv.slice(2).join(" ") + "\\n");
if (process.env.FAIL === "npm") { console.error("network is down"); process.exit(7); }
mkdirSync("node_modules/node/bin", { recursive: true });
if (process.env.FAIL !== "scripts") writeFileSync("node_modules/node/bin/node", "");
`;

function clone(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "streambank-bootstrap-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "scripts"));
  cpSync(join(import.meta.dirname, "bootstrap.mjs"), join(root, "scripts/bootstrap.mjs"));
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
  writeFileSync(join(root, "package-lock.json"), lock("1.0.0"));
  writeFileSync(join(root, "npm.js"), FAKE_NPM);
  const start = (fail = "") => {
    const env = { ...process.env, npm_execpath: join(root, "npm.js"), FAIL: fail };
    const file = join(root, "scripts/bootstrap.mjs");
    const done = spawnSync(process.execPath, [file], { cwd: root, env, encoding: "utf8" });
    return { code: done.status, said: done.stdout + done.stderr };
  };
  const calls = () => {
    const file = join(root, "npm-calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  return { root, start, calls };
}

suite("bootstrap", () => {
  test("installs once in a fresh clone, with one line, and then says nothing", (t) => {
    const { start, calls } = clone(t);
    const first = start();
    assert.equal(first.code, 0, first.said);
    assert.match(first.said, /^installing….*\n$/);
    assert.deepEqual(start(), { code: 0, said: "" });
    assert.deepEqual(calls(), ["ci --no-audit --no-fund --loglevel=error"]);
  });

  test("installs again when the lock file has changed", (t) => {
    const { root, start, calls } = clone(t);
    start();
    writeFileSync(join(root, "package-lock.json"), lock("1.0.1"));
    start();
    assert.equal(calls().length, 2);
  });

  test("leaves what npm ci installed by hand alone", (t) => {
    const { root, start, calls } = clone(t);
    mkdirSync(join(root, "node_modules/node/bin"), { recursive: true });
    writeFileSync(join(root, "node_modules/node/bin/node"), "");
    const installed = JSON.stringify({ packages: { "node_modules/ws": { version: "1.0.0" } } });
    writeFileSync(join(root, "node_modules/.package-lock.json"), installed);
    assert.equal(start().code, 0);
    assert.deepEqual(calls(), []);
    writeFileSync(join(root, "package-lock.json"), lock("1.0.1"));
    start();
    assert.equal(calls().length, 1);
  });

  test("says what npm said when it fails, and tries again next time", (t) => {
    const { start, calls } = clone(t);
    const failed = start("npm");
    assert.equal(failed.code, 1);
    assert.match(failed.said, /network is down\nnpm ci failed \(7\)/);
    assert.equal(start().code, 0);
    assert.equal(calls().length, 2);
  });

  test("fails when npm ran no install scripts, so that the pinned Node is missing", (t) => {
    const { start } = clone(t);
    const failed = start("scripts");
    assert.equal(failed.code, 1);
    assert.match(failed.said, /did not bring the pinned Node/);
  });
});
