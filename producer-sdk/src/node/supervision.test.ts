/** Cameras that fail and are begun anew, with a clock that moves when told and links that are the test's. */
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Fault } from "../../../src/base/errors.ts";
import { Rope } from "../../../src/base/rope.ts";
import { micros } from "../../../src/base/units.ts";
import { MkvReader } from "../../../src/media/mkv/reader.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { CAMERA, FakeFfmpegs, turns } from "../../../test/support/fake-ffmpeg.ts";
import { FakeLink, START_US, TRACKS } from "../../../test/support/producer.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { Camera, type CameraView } from "./camera.ts";
import { run } from "./cli.ts";
import type { SourceItem } from "./source.ts";
import { Supervision } from "./supervision.ts";

const SAMPLE = join(import.meta.dirname, "../../../samples/camera.mkv");

/** A server that has every fragment for good as soon as its end has come. */
class KindLink extends FakeLink {
  readonly #reader = new MkvReader();
  #open: number | undefined;
  override send(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    for (let item = this.#reader.pull(); item !== undefined; item = this.#reader.pull()) {
      if (item.kind !== "cluster" && item.kind !== "tags") continue;
      const whole = this.#open;
      this.#open = item.kind === "cluster" ? item.ticks : undefined;
      if (whole !== undefined) queueMicrotask(() => this.ack("PERSISTED", whole));
    }
  }
}

const transport = {
  connect(url: string, handlers: FakeLink["handlers"]) {
    const link = new KindLink(url, handlers);
    queueMicrotask(() => handlers.opened());
    return link;
  },
};

/** The command, with what it has said. */
function command(...argv: string[]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const ffmpegs = new FakeFfmpegs();
  const said: string[] = [];
  const out = { write: (text: string) => said.push(text) };
  const code = run(argv, {
    ...{ stdout: out, stderr: out, clock, signal: stop.signal, spawn: ffmpegs.spawn, transport },
  });
  const until = async (pattern: RegExp) => {
    while (!said.some((line) => pattern.test(line))) await turns();
  };
  /** Ctrl-C, and time for what waits. */
  const end = async () => {
    stop.abort();
    let over = false;
    void code.finally(() => {
      over = true;
    });
    for (; !over; await turns()) clock.advance(500);
    return code;
  };
  return { clock, ffmpegs, said, code, until, end };
}

/** A configuration file with these cameras. */
function configOf(dir: string, sources: Readonly<Record<string, string>>): string {
  const path = join(dir, "cameras.json");
  const cameras = Object.entries(sources).map(([stream, source]) => ({
    ...{ stream, source },
    fast: source.endsWith(".mkv"),
  }));
  writeFileSync(path, JSON.stringify({ cameras }));
  return path;
}

suite("cameras that fail", () => {
  test("a file that comes later is sent by its next try, 30 s after; the others know nothing of it", async () => {
    using dir = tempDir("supervision");
    const file = join(dir.path, "late.mkv");
    const config = configOf(dir.path, { late: file, door: "rtsp://cam/1" });
    const { clock, said, end, until } = command("--config", config);
    await until(/^late: failed: cannot read .*\[request\.bad\]; next try in 30 s, 0 frames/);
    copyFileSync(SAMPLE, file);
    clock.advance(29_999);
    await turns();
    assert.ok(!said.some((line) => line.startsWith("late: ended")));
    clock.advance(1);
    await until(/^late: ended, 1725 frames sent, persisted 20/);
    assert.equal(await end(), 0, said.join(""));
  });

  test("again and again while another camera runs; it counts as failed at the end", async () => {
    using dir = tempDir("supervision");
    const config = configOf(dir.path, { none: join(dir.path, "no.mkv"), door: "rtsp://cam/1" });
    const { clock, said, end, until } = command("--config", config);
    for (let tries = 1; tries <= 3; tries++) {
      const failures = () => said.filter((line) => /^none: failed: .*next try/.test(line)).length;
      await until(/^none: failed/);
      while (failures() < tries) await turns();
      said.splice(0, said.length, ...said.filter((line) => line.startsWith("none: failed")));
      clock.advance(30_000);
    }
    assert.equal(await end(), 1);
    assert.match(said.at(-1) ?? "", /^none: failed: |^door: /);
  });

  test("the only one, and a failure that stays: it ends at once", async () => {
    using dir = tempDir("supervision");
    for (const source of [join(dir.path, "no.mkv"), "rtsp://a b"]) {
      const { clock, said, code } = command(source, "--stream", "s", "--fast");
      assert.equal(await code, 1);
      assert.match(said.join(""), /^s: failed: .*\[(request|config)\.bad\], 0 frames sent/m);
      assert.doesNotMatch(said.join(""), /next try/);
      assert.equal(clock.pendingTimers, 0);
    }
  });

  test("no ffmpeg for any camera ends them all; for some, they are tried again", async () => {
    using dir = tempDir("supervision");
    const all = command("--config", configOf(dir.path, { a: "rtsp://a/", b: "rtsp://b/" }));
    while (all.ffmpegs.runs.length < 2) await turns();
    all.ffmpegs.runs[0]?.exit(null, "", true);
    await all.until(/^a: failed: ffmpeg is not installed .*next try in 30 s/);
    all.ffmpegs.runs[1]?.exit(null, "", true);
    assert.equal(await all.code, 1);
    const one = command("--config", configOf(dir.path, { a: "rtsp://a/", b: "rtsp://b/" }));
    while (one.ffmpegs.runs.length < 2) await turns();
    one.ffmpegs.runs[1]?.stdout.push(CAMERA);
    await one.until(/^b: live/);
    one.ffmpegs.runs[0]?.exit(null, "", true);
    await one.until(/^a: failed/);
    one.clock.advance(30_000);
    while (!one.ffmpegs.runs.slice(2).some(({ args }) => args.includes("rtsp://a/"))) await turns();
    assert.equal(await one.end(), 0, "nothing is failed any more, and nothing was lost");
  });

  test("what may pass is tried again even by a camera that is alone; its figures go on", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const views: CameraView[] = [];
    let tries = 0;
    const supervision = new Supervision(
      [
        (changed) => {
          const source = aSource(tries++, stop.signal);
          const given = { stream: "s", url: "http://h:1", create: false, paced: true, source };
          return new Camera({ ...given, clock, transport, changed });
        },
      ],
      { clock, signal: stop.signal, changed: (view) => views.push(view) },
    );
    const fine = supervision.run();
    while (!views.some(({ state }) => state === "failed")) await turns();
    assert.match(views.at(-1)?.reason ?? "", /^the disk hung \[store\.unavailable\]; next try/);
    assert.deepEqual([views.at(-1)?.frames, supervision.views[0]?.frames], [3, 3]);
    clock.advance(30_000);
    while (tries < 2 || (supervision.views[0]?.frames ?? 0) < 6) await turns();
    assert.equal(supervision.views[0]?.state, "live");
    stop.abort();
    assert.equal(await fine, true);
    assert.equal(supervision.views[0]?.frames, 6);
  });
});

/** Three pictures; then the first one breaks, and the next waits until it is ended. */
async function* aSource(nth: number, signal: AbortSignal): AsyncGenerator<SourceItem> {
  yield { kind: "tracks", tracks: TRACKS };
  for (let i = 0; i < 3; i++) {
    const timeUs = micros(START_US + (nth * 10 + i) * 100_000);
    const payload = Rope.of(Uint8Array.of(i));
    yield { kind: "frame", frame: { track: 1, timeUs, key: i === 0, payload } };
  }
  if (nth === 0) throw new Fault("store.unavailable", "the disk hung");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
