/**
 * The webcam page in Chromium with its fake camera and microphone: live in a second tab, stored, and every frame that was
 * put is in the archive, by WebCodecs and by MediaRecorder.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import type { Page } from "playwright-core";
import type { Outcome } from "../../producer-sdk/src/events.ts";
import { frames } from "../../src/media/mkv/consumer.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser } from "../support/browser.ts";
import { FAKE_CAMERA } from "../support/media-recorder.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const SIZE = "320x180";
/** Evaluated in the page: where the element has its fields. */
const INSIDE = 'document.querySelector("streambank-producer").shadowRoot';
/** Times of one picture are rounded, and drawn to the wall clock: they differ by less than this. */
const NEAR_MS = 30;
/** Ten pictures a second. */
const SLOW_CAMERA = [...FAKE_CAMERA, "--use-fake-device-for-media-stream=fps=10"];

/** One frame as the page put it and as the archive gives it. */
interface Seen {
  readonly track: number;
  readonly timeMs: number;
  readonly key: boolean;
  readonly sha: string;
}

/**
 * In the page, before its own scripts: remembers every frame that is put, and the time of every picture the camera gave. The server makes
 * Annex B length-prefixed, so a payload that begins with a start code is hashed as what it must become.
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
if (navigator.mediaDevices) {
  const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const media = await get(wish);
    const [track] = media.getVideoTracks();
    const { readable } = new MediaStreamTrackProcessor({ track: track.clone() });
    readable.pipeTo(new WritableStream({
      write(picture) {
        globalThis.given.push(picture.timestamp / 1000);
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

async function archived(server: { url: string }, stream: string): Promise<Seen[]> {
  const answer = await fetch(`${server.url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`);
  assert.equal(answer.status, 200);
  assert.ok(answer.body);
  const list = await fetch(`${server.url}/v1/streams/${stream}/fragments`);
  const { fragments } = (await list.json()) as { fragments: { producerMs: number }[] };
  const startMs = Math.min(...fragments.map(({ producerMs }) => producerMs));
  const out: Seen[] = [];
  for await (const { track, timeUs, key, payload } of frames(answer.body)) {
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

/**
 * Which pictures of the camera, from the first to the last that was put, were not put. Its times and those that were put have
 * other starts and the same distances: laid on one another where most fit. A busy machine may keep some from this reader.
 */
