import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
import { millis } from "../../src/base/units.ts";
import type { Frame } from "../../src/media/track.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { playForever, type Recorded, readRecording } from "./file-source.ts";
import { openRecording } from "./node.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const PERIOD_US = 24_000_000;

/** Frames of the first `ms`, with the clock's time when each came. The clock jumps to the next timer. */
async function play(recorded: Recorded, clock: FakeClock, ms: number, seen: Clock = clock) {
  const stop = new AbortController();
  const out: { frame: Frame; atMs: number }[] = [];
  const until = clock.elapsed() + ms;
  const frames = playForever(recorded, { clock: seen, signal: stop.signal });
  for (let next = frames.next(); ; next = frames.next()) {
    let done = false;
    next.then(() => {
      done = true;
    });
    // A frame that is due comes without a timer; give the generator its turns first.
    for (let turn = 0; turn < 6 && !done; turn++) await Promise.resolve();
    while (!done) {
      clock.advance(1);
      for (let turn = 0; turn < 6 && !done; turn++) await Promise.resolve();
    }
    const { value } = await next;
    if (value === undefined || clock.elapsed() > until) break;
    out.push({ frame: value, atMs: clock.elapsed() });
  }
  stop.abort();
  return out;
}

suite("the recording that loops", () => {
  test("the sample is 600 pictures and 1,125 sound packets in exactly 24 s", async () => {
    const { tracks, frames, periodUs } = await openRecording(SAMPLE);
    assert.equal(periodUs, PERIOD_US);
    assert.deepEqual(
      tracks.map((t) => t.codecId),
      ["V_MPEG4/ISO/AVC", "A_AAC"],
    );
    assert.equal(frames.filter((f) => f.track === 1).length, 600);
    assert.equal(frames.filter((f) => f.track === 2).length, 1125);
    const keys = frames.filter((f) => f.track === 1 && f.key).map((f) => f.timeUs);
    assert.deepEqual(
      keys,
      Array.from({ length: 12 }, (_, i) => i * 2_000_000),
    );
  });

  test("comes in real time, with wall-clock times and no step at the seam", async () => {
    const recorded = await openRecording(SAMPLE);
    const clock = new FakeClock();
    const startMs = clock.now();
    const seen = await play(recorded, clock, 50_000);
    const pictures = seen.filter(({ frame }) => frame.track === 1);
    assert.ok(pictures.length >= 1250, `${pictures.length} pictures in 50 s`);
    for (const [i, { frame }] of pictures.entries())
      assert.equal(frame.timeUs, startMs * 1000 + i * 40_000, `picture ${i}`);
    const sound = seen.filter(({ frame }) => frame.track === 2).map(({ frame }) => frame.timeUs);
    for (let i = 1; i < sound.length; i++) {
      const step = (sound[i] ?? 0) - (sound[i - 1] ?? 0);
      assert.ok(step >= 21_000 && step <= 22_000, `packet ${i} after ${step} µs`);
    }
    for (const { frame, atMs } of seen) {
      const late = atMs - frame.timeUs / 1000;
      assert.ok(late > -0.001 && late < 2, `a frame came ${late} ms late`);
    }
  });

  test("follows the wall clock when it drifts, by steps nobody sees", async () => {
    const recorded = await openRecording(SAMPLE);
    const clock = new FakeClock();
    const began = clock.elapsed();
    // A wall clock that runs 0.1 % faster than the machine's own count.
    const skewed: Clock = {
      now: () => millis(Math.trunc(clock.now() + (clock.elapsed() - began) * 0.001)),
      elapsed: () => clock.elapsed(),
      after: (ms, run) => clock.after(ms, run),
    };
    const seen = await play(recorded, clock, 120_000, skewed);
    const pictures = seen.filter(({ frame }) => frame.track === 1);
    const last = pictures.at(-1);
    assert.ok(last);
    const wall = last.atMs + (last.atMs - began) * 0.001;
    assert.ok(Math.abs(wall - last.frame.timeUs / 1000) < 30, "the error stays small");
    for (let i = 1; i < pictures.length; i++) {
      const step = (pictures[i]?.frame.timeUs ?? 0) - (pictures[i - 1]?.frame.timeUs ?? 0);
      assert.ok(step >= 39_800 && step <= 40_200, `picture ${i} after ${step} µs`);
    }
  });

  test("after the machine slept it goes on at the time it is, without sending what was missed", async () => {
    const recorded = await openRecording(SAMPLE);
    const clock = new FakeClock();
    const stop = new AbortController();
    const frames = playForever(recorded, { clock, signal: stop.signal });
    await frames.next();
    clock.advance(3_600_000);
    const { value } = await frames.next();
    assert.ok(value);
    assert.ok(Math.abs(value.timeUs / 1000 - clock.now()) < 50);
    stop.abort();
    assert.equal((await frames.next()).done, true);
  });

  test("what is not a recording is refused", async () => {
    assert.throws(() => readRecording(Uint8Array.of(1, 2, 3)), { name: "Fault" });
    assert.throws(() => readRecording(new Uint8Array(0)), { name: "Fault" });
    await assert.rejects(openRecording(`${SAMPLE}.missing`), { code: "request.bad" });
  });
});
