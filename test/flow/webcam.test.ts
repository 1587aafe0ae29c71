/**
 * The webcam page in Chromium with a camera whose pictures are numbered, and a fake microphone: live in a second tab, stored,
 * every frame that was put is in the archive, and so is every number that the camera gave, by WebCodecs and by MediaRecorder.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Page } from "playwright-core";
import type { Outcome } from "../../producer-sdk/src/events.ts";
import { frames } from "../../src/media/mkv/consumer.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { FAKE_CAMERA } from "../support/media-recorder.ts";
import {
  CAMERA,
  lostOf,
  numbersIn,
  READ_NUMBER,
  writeNumberedCamera,
} from "../support/numbered-camera.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const SIZE = `${CAMERA.width}x${CAMERA.height}`;
/** Of media, from the first picture that is put: three key frames are due. */
const TAKE_MS = 5000;
/** Evaluated in the page: where the element has its fields. */
const INSIDE = 'document.querySelector("streambank-producer").shadowRoot';
const STOPPED = `${INSIDE}.querySelector('#state').textContent.startsWith('Stopped')`;

/** One frame as the page put it and as the archive gives it. */
interface Seen {
  readonly track: number;
  readonly timeMs: number;
  readonly key: boolean;
  readonly sha: string;
}

/**
 * In the page, before its own scripts: remembers every frame that is put, and the number of every picture that another reader of
 * the camera is given. The server makes Annex B length-prefixed, so a payload that begins with a start code is hashed as what it must become.
 */
const REMEMBER = `
globalThis.put = [];
const normalised = (bytes) => {
  const starts = [];
  for (let at = 0; at + 2 < bytes.length; at++)
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) starts.push((at += 2) + 1);
  const isAnnexB = starts[0] === 3 || (starts[0] === 4 && bytes[0] === 0);
  if (!isAnnexB) return bytes;
  const out = [];
  for (const [i, from] of starts.entries()) {
    let to = (starts[i + 1] ?? bytes.length + 3) - 3;
    while (i + 1 < starts.length && bytes[to - 1] === 0) to--;
    const length = to - from;
    out.push(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
    out.push(...bytes.subarray(from, to));
  }
  return Uint8Array.from(out);
};
addEventListener("streambank-producer-frame", ({ detail: { track, timestampUs, key, data } }) => {
  const at = globalThis.put.push(undefined) - 1;
  const bytes = track === 1 ? normalised(data.slice()) : data.slice();
  globalThis.hashing = (globalThis.hashing ?? Promise.resolve()).then(async () => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    globalThis.put[at] = { track, timeMs: Math.round(timestampUs / 1000), key, sha };
  });
});
addEventListener("streambank-producer-end", ({ detail }) => {
  globalThis.end = detail;
});
globalThis.given = [];
const numberOf = ${READ_NUMBER};
if (navigator.mediaDevices) {
  const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const media = await get(wish);
    const [track] = media.getVideoTracks();
    const { readable } = new MediaStreamTrackProcessor({ track: track.clone() });
    readable.pipeTo(new WritableStream({
      async write(picture) {
        globalThis.given.push(await numberOf(picture));
        picture.close();
      },
    })).catch(() => {});
    return media;
  };
}`;

/** What the page's webcam said at its end. */
interface End {
  readonly outcome: Outcome;
  /** Of its `WebcamStats`, whose module is for browsers. */
  readonly stats: {
    readonly encoded: number;
    readonly captured?: number;
    readonly dropped?: number;
  };
}

async function openPage(page: Page, url: string): Promise<void> {
  await page.addInitScript(REMEMBER);
  await page.goto(`${url}/player/webcam.html`);
  // The names of the devices are there when they have been listed.
  await page.waitForFunction(`${INSIDE}.querySelectorAll('#camera option').length > 1`);
}

async function goLive(page: Page, options: { stream: string; method?: string; codec?: string }) {
  const { stream, method = "auto", codec = "auto" } = options;
  await page.fill("#stream", stream);
  // So small that two cores code it beside everything else.
  await page.evaluate(`${INSIDE}.querySelector("#size").append(new Option("small", "${SIZE}"))`);
  await page.selectOption("#size", SIZE);
  await page.evaluate(`${INSIDE}.querySelector('details').open = true`);
  await page.selectOption("#method", method);
  await page.selectOption("#codec", codec);
  await page.click("#go");
}

