/** `serve --workers`: several processes behind one port, and one of them dies. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { freePorts } from "../support/free-port.ts";
import { run } from "../support/run.ts";
import { cli, startServerProcess, tempDir } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const START = "2026-11-22T14:00:00Z";

interface Listed {
  readonly number: string;
}

suite("a server of several processes", { timeout: 300_000 }, () => {
  test("records and answers on one port, also after one of them was killed", async () => {
    using dir = tempDir("workers");
    const port = await freePorts(1);
    await using server = await startServerProcess(dir.path, [
      ...["--workers", "2", "--http-port", String(port), "--create-missing"],
    ]);
    const { url } = server;
    try {
      const put = (stream: string) =>
        cli(["put", SAMPLE, "--stream", stream, "--create", "--start", START, "--server", url]);
      const listed = async (stream: string) => {
        const { out } = await cli(["ls", "--stream", stream, "--json", "--server", url]);
        return JSON.parse(out) as readonly Listed[];
      };
      for (const stream of ["a", "b", "c"]) assert.equal((await put(stream)).code, 0);
      const before = await Promise.all(["a", "b", "c"].map(listed));
      const { stdout } = await run("pgrep", ["-P", String(server.pid)]);
      const workers = stdout.trim().split("\n").map(Number);
      assert.equal(workers.length, 2);
      process.kill(workers[0] ?? 0, "SIGKILL");
      // Whoever had it: it goes on, at the latest when the dead one's lease has run out.
      for (const stream of ["d", "e"]) assert.equal((await put(stream)).code, 0);
      assert.deepEqual(await Promise.all(["a", "b", "c"].map(listed)), before);
      const clip = join(dir.path, "clip.mkv");
      const to = "2026-11-22T14:01:00Z";
      const made = await cli([
        ...["clip", "--stream", "d", "--from", START, "--to", to, "-o", clip, "--server", url],
      ]);
      assert.equal(made.code, 0, made.err);
      assert.ok(readFileSync(clip).length > readFileSync(SAMPLE).length / 2);
    } finally {
      await server.stop();
    }
  });
});
