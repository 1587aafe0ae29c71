import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fastify } from "fastify";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { type CheckResult, Readiness } from "./readiness.ts";
import { folderCheck, freeBytes, spaceCheck, storeCheck } from "./ready-checks.ts";
import { healthRoutes } from "./routes/health.ts";

const identity = (uuid: string) => JSON.stringify({ format: 1, uuid });

suite("readiness", () => {
  test("GET /readyz turns 503 and back, and says why", async () => {
    const clock = new FakeClock();
    let free = 100;
    const checks = [spaceCheck(async () => ({ freeBytes: free, stopBytes: 50 }))];
    const readiness = new Readiness({ clock, checks });
    const app = fastify();
    healthRoutes(app, { readiness });
    const look = async () => {
      const answer = await app.inject("/readyz");
      return [answer.statusCode, answer.json()];
    };
    assert.deepEqual(await look(), [200, { ready: true, checks: { space: { state: "ok" } } }]);
    free = 50;
    assert.equal((await look())[0], 200, "kept for a second");
    clock.advance(1000);
    const reason = "50 bytes are free; recording stops at 50";
    const space = { state: "failed", reason };
    assert.deepEqual(await look(), [503, { ready: false, checks: { space } }]);
    assert.equal((await app.inject("/healthz")).statusCode, 200);
    free = 51;
    clock.advance(1000);
    assert.equal((await look())[0], 200);
    readiness.close();
    assert.equal((await look())[0], 503);
    await app.close();
  });

  test("any number of probes cost one look a second", async () => {
    const clock = new FakeClock();
    let looks = 0;
    const run = async (): Promise<CheckResult> => {
      looks++;
      return { state: "ok" };
    };
    const readiness = new Readiness({ clock, checks: [{ name: "a", run }] });
    await Promise.all(Array.from({ length: 50 }, () => readiness.look()));
    await readiness.look();
    assert.equal(looks, 1);
  });

  test("a check that hangs has failed, and is not begun again until it answers", async () => {
    const clock = new FakeClock();
    const answers: ((result: CheckResult) => void)[] = [];
    const run = () => new Promise<CheckResult>((resolve) => void answers.push(resolve));
    const readiness = new Readiness({ clock, checks: [{ name: "disk", run }] });
    for (let i = 0; i < 3; i++) {
      const looking = readiness.look();
      clock.advance(2000);
      const { ready, checks } = await looking;
      const reason = "no answer within 2000 ms";
      assert.deepEqual([ready, checks.disk], [false, { state: "failed", reason }]);
      clock.advance(1000);
    }
    assert.equal(answers.length, 1);
    const looking = readiness.look();
    answers[0]?.({ state: "ok" });
    assert.ok((await looking).ready);
  });

  test("a folder that is gone, or another one, is not ours", async () => {
    using dir = tempDir("ready");
    const { run } = folderCheck(dir.path);
    await assert.rejects(run(), /ENOENT/);
    writeFileSync(join(dir.path, "streambank.json"), identity("a"));
    assert.deepEqual(await run(), { state: "ok" });
    writeFileSync(join(dir.path, "streambank.json"), identity("b"));
    const { state, reason } = await run();
    assert.deepEqual(
      [state, reason],
      ["failed", "another folder is mounted there: its identity is not ours"],
    );
    rmSync(join(dir.path, "streambank.json"));
    await assert.rejects(run(), /ENOENT/);
    assert.ok((await freeBytes(dir.path)) > 0);
  });

  test("a remote store that is down is a warning until the spool is full; a folder is a failure", async () => {
    let room = true;
    const store = (remote: boolean) => ({
      ...{ name: "there", remote },
      probe: () => Promise.reject(new Error("refused")),
    });
    const remote = storeCheck(store(true), () => room);
    const waits = "there: refused; packs wait in the spool";
    assert.deepEqual(await remote.run(), { state: "warning", reason: waits });
    room = false;
    const full = "there: refused; the spool is full";
    assert.deepEqual(await remote.run(), { state: "failed", reason: full });
    const folder = storeCheck(store(false), () => true);
    assert.deepEqual(await folder.run(), { state: "failed", reason: "there: refused" });
  });
});