/** From the first key frame on: what comes before it cannot be decoded, and the producer leaves it out. */
const putBy = async (page: Page): Promise<Seen[]> => {
  await page.evaluate("globalThis.hashing");
  const put = await page.evaluate<Seen[]>("globalThis.put");
  return put.slice(put.findIndex(({ track, key }) => track === 1 && key));
};

/** All that is stored of the stream, as Matroska. */
async function clipOf(server: { url: string }, stream: string): Promise<Uint8Array> {
  const answer = await fetch(`${server.url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`);
  assert.equal(answer.status, 200);
  return new Uint8Array(await answer.arrayBuffer());
}

async function archived(
  server: { url: string },
  stream: string,
  clip: Uint8Array,
): Promise<Seen[]> {
  const list = await fetch(`${server.url}/v1/streams/${stream}/fragments`);
  const { fragments } = (await list.json()) as { fragments: { producerMs: number }[] };
  const startMs = Math.min(...fragments.map(({ producerMs }) => producerMs));
  const out: Seen[] = [];
  for await (const { track, timeUs, key, payload } of frames([clip])) {
    const sha = createHash("sha256").update(payload.toBytes()).digest("hex");
    out.push({ track, timeMs: timeUs / 1000, key, sha });
  }
  const firstMs = Math.min(...out.map(({ timeMs }) => timeMs));
  return out.map((frame) => ({ ...frame, timeMs: Math.round(frame.timeMs - firstMs + startMs) }));
}

const ofTrack = (all: readonly Seen[], track: number) => all.filter((f) => f.track === track);

/** Returns how many pictures are missing: none, or it throws. */
function compare(got: readonly Seen[], put: readonly Seen[]): number {
  for (const track of [1, 2]) {
    const want = ofTrack(put, track);
    const have = ofTrack(got, track);
    assert.equal(have.length, want.length, `track ${track}`);
    for (const [i, frame] of want.entries()) {
      const found = have[i];
      assert.ok(found);
      assert.equal(found.key, frame.key, `key flag ${i}`);
      assert.ok(Math.abs(found.timeMs - frame.timeMs) <= 1, `${found.timeMs} ${frame.timeMs}`);
      assert.equal(found.sha, frame.sha, `payload ${i}`);
    }
  }
  return ofTrack(put, 1).length - ofTrack(got, 1).length;
}

const VIDEO = `document.querySelector("streambank-player")?.shadowRoot?.querySelector("video")`;

/** Resolves when the player on this page has shown so many pictures since it was opened. */
async function watched(page: Page, server: RunningServer, place: string): Promise<void> {
  await page.goto(`${server.url}/#${place}`);
  await page.waitForFunction(
    `(${VIDEO}?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 20 && ${VIDEO}.currentTime > 0`,
  );
}

/** A moment of the recording, in the player, from the archive: pictures that move, of that time. */
async function playsAgain(page: Page, server: RunningServer, stream: string, atMs: number) {
  await page.goto("about:blank");
  await watched(page, server, `${stream}?t=${new Date(atMs).toISOString()}`);
  const player = 'document.querySelector("streambank-player")';
  assert.equal(await page.evaluate(`${player}.getAttribute("state")`), "PLAYBACK");
  const shownMs = await page.evaluate<number>(`${player}.positionMs`);
  assert.ok(shownMs >= atMs - 500 && shownMs < atMs + 30_000, `${shownMs - atMs}`);
  // Different pictures, not one again and again.
  const picture = `(async () => {
    const video = ${VIDEO};
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    const seen = new Set();
    while (seen.size < 3) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const digest = await crypto.subtle.digest("SHA-256", data);
      seen.add(new Uint8Array(digest).join());
    }
    return [video.videoWidth, video.videoHeight];
  })()`;
  assert.equal((await page.evaluate<number[]>(picture)).join("x"), SIZE);
}

