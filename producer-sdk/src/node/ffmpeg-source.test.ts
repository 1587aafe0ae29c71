import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { CAMERA, FakeFfmpeg } from "../../../test/support/fake-ffmpeg.ts";
import type { SourceItem } from "./source.ts";
import { deviceSource, rtspSource, testSource } from "./sources.ts";

const URL_WITH_PASSWORD = "rtsp://admin:hunter2@cam/live";

function setUp() {
  const clock = new FakeClock();
  const stop = new AbortController();
  const runs: FakeFfmpeg[] = [];
  const spawn = (program: string, args: readonly string[]) => {
    assert.equal(program, "ffmpeg");
    const run = new FakeFfmpeg(args);
    runs.push(run);
    return run;
  };
  const options = { clock, signal: stop.signal, spawn, random: () => 1 };
  const run = (index = runs.length - 1) => runs[index] ?? assert.fail(`no process ${index}`);
  return { clock, stop, runs, run, options };
}

const REFUSED_SOUND =
  "[matroska @ 0x56393afa85c0] No wav codec tag found for codec adpcm_g726le\n" +
  "Could not write header for output file #0 (incorrect codec parameters ?): Invalid argument\n";

type Items = AsyncGenerator<SourceItem>;

/** The next item; it must be of this kind. */
async function next<K extends SourceItem["kind"]>(
  items: Items,
  kind: K,
): Promise<Extract<SourceItem, { kind: K }>> {
  const { value } = await items.next();
  assert.equal(value?.kind, kind);
  return value as Extract<SourceItem, { kind: K }>;
}

/** Frames until there is something else. */
async function untilTrouble(items: Items) {
  const times: number[] = [];
  for (;;) {
    const { value } = await items.next();
    if (value?.kind === "frame") times.push(value.frame.timeUs);
    if (value?.kind === "trouble") return { times, trouble: value };
    if (value === undefined) return assert.fail("it ended");
  }
}

/** Lets everything that is ready happen. */
const turns = () => new Promise((resolve) => setImmediate(resolve));

