/** Starting and stopping as an operator does it. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { cli, startServerProcess, startTestServer, tempDir } from "../support/server.ts";

suite("starting", () => {
  test("answers healthz, and Ctrl-C ends it with exit code 0", async () => {
    using dir = tempDir("start");
    await using server = await startServerProcess(dir.path);
    assert.deepEqual(await (await fetch(`${server.url}/healthz`)).json(), { status: "ok" });
    assert.equal(await server.stop(), 0);
  });

  test("a taken port gives one line that names it, and no stack", async () => {
    using dir = tempDir("port");
    await using taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const { code, err } = await cli(["serve", "--data-dir", dir.path, "--http-port", String(port)]);
    assert.notEqual(code, 0);
    assert.equal(err.trim().split("\n").length, 1, err);
    assert.match(err, new RegExp(`port ${port} is taken`));
  });

  test("a data folder that cannot be written gives one line that names it, and no stack", async () => {
    using dir = tempDir("readonly");
    const file = join(dir.path, "file");
    writeFileSync(file, "x");
    const { code, err } = await cli([
      "serve",
      "--data-dir",
      join(file, "data"),
      "--http-port",
      "0",
    ]);
    assert.notEqual(code, 0);
    assert.equal(err.trim().split("\n").length, 1, err);
    assert.match(err, /data/);
  });

  test("a second server on the same folder is refused; after kill -9 of the first it may start", async () => {
    using dir = tempDir("two");
    await using first = await startServerProcess(dir.path);
    const second = await cli(["serve", "--data-dir", dir.path, "--http-port", "0"]);
    assert.notEqual(second.code, 0);
    assert.match(second.err, /store\.locked/);
    await first.kill();
    await using third = await startServerProcess(dir.path);
    assert.equal(await third.stop(), 0);
  });

  test("a data folder whose identity is missing although it holds footage is refused, not filled", async () => {
    using dir = tempDir("identity");
    await using first = await startServerProcess(dir.path);
    await first.stop();
    assert.ok(existsSync(join(dir.path, "streambank.json")));
    const data = join(dir.path, "streambank.json");
    writeFileSync(data, '{"format":1,"uuid":"00000000-0000-4000-8000-000000000000"}');
    const { code, err } = await cli(["serve", "--data-dir", dir.path, "--http-port", "0"]);
    assert.notEqual(code, 0);
    assert.equal(err.trim().split("\n").length, 1, err);
  });

  test("an unknown command or flag gives exit code 2 and one line", async () => {
    for (const args of [["sevre"], ["serve", "--prot", "1"], ["streams", "burn", "x"], ["put"]]) {
      const { code, err } = await cli(args);
      assert.equal(code, 2, args.join(" "));
      assert.equal(err.trim().split("\n").length, 1, err);
    }
  });

  test("two servers run in one process without knowing of each other", async () => {
    await using one = await startTestServer();
    await using two = await startTestServer();
    const body = JSON.stringify({ name: "cam", retentionHours: 24 });
    const headers = { "content-type": "application/json" };
    const made = await fetch(`${one.url}/v1/streams`, { method: "POST", headers, body });
    assert.equal(made.status, 201);
    const there = (await (await fetch(`${two.url}/v1/streams`)).json()) as { streams: unknown[] };
    assert.deepEqual(there.streams, []);
  });
});

suite("the configuration file", () => {
  test("sets the port and the folder, and an unknown key stops the start", async () => {
    using dir = tempDir("config");
    const path = join(dir.path, "streambank.config.json");
    const dataDir = join(dir.path, "footage");
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o700);
    writeFileSync(path, JSON.stringify({ dataDir, httpPort: 0, shelf: 1 }));
    const { code, err } = await cli(["serve", "--config", path]);
    assert.equal(code, 2);
    assert.match(err, /shelf/);
  });
});