const NOTHING_LEFT = { waiting: 0, kept: 0, refused: 0, dropped: 0, waitingUs: 0, lostUs: 0 };
const options = { ...needs("chromium", "ffmpeg"), timeout: 300_000 };

suite("the webcam page", options, () => {
  const dir = tempDir("webcam-camera");
  let browser: TestBrowser | undefined;

  before(async () => {
    const camera = join(dir.path, "camera.y4m");
    writeNumberedCamera(camera);
    const file = `--use-file-for-fake-video-capture=${camera}`;
    const rules = "--host-rules=MAP cameras.test 127.0.0.1";
    browser = await openBrowser({ flags: [...FAKE_CAMERA, file, rules] });
  });
  after(async () => {
    await browser?.close();
    dir[Symbol.dispose]();
  });

  /** Another page of the one browser; closed, it lets go of the camera. */
  async function newPage(): Promise<Page & AsyncDisposable> {
    assert.ok(browser);
    const page = await browser.page.context().newPage();
    return Object.assign(page, { [Symbol.asyncDispose]: () => page.close() });
  }

  for (const [method, codec] of [
    ["webcodecs", "vp9"],
    ["webcodecs", "h264"],
    ["mediarecorder", "vp9"],
  ] as const)
    test(`${method}, ${codec}: live in another tab, every frame is in the archive, and plays again`, async (t) => {
      await using server = await startTestServer();
      await using page = await newPage();
      await openPage(page, server.url);
      await goLive(page, { stream: "me", method, codec });
      await page.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 0`);
      await using other = await newPage();
      await watched(other, server, "me");
      await other.goto("about:blank");
      const span =
        "put.findLast((f) => f?.track === 1)?.timeMs - put.find((f) => f?.track === 1)?.timeMs";
      await page.waitForFunction(`${span} > ${TAKE_MS}`);
      assert.equal(await page.textContent("#state"), "Live, and being stored.");
      await page.click("#go");
      await page.waitForFunction(STOPPED);
      assert.equal(await page.textContent("#state"), "Stopped. Everything is stored.");
      const put = await putBy(page);
      const pictures = ofTrack(put, 1);
      const sound = ofTrack(put, 2);
      const clip = await clipOf(server, "me");
      const missing = compare(await archived(server, "me", clip), put);
      const { outcome, stats } = await page.evaluate<End>("globalThis.end");
      const { durable, ...rest } = outcome;
      assert.ok(durable > 1, `${durable}`);
      assert.deepEqual(rest, NOTHING_LEFT);
      assert.equal(stats.encoded, pictures.length, "every coded picture was put");
      const first = pictures[0]?.timeMs ?? 0;
      // What the camera gave meanwhile: each picture once, in order, and none that another reader of it got is missing.
      const recording = join(dir.path, "recording.mkv");
      writeFileSync(recording, clip);
      const numbers = await numbersIn(recording);
      assert.equal(numbers.length, pictures.length, "pictures that can be decoded");
      const given = await page.evaluate<number[]>("globalThis.given");
      assert.ok(!given.includes(-1), `${given}`);
      const { lost, neverGiven } = lostOf(given, numbers);
      assert.ok(neverGiven < numbers.length / 4, `${numbers}`);
      if (method === "webcodecs") {
        assert.equal(stats.captured, stats.encoded + (stats.dropped ?? Number.NaN));
        assert.equal(stats.dropped, 0, "left out");
      } else assert.deepEqual([stats.captured, stats.dropped], [undefined, undefined]);
      assert.deepEqual([lost, missing], [[], 0], `${given} given, ${numbers} stored`);
      t.diagnostic(
        `${stats.captured ?? "?"} pictures taken, ` +
          `${stats.dropped ?? "?"} left out, ${pictures.length} put, ${missing + lost.length} lost; ` +
          `${neverGiven} that the browser never took from its camera; ${sound.length} packets of sound`,
      );
      await playsAgain(other, server, "me", first + 2000);
      const times = pictures.map(({ timeMs }) => timeMs - (pictures[0]?.timeMs ?? 0));
      assert.ok(sound.length > (TAKE_MS / 1000) * 10, `${sound.length} packets of sound`);
      // Encoders add key frames of their own; asked for are those every two seconds.
      const keys = times.filter((_, at) => pictures[at]?.key);
      for (let due = 0; due < TAKE_MS; due += 2000) {
        // The nearest frame, half of 100 ms before or after; times are rounded, so on the border it is either.
        const onTime = (slack: number) =>
          keys.find((time) => time >= due - slack) === times.find((time) => time >= due - slack);
        const key = keys.find((time) => time >= due - 51) ?? Number.POSITIVE_INFINITY;
        if (method === "webcodecs") assert.ok(onTime(51) || onTime(49), `${due}: ${keys}`);
        else assert.ok(key < due + 2500, `${due}: ${keys}`);
      }
    });

  test("a page that goes while the server is away: the next one sends what it kept", async () => {
    using dir = tempDir("webcam-away");
    await using first = await startServerProcess(dir.path);
    const port = new URL(first.url).port;
    const page = await newPage();
    await openPage(page, first.url);
    await goLive(page, { stream: "me", method: "webcodecs", codec: "vp8" });
    await page.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 0`);
    await first.kill();
    await page.waitForFunction(`parseFloat(${INSIDE}.querySelector('#buffered').textContent) > 3`);
    assert.match((await page.textContent("#state")) ?? "", /^The server is away/);
    // Written is what was put a while ago: a browser that is busy takes its time to write. And not at the beginning of a
    // fragment, which is every two seconds: one that has no frame yet would count as given up.
    const put = await putBy(page);
    await page.waitForFunction(`parseFloat(${INSIDE}.querySelector('#buffered').textContent) > 7`);
    await page.close({ runBeforeUnload: false });
    await using second = await startServerProcess(dir.path, ["--http-port", port]);
    await using next = await newPage();
    await openPage(next, second.url);
    await goLive(next, { stream: "me", method: "webcodecs", codec: "vp8" });
    await next.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 3`);
    await next.click("#go");
    await next.waitForFunction(STOPPED);
    assert.equal(await next.textContent("#state"), "Stopped. Everything is stored.");
    const putNext = await putBy(next);
    const got = await archived(second, "me", await clipOf(second, "me"));
    const have = new Set(got.map(({ sha }) => sha));
    const missing = put.filter(({ sha }) => !have.has(sha));
    const last = put.at(-1)?.timeMs;
    assert.deepEqual(missing, [], `of ${put.length} until ${last}`);
    assert.equal(
      new Set(got.map((f) => `${f.track} ${f.timeMs}`)).size,
      got.length,
      "nothing twice",
    );
    // What nobody saw put is of the time between: after the last look at the first page, before the second page.
    const seen = new Set([...put, ...putNext].map(({ sha }) => sha));
    const unseen = got.filter(({ sha }) => !seen.has(sha));
    const firstMs = Math.min(...putNext.map(({ timeMs }) => timeMs));
    const sinceMs = (track: number) => ofTrack(put, track).at(-1)?.timeMs ?? 0;
    for (const { track, timeMs } of unseen)
      assert.ok(timeMs > sinceMs(track) && timeMs < firstMs, `${track} ${timeMs}`);
    await second.kill();
  });

  test("a page that is not on a secure origin says what that means and what to do", async () => {
    await using server = await startTestServer({ allowedHosts: ["cameras.test"] });
    await using page = await newPage();
    await page.goto(`http://cameras.test:${server.port}/player/webcam.html`);
    const said = (await page.textContent("#trouble")) ?? "";
    assert.match(said, /http:\/\/cameras\.test:\d+ is not encrypted.*https:\/\/.*localhost/);
    assert.ok(await page.isDisabled("#go"));
  });

  test("a camera that is not allowed is said, and can be tried again", async () => {
    await using server = await startTestServer();
    const flags = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"];
    await using denying = await openBrowser({ flags });
    const { page } = denying;
    await openPage(page, server.url);
    await page.click("#go");
    await page.waitForFunction(`${INSIDE}.querySelector('#trouble').textContent !== ''`);
    assert.match((await page.textContent("#trouble")) ?? "", /was not allowed/);
    assert.ok(await page.isEnabled("#go"));
  });
});
