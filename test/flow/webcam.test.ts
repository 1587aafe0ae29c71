/**
 * The webcam page in Chromium with its fake camera and microphone: live in a second tab, stored, and every frame that was
 * put is in the archive, by WebCodecs and by MediaRecorder.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import type { Page } from "playwright-core";
import { frames } from "../../src/media/mkv/consumer.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser } from "../support/browser.ts";
import { FAKE_CAMERA } from "../support/media-recorder.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** One frame as the page put it and as the archive gives it. */
interface Seen {
  readonly track: number;
  readonly timeMs: number;
  readonly key: boolean;
  readonly sha: string;
}

/** In the page, before its own scripts: remembers every frame that is put. */
const REMEMBER = `
globalThis.put = [];
addEventListener("webcam-frame", ({ detail: { track, timestampUs, key, data } }) => {
  const at = globalThis.put.push(undefined) - 1;
  const bytes = data.slice();
  globalThis.hashing = (globalThis.hashing ?? Promise.resolve()).then(async () => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    globalThis.put[at] = { track, timeMs: Math.round(timestampUs / 1000), key, sha };
  });
});`;

async function openPage(page: Page, url: string): Promise<void> {
  await page.addInitScript(REMEMBER);
  await page.goto(`${url}/player/webcam.html`);
  // The names of the devices are there when they have been listed.
  await page.waitForFunction("document.querySelectorAll('#camera option').length > 1");
}

async function goLive(page: Page, options: { stream: string; method?: string; codec?: string }) {
  const { stream, method = "auto", codec = "auto" } = options;
  await page.fill("#stream", stream);
  await page.selectOption("#size", "640x360");
  await page.evaluate("document.querySelector('details').open = true");
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

/** The server makes H.264 length-prefixed, so its payloads differ; everything else is as it was. */
function compare(got: readonly Seen[], put: readonly Seen[], samePayload: boolean): void {
  for (const track of [1, 2]) {
    const want = ofTrack(put, track);
    const have = ofTrack(got, track);
    assert.equal(have.length, want.length, `track ${track}`);
    for (const [i, frame] of want.entries()) {
      const found = have[i];
      assert.ok(found);
      assert.equal(found.key, frame.key, `key flag ${i}`);
      assert.ok(Math.abs(found.timeMs - frame.timeMs) <= 1, `${found.timeMs} ${frame.timeMs}`);
      if (samePayload || track === 2) assert.equal(found.sha, frame.sha, `payload ${i}`);
    }
  }
}

/** Resolves when the player on this page has shown so many pictures since now. */
async function watched(page: Page, server: RunningServer, stream: string): Promise<void> {
  await page.goto(`${server.url}/#${stream}`);
  await page.waitForFunction(`(() => {
    const video = document.querySelector("streambank-player")?.shadowRoot?.querySelector("video");
    return (video?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 20 && video.currentTime > 0;
  })()`);
}

const options = { ...needs("chromium"), timeout: 200_000 };

suite("the webcam page", options, () => {
  for (const [method, codec, samePayload] of [
    ["webcodecs", "vp9", true],
    ["webcodecs", "h264", false],
    ["mediarecorder", "vp9", true],
  ] as const)
    test(`${method}, ${codec}: live in another tab, and every frame is in the archive`, async (t) => {
      await using server = await startTestServer();
      await using browser = await openBrowser({ flags: FAKE_CAMERA });
      const { page } = browser;
      await openPage(page, server.url);
      await goLive(page, { stream: "me", method, codec });
      await page.waitForFunction("Number(document.querySelector('#fragments').textContent) > 0");
      const other = await page.context().newPage();
      await watched(other, server, "me");
      await other.close();
      const span =
        "put.findLast((f) => f?.track === 1)?.timeMs - put.find((f) => f?.track === 1)?.timeMs";
      await page.waitForFunction(`${span} > 7000`);
      assert.equal(await page.textContent("#state"), "Live, and being stored.");
      const leftOut = Number(await page.textContent("#dropped"));
      await page.click("#go");
      await page.waitForFunction(
        "document.querySelector('#state').textContent.startsWith('Stopped')",
      );
      assert.equal(await page.textContent("#state"), "Stopped. Everything is stored.");
      const put = await putBy(page);
      compare(await archived(server, "me"), put, samePayload);
      const pictures = ofTrack(put, 1);
      const sound = ofTrack(put, 2);
      t.diagnostic(
        `${pictures.length} pictures and ${sound.length} packets put, 0 lost, ${leftOut} left out`,
      );
      const times = pictures.map(({ timeMs }) => timeMs - (pictures[0]?.timeMs ?? 0));
      assert.ok(sound.length > 7 * 10, `${sound.length} packets of sound`);
      // Encoders add key frames of their own; asked for are those every two seconds.
      const keys = times.filter((_, at) => pictures[at]?.key);
      for (let due = 0; due < 7000; due += 2000) {
        // The nearest frame, half of 50 ms before or after; times are rounded, so on the border it is either.
        const onTime = (slack: number) =>
          keys.find((time) => time >= due - slack) === times.find((time) => time >= due - slack);
        const key = keys.find((time) => time >= due - 26) ?? Number.POSITIVE_INFINITY;
        if (method === "webcodecs") assert.ok(onTime(26) || onTime(24), `${due}: ${keys}`);
        else assert.ok(key < due + 2500, `${due}: ${keys}`);
      }
    });

  test("a page that goes while the server is away: the next one sends what it kept", async () => {
    using dir = tempDir("webcam-away");
    await using first = await startServerProcess(dir.path);
    const port = new URL(first.url).port;
    await using browser = await openBrowser({ flags: FAKE_CAMERA });
    const page = await browser.page.context().newPage();
    await openPage(page, first.url);
    await goLive(page, { stream: "me", method: "webcodecs", codec: "vp8" });
    await page.waitForFunction("Number(document.querySelector('#fragments').textContent) > 0");
    await first.kill();
    await page.waitForFunction("parseFloat(document.querySelector('#buffered').textContent) > 5");
    assert.match((await page.textContent("#state")) ?? "", /^The server is away/);
    // Written is what was put a while ago: a browser that is busy takes its time to write.
    const put = await putBy(page);
    await page.waitForFunction("parseFloat(document.querySelector('#buffered').textContent) > 8");
    // No chance to say goodbye.
    await page.close({ runBeforeUnload: false });
    await using second = await startServerProcess(dir.path, ["--http-port", port]);
    const next = await browser.page.context().newPage();
    await openPage(next, second.url);
    await goLive(next, { stream: "me", method: "webcodecs", codec: "vp8" });
    await next.waitForFunction("Number(document.querySelector('#fragments').textContent) > 3");
    await next.click("#go");
    await next.waitForFunction(
      "document.querySelector('#state').textContent.startsWith('Stopped')",
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
    await browser.page.waitForFunction("document.querySelector('#trouble').textContent !== ''");
    assert.match((await browser.page.textContent("#trouble")) ?? "", /was not allowed/);
    assert.ok(await browser.page.isEnabled("#go"));
  });
});