suite("a source behind ffmpeg", () => {
  test("gives tracks and frames with times of day, copied, over TCP", async () => {
    const { clock, options, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, options);
    const first = next(items, "tracks");
    run().stdout.push(CAMERA);
    assert.equal((await first).tracks.length, 2);
    const { frame } = await next(items, "frame");
    // What comes in one go is from before: at most ten seconds are taken for that.
    const agoUs = clock.now() * 1000 - frame.timeUs;
    assert.ok(agoUs >= 10_000_000 && agoUs < 10_100_000, `${agoUs}`);
    assert.equal(frame.key, true);
    const line = run().args.join(" ");
    assert.match(
      line,
      /-protocol_whitelist tcp,tls .*-i rtsp:/,
      "whatever the camera redirects to",
    );
    assert.match(line, /-rtsp_transport tcp -i rtsp:\S+ .*-c copy -f matroska -live 1/);
    await items.return(undefined);
    assert.equal(run().killed[0], "SIGTERM");
  });

  test("is started again with growing waits, says why, and never says the password", async () => {
    const { clock, options, runs, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, options);
    let pending = items.next();
    for (const retryMs of [500, 1000, 2000, 4000]) {
      await turns();
      const started = runs.length;
      run().exit(1, `[rtsp @ 0x1] ${URL_WITH_PASSWORD}: hunter2 is wrong\n`);
      const { value } = await pending;
      const reason = "rtsp://cam/live: rtsp://cam/live: *** is wrong";
      assert.deepEqual(value, { kind: "trouble", reason, retryMs });
      pending = items.next();
      await turns();
      clock.advance(retryMs - 1);
      await turns();
      assert.equal(runs.length, started);
      clock.advance(1);
      await turns();
      assert.equal(runs.length, started + 1);
    }
  });

  test("after a restart its times go on and it begins at a key frame", async () => {
    const { clock, options, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, options);
    const first = next(items, "tracks");
    run().stdout.push(CAMERA);
    run().exit(1, "cut\n");
    await first;
    const before = await untilTrouble(items);
    assert.equal(before.times.length, 1725);
    const second = next(items, "tracks");
    await turns();
    clock.advance(500);
    await turns();
    run().stdout.push(CAMERA);
    await second;
    const { frame } = await next(items, "frame");
    assert.equal(frame.key, true);
    assert.ok(frame.timeUs > Math.max(...before.times), "never back into what was sent");
    await items.return(undefined);
  });

  test("sound that Matroska cannot carry is left out at once, told, and stays out after a break", async () => {
    const { clock, options, runs, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, options);
    const first = next(items, "tracks");
    run().exit(1, REFUSED_SOUND);
    while (runs.length < 2) await turns();
    assert.ok(!run(0).args.includes("-an") && run(1).args.includes("-an"));
    run(1).stdout.push(CAMERA);
    const { note } = await first;
    assert.equal(note, "the sound is left out: Matroska cannot carry adpcm_g726le");
    const left = untilTrouble(items);
    run(1).exit(0);
    await left;
    const again = next(items, "tracks");
    clock.advance(500);
    while (runs.length < 3) await turns();
    assert.ok(run(2).args.includes("-an"));
    run(2).stdout.push(CAMERA);
    assert.equal((await again).note, note);
    await items.return(undefined);
  });

  test("pictures that Matroska cannot carry either are a failure like any other; so is sound that was not asked for", async () => {
    for (const audio of [true, false]) {
      const { options, runs, run } = setUp();
      const items = rtspSource(URL_WITH_PASSWORD, { ...options, audio });
      const told = untilTrouble(items);
      for (let i = 0; i < (audio ? 2 : 1); i++) {
        while (runs.length <= i) await turns();
        run(i).exit(1, REFUSED_SOUND);
      }
      assert.match((await told).trouble.reason, /Could not write header/);
      await items.return(undefined);
    }
  });

  test("is ended and started again when no frame comes, by force if it must be", async () => {
    const { clock, options, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, { ...options, staleMs: 5000 });
    const trouble = items.next();
    await turns();
    run().stubborn = true;
    clock.advance(4999);
    assert.deepEqual(run().killed, []);
    clock.advance(1);
    assert.deepEqual(run().killed, ["SIGTERM"]);
    clock.advance(2000);
    assert.deepEqual(run().killed, ["SIGTERM", "SIGKILL"]);
    const { value } = await trouble;
    assert.equal(value?.kind === "trouble" && value.reason, "rtsp://cam/live: no frame for 5 s");
  });

  test("an abort ends it and its process, which may hang", async () => {
    const { clock, stop, options, run } = setUp();
    const items = rtspSource(URL_WITH_PASSWORD, options);
    const over = items.next();
    await turns();
    run().stubborn = true;
    stop.abort();
    clock.advance(2000);
    assert.equal((await over).done, true);
    assert.deepEqual(run().killed.slice(0, 2), ["SIGTERM", "SIGKILL"]);
  });

  test("what is no Matroska is a reason, too", async () => {
    const { options, run } = setUp();
    const items = deviceSource("/dev/video0", options);
    const trouble = next(items, "trouble");
    run().stdout.push(new TextEncoder().encode("hello"));
    run().exit(0);
    assert.match((await trouble).reason, /^\/dev\/video0: ./);
  });

  test("a device that gives H.264 is copied, another is encoded", async () => {
    for (const [inputFormat, codec] of [
      ["h264", /-input_format h264 .*-c copy/],
      ["mjpeg", /-c:v libx264/],
    ] as const) {
      const { options, run } = setUp();
      const items = deviceSource("/dev/video0", { ...options, inputFormat });
      const trouble = next(items, "trouble");
      run().exit(1, "/dev/video0: Device or resource busy\n");
      assert.equal((await trouble).reason, "/dev/video0: another program uses it");
      assert.match(run().args.join(" "), codec);
    }
  });

  test("without ffmpeg a camera fails for good, and the test picture is the sample", async () => {
    const camera = setUp();
    const failed = rtspSource(URL_WITH_PASSWORD, camera.options).next();
    camera.run().exit(null, "", true);
    await assert.rejects(failed, { code: "config.bad", message: /ffmpeg is not installed/ });
    const picture = setUp();
    const items = testSource(picture.options);
    const first = next(items, "tracks");
    picture.run().exit(null, "", true);
    assert.equal((await first).tracks.length, 2);
    assert.equal((await next(items, "frame")).frame.key, true);
    picture.stop.abort();
  });

  test("an address that is none is refused without repeating it", () => {
    const { options } = setUp();
    assert.throws(
      () => rtspSource("rtsp://admin:hunter2@cam/a b", options),
      (error: Error) => {
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
});
