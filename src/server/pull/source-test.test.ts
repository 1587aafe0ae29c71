import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { CAMERA, FakeFfmpegs, turns } from "../../../test/support/fake-ffmpeg.ts";
import { MAX_TESTS, SourceTests, TEST_MS } from "./source-test.ts";

const URL_WITH_PASSWORD = "rtsp://admin:hunter2@cam/live?key=s3cret";
const ADDRESS = "rtsp://cam/live";

function setUp() {
  const clock = new FakeClock();
  const ffmpegs = new FakeFfmpegs();
  const tests = new SourceTests({ clock, spawn: ffmpegs.spawn });
  return { clock, ffmpegs, tests, run: () => tests.run(URL_WITH_PASSWORD, true) };
}

suite("trying an address", () => {
  test("is good with the first picture, and its process is ended", async () => {
    const { clock, ffmpegs, run } = setUp();
    const result = run();
    ffmpegs.last.stdout.push(CAMERA);
    const found = await result;
    assert.equal(found.ok, true);
    assert.equal(found.address, ADDRESS);
    assert.deepEqual(found.ok && found.tracks.map(({ type }) => type), ["video", "audio"]);
    assert.equal(ffmpegs.running, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  test("is over after its time, and not before, when only a description came", async () => {
    const { clock, ffmpegs, run } = setUp();
    const result = run();
    // Before its first Cluster.
    ffmpegs.last.stdout.push(CAMERA.subarray(0, CAMERA.indexOf("1f43b675", "hex")));
    await turns();
    clock.advance(TEST_MS - 1);
    await turns();
    assert.equal(ffmpegs.running, 1);
    clock.advance(1);
    const reason = "no picture came within 10 s";
    assert.deepEqual(await result, { ok: false, address: ADDRESS, reason });
    assert.equal(ffmpegs.running, 0);
  });

  test("says why there is nothing, without secrets", async () => {
    for (const [words, missing, reason] of [
      [
        "401 Unauthorized: hunter2 s3cret",
        false,
        `${ADDRESS}: it refused the user name or the password (401)`,
      ],
      ["hunter2 is what s3cret was", false, `${ADDRESS}: *** is what *** was`],
      ["", true, /install it .*apt-get install ffmpeg/],
    ] as const) {
      const { ffmpegs, run } = setUp();
      const result = run();
      ffmpegs.last.exit(1, words, missing);
      const found = await result;
      assert.equal(found.ok, false);
      if (found.ok) return;
      if (typeof reason === "string") assert.equal(found.reason, reason);
      else assert.match(found.reason, reason);
    }
  });

  test("of so many at once one more is refused, until one is over", async () => {
    const { ffmpegs, run } = setUp();
    const running = Array.from({ length: MAX_TESTS }, () => run());
    await assert.rejects(run(), { code: "source.test-busy" });
    assert.equal(ffmpegs.runs.length, MAX_TESTS);
    ffmpegs.last.exit(1, "x");
    await running.at(-1);
    const again = run();
    ffmpegs.last.exit(1, "x");
    assert.equal((await again).ok, false);
    for (const one of ffmpegs.runs) one.exit(1);
    await Promise.all(running);
  });

  test("close ends those that run", async () => {
    const { ffmpegs, tests, run } = setUp();
    const running = [run(), run()];
    await tests.close();
    assert.equal(ffmpegs.running, 0);
    for (const { ok } of await Promise.all(running)) assert.equal(ok, false);
  });
});
