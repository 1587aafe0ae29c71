import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { micros } from "../../src/base/units.ts";
import { LiveFmp4Muxer } from "../../src/media/fmp4/live-muxer.ts";
import type { Frame, TrackSet } from "../../src/media/track.ts";
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

/** Appends `init` and then each chunk on its own, plays from the first picture to the end at 4 × speed. */
async function play(muxer: LiveFmp4Muxer, chunks: readonly Uint8Array[]): Promise<Played> {
  const base64 = [muxer.init, ...chunks].map((bytes) => Buffer.from(bytes).toString("base64"));
  return browser.page.evaluate(
    async ({ mime, parts }) => {
      const source = new MediaSource();
      const video = document.createElement("video");
      video.muted = true;
      video.src = URL.createObjectURL(source);
      document.body.append(video);
      const once = (target: EventTarget, name: string) =>
        new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
      await once(source, "sourceopen");
      const buffer = source.addSourceBuffer(mime);
      for (const part of parts) {
        const done = once(buffer, "updateend");
        buffer.appendBuffer(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0)));
        await done;
      }
      const { buffered } = video;
      const ranges = Array.from({ length: buffered.length }, (_, i) => [
        buffered.start(i),
        buffered.end(i),
      ]) as [number, number][];
      source.endOfStream();
      video.currentTime = ranges[0]?.[0] ?? 0;
      video.playbackRate = 4;
      const end = Promise.race([once(video, "ended"), once(video, "error")]);
      await video.play();
      await end;
      const frames = video.getVideoPlaybackQuality().totalVideoFrames;
      const result = { ranges, frames, end: video.currentTime, error: video.error?.message ?? "" };
      video.remove();
      return result;
    },
    { mime: muxer.mime, parts: base64 },
  );
}

interface Live {
  readonly muxer: LiveFmp4Muxer;
  readonly chunks: Uint8Array[];
  readonly frames: readonly Frame[];
}

/** The kind's frames as `change` leaves them, muxed live; with `omit`, that of CodecPrivate of the track set. */
async function live(
  kind: Mp4Kind,
  change: (frame: Frame, index: number) => Frame | undefined = (frame) => frame,
  trackSetOf: (trackSet: TrackSet) => TrackSet = (trackSet) => trackSet,
): Promise<Live> {
  const media = await sourceFragments(await mp4Source(kind));
  const trackSet = media[0]?.trackSet;
  assert.ok(trackSet);
  const muxer = new LiveFmp4Muxer({ trackSet: trackSetOf(trackSet), originUs: -1_000_000 });
  const frames = media.flatMap((one) => one.frames).flatMap((frame, i) => change(frame, i) ?? []);
  const chunks = frames.map((frame) => muxer.add(frame)?.bytes ?? assert.fail("not carried"));
  return { muxer, chunks, frames };
}

const pictures = (frames: readonly Frame[]) => frames.filter((frame) => frame.track === 1).length;

suite("Live MP4 in Chromium's MediaSource", needs("chromium", "ffmpeg"), () => {
  before(async () => {
    browser = await openBrowser();
    await browser.page.goto("about:blank");
  });
  after(() => browser.close());

  for (const kind of ["h264-b3-aac", "h264-opus", "vp9-opus", "av1"] as const)
    test(`plays every frame of ${kind}, appended one by one, as one range`, async () => {
      const { muxer, chunks, frames } = await live(kind);
      const played = await play(muxer, chunks);
      assert.equal(played.error, "");
      assert.equal(played.ranges.length, 1, JSON.stringify(played.ranges));
      assert.equal(played.frames, pictures(frames));
      assert.ok(played.end > 4.9, `ended at ${played.end}`);
    });

  test("drops no picture when the camera pauses for 1.5 s between two key frames", async () => {
    const { muxer, chunks, frames } = await live("h264-b3-aac", (frame) => {
      const late = frame.timeUs >= 1_500_000 ? 1_500_000 : 0;
      return { ...frame, timeUs: micros(frame.timeUs + late) };
    });
    const played = await play(muxer, chunks);
    assert.equal(played.error, "");
    assert.equal(played.frames, pictures(frames));
  });

  test("drops no picture when sound is lost for a second", async () => {
    const { muxer, chunks, frames } = await live("h264-b3-aac", (frame) =>
      frame.track === 2 && frame.timeUs > 1_300_000 && frame.timeUs < 2_300_000 ? undefined : frame,
    );
    const played = await play(muxer, chunks);
    assert.equal(played.error, "");
    assert.equal(played.frames, pictures(frames));
  });
});
