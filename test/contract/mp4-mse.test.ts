import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { micros } from "../../src/base/units.ts";
import { LiveFmp4Muxer } from "../../src/media/fmp4/live-muxer.ts";
import type { Frame } from "../../src/media/track.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { type Mp4Kind, mp4Source, sourceFragments } from "../support/mp4-media.ts";
import { needs } from "../support/tools.ts";

interface Played {
  /** Of the source buffer and of the element, seconds. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly frames: number;
  readonly end: number;
  readonly error: string;
}

let browser: TestBrowser;

/** Runs in the page: appends init and then each chunk on its own, plays all of it at 4 × speed. */
const PLAY = `async ({ mime, parts }) => {
  const source = new MediaSource();
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(source);
  document.body.append(video);
  const once = (target, name) =>
    new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  await once(source, "sourceopen");
  const buffer = source.addSourceBuffer(mime);
  for (const part of parts) {
    const done = once(buffer, "updateend");
    buffer.appendBuffer(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0)));
    await done;
  }
  const ranges = Array.from({ length: buffer.buffered.length }, (_, i) => [
    buffer.buffered.start(i),
    buffer.buffered.end(i),
  ]);
  source.endOfStream();
  video.currentTime = video.buffered.start(0);
  video.playbackRate = 4;
  const end = Promise.race([once(video, "ended"), once(video, "error")]);
  await video.play();
  await end;
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  const result = { ranges, frames, end: video.currentTime, error: video.error?.message ?? "" };
  video.remove();
  return result;
}`;

function play({ muxer, chunks }: Live): Promise<Played> {
  const parts = [muxer.init, ...chunks].map((bytes) => Buffer.from(bytes).toString("base64"));
  const options = JSON.stringify({ mime: muxer.mime, parts });
  return browser.page.evaluate<Played>(`(${PLAY})(${options})`);
}

interface Live {
  readonly muxer: LiveFmp4Muxer;
  readonly chunks: Uint8Array[];
  readonly frames: readonly Frame[];
}

/** The kind's frames as `change` leaves them, muxed live. */
async function live(
  kind: Mp4Kind,
  change: (frame: Frame) => Frame | undefined = (frame) => frame,
): Promise<Live> {
  const media = await sourceFragments(await mp4Source(kind));
  const trackSet = media[0]?.trackSet;
  assert.ok(trackSet);
  const muxer = new LiveFmp4Muxer({ trackSet, originUs: -1_000_000 });
  const frames = media.flatMap((one) => one.frames).flatMap((frame) => change(frame) ?? []);
  const chunks = frames.map((frame) => muxer.add(frame)?.bytes ?? assert.fail("not carried"));
  return { muxer, chunks, frames };
}

/** Those decoded before the seek to the start may be counted twice: less than a group of 25. */
function assertAllShown(shown: number, frames: readonly Frame[]): void {
  const all = pictures(frames);
  assert.ok(shown >= all && shown < all + 12, `${shown} of ${all} pictures`);
}

const pictures = (frames: readonly Frame[]) => frames.filter((frame) => frame.track === 1).length;

// A picture that Chrome dropped leaves a hole in which playback waits for ever.
const options = { ...needs("chromium", "ffmpeg"), timeout: 300_000 };

suite("Live MP4 in Chromium's MediaSource", options, () => {
  before(async () => {
    browser = await openBrowser();
    await browser.page.goto("about:blank");
  });
  after(() => browser.close());

  for (const kind of ["h264-b3-aac", "h264-opus", "vp9-opus", "av1"] as const)
    test(`plays every frame of ${kind}, appended one by one, as one range`, async () => {
      const media = await live(kind);
      const played = await play(media);
      assert.equal(played.error, "");
      assert.equal(played.ranges.length, 1, JSON.stringify(played.ranges));
      assertAllShown(played.frames, media.frames);
      assert.ok(played.end > 4.9, `ended at ${played.end}`);
    });

  test("drops no picture when the camera pauses for 1.5 s between two key frames", async () => {
    const media = await live("h264-b3-aac", (frame) => {
      const late = frame.timeUs >= 1_500_000 ? 1_500_000 : 0;
      return { ...frame, timeUs: micros(frame.timeUs + late) };
    });
    const played = await play(media);
    assert.equal(played.error, "");
    assertAllShown(played.frames, media.frames);
  });

  test("drops no picture when sound is lost for a second", async () => {
    const media = await live("h264-b3-aac", (frame) =>
      frame.track === 2 && frame.timeUs > 1_300_000 && frame.timeUs < 2_300_000 ? undefined : frame,
    );
    const played = await play(media);
    assert.equal(played.error, "");
    assertAllShown(played.frames, media.frames);
  });
});