function lostOf(given: readonly number[], put: readonly number[]): number[] {
  const isNear = (all: readonly number[], ms: number) => {
    const after = all.findIndex((one) => one > ms - NEAR_MS);
    return after >= 0 && (all[after] ?? 0) < ms + NEAR_MS;
  };
  const step = Math.ceil(put.length / 8);
  const shifts = put.flatMap((ms, i) => (i % step === 0 ? given.map((one) => ms - one) : []));
  const fits = shifts.map((shift) => {
    const moved = given.map((ms) => ms + shift);
    return { moved, near: moved.filter((ms) => isNear(put, ms)).length };
  });
  const [best = { moved: [], near: 0 }] = fits.sort((a, b) => b.near - a.near);
  assert.ok(best.near > put.length / 2, `${best.near} of ${put.length} are the camera's`);
  const [first = 0, last = 0] = [put[0], put.at(-1)];
  return best.moved.filter((ms) => ms > first && ms < last && !isNear(put, ms));
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
  // Different pictures, not one again and again: the fake camera's disc turns.
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
const options = { ...needs("chromium"), timeout: 300_000 };

suite("the webcam page", options, () => {
  for (const [method, codec] of [
    ["webcodecs", "vp9"],
    ["webcodecs", "h264"],
    ["mediarecorder", "vp9"],
  ] as const)
    test(`${method}, ${codec}: live in another tab, every frame is in the archive, and plays again`, async (t) => {
      await using server = await startTestServer();
      await using browser = await openBrowser({ flags: SLOW_CAMERA });
      const { page } = browser;
      await openPage(page, server.url);
      await goLive(page, { stream: "me", method, codec });
      await page.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 0`);
      const other = await page.context().newPage();
      await watched(other, server, "me");
      await other.goto("about:blank");
      const span =
        "put.findLast((f) => f?.track === 1)?.timeMs - put.find((f) => f?.track === 1)?.timeMs";
      await page.waitForFunction(`${span} > 7000`);
      assert.equal(await page.textContent("#state"), "Live, and being stored.");
      await page.click("#go");
      await page.waitForFunction(
        `${INSIDE}.querySelector('#state').textContent.startsWith('Stopped')`,
      );
      assert.equal(await page.textContent("#state"), "Stopped. Everything is stored.");
      const put = await putBy(page);
      const pictures = ofTrack(put, 1);
      const sound = ofTrack(put, 2);
      const missing = compare(await archived(server, "me"), put);
      const { outcome, stats } = await page.evaluate<End>("globalThis.end");
      const { durable, ...rest } = outcome;
      assert.ok(durable > 2, `${durable}`);
      assert.deepEqual(rest, NOTHING_LEFT);
      // Of the pictures the camera gave meanwhile, as another reader of it counted: coded, or left out and told.
      assert.equal(stats.encoded, pictures.length, "every coded picture was put");
      const first = pictures[0]?.timeMs ?? 0;
      const given = await page.evaluate<number[]>("globalThis.given");
      const putMs = pictures.map(({ timeMs }) => timeMs);
      const lost = lostOf(given, putMs);
      if (method === "webcodecs") {
        assert.equal(stats.captured, stats.encoded + (stats.dropped ?? Number.NaN));
        assert.equal(stats.dropped, 0, "left out");
      } else assert.deepEqual([stats.captured, stats.dropped], [undefined, undefined]);
      assert.deepEqual([lost, missing], [[], 0], `${given} given, ${putMs} put`);
      t.diagnostic(
        `${stats.captured ?? "?"} pictures taken, ` +
          `${stats.dropped ?? "?"} left out, ${pictures.length} put, ${missing + lost.length} lost; ` +
          `${sound.length} packets of sound`,
      );
      await playsAgain(other, server, "me", first + 2000);
      await other.close();
      const times = pictures.map(({ timeMs }) => timeMs - (pictures[0]?.timeMs ?? 0));
      assert.ok(sound.length > 7 * 10, `${sound.length} packets of sound`);
      // Encoders add key frames of their own; asked for are those every two seconds.
      const keys = times.filter((_, at) => pictures[at]?.key);
      for (let due = 0; due < 7000; due += 2000) {
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
    await using browser = await openBrowser({ flags: SLOW_CAMERA });
    const page = await browser.page.context().newPage();
    await openPage(page, first.url);
    await goLive(page, { stream: "me", method: "webcodecs", codec: "vp8" });
    await page.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 0`);
    await first.kill();
    await page.waitForFunction(`parseFloat(${INSIDE}.querySelector('#buffered').textContent) > 5`);
    assert.match((await page.textContent("#state")) ?? "", /^The server is away/);
    // Written is what was put a while ago: a browser that is busy takes its time to write.
    const put = await putBy(page);
    await page.waitForFunction(`parseFloat(${INSIDE}.querySelector('#buffered').textContent) > 8`);
    // No chance to say goodbye.
    await page.close({ runBeforeUnload: false });
    await using second = await startServerProcess(dir.path, ["--http-port", port]);
    const next = await browser.page.context().newPage();
    await openPage(next, second.url);
    await goLive(next, { stream: "me", method: "webcodecs", codec: "vp8" });
    await next.waitForFunction(`Number(${INSIDE}.querySelector('#fragments').textContent) > 3`);
    await next.click("#go");
    await next.waitForFunction(
      `${INSIDE}.querySelector('#state').textContent.startsWith('Stopped')`,
    );
    assert.equal(await next.textContent("#state"), "Stopped. Everything is stored.");
    const putNext = await putBy(next);
    const got = await archived(second, "me");
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
    const rules = `MAP cameras.test 127.0.0.1:${server.port}`;
    await using browser = await openBrowser({ flags: [...FAKE_CAMERA, `--host-rules=${rules}`] });
    await browser.page.goto("http://cameras.test/player/webcam.html");
    const said = (await browser.page.textContent("#trouble")) ?? "";
    assert.match(said, /http:\/\/cameras\.test is not encrypted.*https:\/\/.*localhost/);
    assert.ok(await browser.page.isDisabled("#go"));
  });

  test("a camera that is not allowed is said, and can be tried again", async () => {
    await using server = await startTestServer();
    const flags = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"];
    await using browser = await openBrowser({ flags });
    await openPage(browser.page, server.url);
    await browser.page.click("#go");
    await browser.page.waitForFunction(`${INSIDE}.querySelector('#trouble').textContent !== ''`);
    assert.match((await browser.page.textContent("#trouble")) ?? "", /was not allowed/);
    assert.ok(await browser.page.isEnabled("#go"));
  });
});
