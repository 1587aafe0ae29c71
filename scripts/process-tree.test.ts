import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { killTree, processes, treeOf } from "./process-tree.ts";

test("a tree is the file's process and what it started, deepest first; others stay", () => {
  const rows = [
    { pid: 1, parent: 0, command: "init" },
    { pid: 10, parent: 1, command: "run-tests" },
    { pid: 11, parent: 10, command: "node a.test.ts" },
    { pid: 12, parent: 11, command: "server" },
    { pid: 13, parent: 12, command: "ffmpeg" },
    { pid: 14, parent: 10, command: "node b.test.ts" },
    { pid: 15, parent: 1, command: "node a.test.ts of someone else" },
  ];
  assert.deepEqual(treeOf(rows, 10, "a.test.ts"), [13, 12, 11]);
  assert.deepEqual(treeOf(rows, 10, "c.test.ts"), []);
});

test("a process that ignores SIGTERM, and its child, are gone", async () => {
  const marker = `marker-${process.pid}`;
  const script = `process.on("SIGTERM", () => {});
    const child = require("node:child_process").spawn("sleep", ["1000"], { stdio: "inherit" });
    console.log(child.pid);`;
  const child = spawn(process.execPath, ["-e", script, marker], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const sleepPid = Number(text.toString("utf8"));
  assert.ok(sleepPid > 0);
  assert.equal(killTree(marker), 2);
  // Its output closes when nobody is left who holds it.
  const [, signal] = (await once(child, "close")) as [null, string];
  assert.equal(signal, "SIGKILL");
  assert.ok(!processes().some(({ pid, command }) => pid === sleepPid && command.includes("1000")));
});
