import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { codecChoices, defaultBitrate, opusDelayNs } from "./codecs.ts";
import { KeySchedule } from "./key-schedule.ts";
import { RateWindow } from "./rate-window.ts";
import { recorderType } from "./recorder-types.ts";
import { TrackClock } from "./track-clock.ts";

suite("TrackClock", () => {
  test("camera and microphone count from different starts: each is anchored at its own first frame", () => {
    const clock = new FakeClock();
    const [camera, microphone] = [new TrackClock(clock), new TrackClock(clock)];
    assert.equal(camera.stamp(4_551_400_000), clock.now() * 1000);
    assert.equal(microphone.stamp(86_700_000), clock.now() * 1000);
    clock.advance(40);
    assert.equal(camera.stamp(4_551_440_000), clock.now() * 1000);
  });

  test("a device that runs 100 ppm fast is drawn back; one that stalls is not moved", () => {
    const clock = new FakeClock();
    const track = new TrackClock(clock);
    const startUs = clock.now() * 1000;
    let last = 0;
    for (let i = 0; i < 25 * 1200; i++) {
      const at = track.stamp(i * 40_004);
      assert.ok(i === 0 || Math.abs(at - last - 40_004) <= 21, `step ${at - last}`);
      last = at;
      clock.advance(i === 5000 ? 900 : 40);
      if (i > 5000 && i < 5023) clock.advance(-39);
    }
    assert.ok(Math.abs(last - startUs - 25 * 1200 * 40_000) < 150_000, `${last - startUs}`);
  });

  test("after the device slept its frames are from now, and never from before the last one", () => {
    const clock = new FakeClock();
    const track = new TrackClock(clock);
    track.stamp(0);
    clock.advance(60_000);
    for (let i = 1; i < 600; i++) {
      track.stamp(i * 40_000);
      clock.advance(40);
    }
    assert.ok(Math.abs(track.stamp(600 * 40_000) - clock.now() * 1000) < 100_000);
    clock.advance(-30_000);
    const before = track.stamp(601 * 40_000);
    assert.ok(track.stamp(602 * 40_000) > before);
  });

  test("tracks that share a clock do not push each other", () => {
    const clock = new FakeClock();
    const shared = new TrackClock(clock);
    const video = shared.stamp(1_000_000, 1);
    assert.equal(shared.stamp(980_000, 2), video - 20_000);
  });
});

suite("KeySchedule", () => {
  test("every two seconds by the pictures' times, on the grid of the first, whatever the rate", () => {
    for (const stepUs of [33_333, 40_000, 66_667]) {
      const keys = new KeySchedule(2000);
      const due: number[] = [];
      for (let us = 0; us < 11_000_000; us += stepUs) if (keys.isDue(us, stepUs)) due.push(us);
      assert.equal(due.length, 6);
      for (const [i, us] of due.entries()) assert.ok(Math.abs(us - i * 2e6) <= stepUs / 2 + 1);
    }
  });

  test("when it is forced, and after a pause, at once, and from there on", () => {
    const keys = new KeySchedule(2000);
    assert.ok(keys.isDue(0, 40_000));
    keys.force();
    assert.ok(keys.isDue(500_000, 40_000));
    assert.equal(keys.isDue(2_000_000, 40_000), false);
    assert.ok(keys.isDue(2_500_000, 40_000));
    assert.ok(keys.isDue(60_000_000, 40_000));
    assert.equal(keys.isDue(61_000_000, 40_000), false);
  });
});

suite("figures of a webcam", () => {
  test("rates are those of the last three seconds", () => {
    const clock = new FakeClock();
    const window = new RateWindow(clock);
    assert.deepEqual(window.rates, { frames: 0, bits: 0 });
    for (let i = 0; i < 100; i++) {
      clock.advance(40);
      window.add(1000);
    }
    assert.deepEqual(window.rates, { frames: 25, bits: 200_000 });
    clock.advance(10_000);
    assert.equal(window.rates.frames, 0);
  });

  test("codecs in the order players can show them; one that is asked for alone", () => {
    assert.deepEqual(
      codecChoices("auto").map(({ name }) => name),
      ["h264", "vp9", "vp8", "av1"],
    );
    assert.deepEqual(
      codecChoices("av1").map(({ codecId }) => codecId),
      ["V_AV1"],
    );
  });

  test("bit rates grow with the picture, within limits", () => {
    assert.equal(defaultBitrate(160, 90, 10), 300_000);
    assert.equal(defaultBitrate(1280, 720, 30), 1_935_360);
    assert.equal(defaultBitrate(7680, 4320, 60), 8e6);
  });

  test("the delay of an OpusHead", () => {
    const head = new Uint8Array(19);
    head.set([0x38, 0x01], 10);
    assert.equal(opusDelayNs(head), 6_500_000);
    assert.equal(opusDelayNs(new Uint8Array(3)), 0);
  });
});

suite("what a recorder is asked for", () => {
  const chrome = (type: string) => type.startsWith("video/webm") || type.startsWith("audio/webm");
  const oldSafari = (type: string) => type.includes("/mp4");

  test("the first that the browser has, or the codec that is wanted", () => {
    const all = { hasVideo: true, codec: "auto" as const };
    assert.equal(recorderType(all, chrome), "video/webm;codecs=h264,opus");
    assert.match(recorderType({ ...all, codec: "vp8" }, chrome), /vp8/);
    assert.equal(recorderType({ ...all, hasVideo: false }, chrome), "audio/webm;codecs=opus");
  });

  test("where only MP4 is recorded it says so, and what to do, for picture and sound", () => {
    for (const [hasVideo, what] of [
      [true, "picture"],
      [false, "sound"],
    ] as const)
      assert.throws(() => recorderType({ hasVideo, codec: "auto" }, oldSafari), {
        message: new RegExp(`records ${what} as MP4 alone.*Safari.*another browser`),
      });
    // Not the codec is what is missing.
    assert.throws(() => recorderType({ hasVideo: true, codec: "vp9" }, oldSafari), /MP4 alone/);
  });

  test("a codec that is missing is told apart from a browser that records nothing we take", () => {
    const noAv1 = (type: string) => chrome(type) && !type.includes("av01");
    assert.throws(() => recorderType({ hasVideo: true, codec: "av1" }, noAv1), /record av1$/);
    const none = () => false;
    assert.throws(() => recorderType({ hasVideo: true, codec: "auto" }, none), /WebM or Matroska$/);
  });
});
