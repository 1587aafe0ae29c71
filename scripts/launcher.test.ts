import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";

/** A tree with our launcher and another program behind it. */
function launch(t: TestContext, main: string, ...args: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), "streambank-launcher-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "src"));
  const file = join(root, "bin/streambank.mjs");
  cpSync(join(import.meta.dirname, "../bin"), join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
  writeFileSync(join(root, "src/main.ts"), main);
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let out = "";
  const heard = new Promise<void>((resolve) =>
    child.stdout.on("data", (piece: Buffer) => {
      out += piece.toString("utf8");
      resolve();
    }),
  );
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, heard, ended, out: () => out };
}

suite("the streambank command", () => {
  test("hands over its arguments and gives back the exit code", async (t) => {
    const main =
      "const code: number = 3; console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = code;";
    const { ended, out } = launch(t, main, "put", "a file.mkv", "--stream", "x");
    assert.equal(await ended, 3);
    assert.deepEqual(JSON.parse(out()), ["put", "a file.mkv", "--stream", "x"]);
  });

  test("passes a signal on and waits until the program has ended", async (t) => {
    const main = `
      const wait = setInterval(() => {}, 1000);
      process.once("SIGTERM", () => { clearInterval(wait); console.log("clean end"); });
      console.log("ready");`;
    const { child, heard, ended, out } = launch(t, main);
    await heard;
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    assert.equal(out(), "ready\nclean end\n");
  });

  test("reports a program killed by a signal as a shell does", async (t) => {
    const { ended } = launch(
      t,
      `process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);`,
    );
    assert.equal(await ended, 137);
  });
});
