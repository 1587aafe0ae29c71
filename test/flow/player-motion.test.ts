/** Faster than a decoder, backwards, by single pictures and under the pointer: told by pictures that show their own number. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { numberedMedia } from "../support/numbered.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** One file: pictures 0 to 249, 25 a second, a key frame every 50. */
const FILE_MS = 10_000;
const FILES = 8;
const PLAYER = 'document.querySelector("streambank-player")';
const ROOT = `${PLAYER}.shadowRoot`;

/** Of the picture on top: its number, whether it stands over the video, and the time it is said to be of. */
const SEEN = `window.seen = () => {
  const player = ${PLAYER};
  const over = [...player.shadowRoot.querySelectorAll('[part~="keyframe"]')].find((one) => !one.hidden);
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext("2d");
  context.drawImage(over ?? player.shadowRoot.querySelector("video"), 0, 0, 320, 180);
  const { data } = context.getImageData(0, 90, 320, 1);
  let number = 0;
  for (let bit = 0; bit < 8; bit++) if (data[(bit * 40 + 20) * 4] > 127) number += 2 ** bit;
  return { number, over: over?.localName, ms: player.positionMs };
};`;

interface Seen {
  readonly number: number;
  readonly over?: string;
  readonly ms: number;
}

suite("the player's ways of moving", { ...needs("chromium", "ffmpeg"), timeout: 120_000 }, () => {
  const base = Math.floor(Date.now() / 1000) * 1000 - 600_000;
  const end = base + FILES * FILE_MS;
  let server: RunningServer;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const file = readFileSync(await numberedMedia({ seconds: FILE_MS / 1000 }));
    for (let n = 0; n < FILES; n++) {
      const call = putMedia({ url: server.url, stream: "yard", startMs: base + n * FILE_MS });
      await call.write(file);
      call.end();
      await call.acks;
    }
    browser = await openBrowser();
    await open(base + 3000);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const run = <T>(code: string) => browser.page.evaluate<T>(code);
  const until = (code: string) =>
    browser.page.waitForFunction(code, undefined, { timeout: 20_000 }).catch(async () => {
      const now = JSON.stringify(await run("seen()"));
      const said = await run<string>(`${ROOT}.querySelector('[part="state"]').textContent`);
      throw new Error(`never: ${code}; ${now}, ${said}; ${browser.log.join("\n")}`);
    });
  const press = (key: string) => browser.page.keyboard.press(key);
  const speed = (value: number) =>
    browser.page.locator('[part="speed"]').selectOption(String(value));
  const detail = () => run<string>(`${ROOT}.querySelector('[part="detail"]').textContent`);
  const open = async (ms: number) => {
    await browser.page.goto("about:blank");
    await browser.page.goto(`${server.url}/watch#yard?t=${new Date(ms).toISOString()}`);
    await browser.page.waitForSelector('streambank-player[state="PLAYBACK"]');
    await run(SEEN);
  };
  /** Pauses at a time, and waits for its picture. */
  const stand = async (ms: number) => {
    const button = `${ROOT}.querySelector('[part="toggle"]').getAttribute("aria-label")`;
    if ((await run<string>(button)) === "Pause") await press("k");
    await run(`${PLAYER}.seek(${ms})`);
    await until(`seen().number === ${Math.floor(((ms - base) % FILE_MS) / 40)} && !seen().over`);
  };
  /** What is shown until a condition of the page holds, each picture once. */
  const watch = (done: string) =>
    run<Seen[]>(`new Promise((found, failed) => {
      const all = [];
      const began = performance.now();
      const look = () => {
        const now = seen();
        if (now.over && all.at(-1)?.ms !== now.ms) all.push(now);
        if (${done}) found(all);
        else if (performance.now() - began > 20000) failed(new Error("never: " + JSON.stringify(all)));
        else requestAnimationFrame(look);
      };
      look();
    })`);
  const isKeyFrame = ({ number, ms }: Seen) =>
    number % 50 === 0 && Math.abs(((ms - base) % FILE_MS) - number * 40) < 1;

  test("comma and full stop show exactly the picture before and after, over key frames and files", async () => {
    await stand(base + FILE_MS + 1990);
    for (const want of [50, 51, 52]) {
      await press(".");
      await until(`seen().number === ${want}`);
    }
    for (const want of [51, 50, 49, 48]) {
      await press(",");
      await until(`seen().number === ${want}`);
    }
    await press(".");
    await press(".");
    await press(".");
    await until("seen().number === 51");
    await stand(base + FILE_MS + 10);
    await press(",");
    await until("seen().number === 249");
    await press(".");
    await until("seen().number === 0");
  });

  test("backwards it shows key frames alone, and says so; 1 × plays on from there", async () => {
    await stand(base + 45_500);
    await speed(-16);
    const all = await watch(`now.ms < ${base + 20_000}`);
    assert.match(await detail(), /^−.*, keyframes only$/);
    assert.ok(all.length > 5, `${all.length} pictures`);
    for (const [i, picture] of all.entries()) {
      assert.ok(picture.ms >= base && isKeyFrame(picture), JSON.stringify(picture));
      assert.equal(picture.over, "canvas");
      assert.ok(i === 0 || picture.ms < (all[i - 1]?.ms ?? 0), "they go back");
    }
    await speed(1);
    await until("!seen().over && seen().number % 50 !== 0");
    const { ms } = await run<Seen>("seen()");
    assert.ok(ms > base && ms < base + 25_000, `${ms - base}`);
    assert.equal(await detail().then((text) => /keyframes/.test(text)), false);
  });

  test("backwards it stops at the oldest picture", async () => {
    await stand(base + 9000);
    await speed(-32);
    await browser.page.waitForSelector('streambank-player[state="PAUSED"]');
    await until("seen().number === 0 && !seen().over");
    assert.match(await run(`${ROOT}.querySelector('[part="notice"]').textContent`), /oldest/);
    // Loaded anew while paused: it is not to play by itself.
    assert.equal(await run(`${ROOT}.querySelector("video").paused`), true);
  });

  test("at 16 and 32 × it shows key frames on the way, at that speed; space stands still", async () => {
    for (const factor of [16, 32]) {
      await stand(base + 500);
      await speed(factor);
      await watch(`now.ms > ${base + 8000}`);
      const began = performance.now();
      const from = (await run<Seen>("seen()")).ms;
      const all = await watch(`now.ms > ${from + 40_000}`);
      const took = performance.now() - began;
      assert.ok(all.every(isKeyFrame), JSON.stringify(all));
      assert.ok(took > (40_000 / factor) * 0.6, `${factor} ×: 40 s took ${took} ms`);
      await press("k");
      await browser.page.waitForSelector('streambank-player[state="PAUSED"]');
      await until("!seen().over && seen().number % 50 === 0");
    }
  });

  test("what has come to the newest picture is live", async () => {
    await stand(end - 9000);
    await speed(64);
    // Nobody publishes.
    await browser.page.waitForSelector('streambank-player[state="OFFLINE"]');
    assert.equal(await run(`${PLAYER}.mode`), "live");
  });

  test("dragging the playhead shows the key frame under the pointer, and the exact picture when it is let go", async () => {
    await stand(base + 41_000);
    const timeline = `${ROOT}.querySelector("streambank-timeline")`;
    await run(`${timeline}.show(60000)`);
    const box = await browser.page.locator("streambank-timeline").boundingBox();
    const view = await run<{ fromMs: number; toMs: number }>(`${timeline}.view`);
    assert.ok(box);
    const x = (ms: number) => box.x + ((ms - view.fromMs) / (view.toMs - view.fromMs)) * box.width;
    const { mouse } = browser.page;
    await mouse.move(x(base + 41_000), box.y + 50);
    await mouse.down();
    for (const [at, key] of [
      [35_000, 100],
      [52_700, 50],
      [28_900, 200],
    ] as const) {
      await mouse.move(x(base + at), box.y + 50, { steps: 4 });
      await until(`seen().over && seen().number === ${key}`);
    }
    assert.deepEqual(await run(`${timeline}.view`), view, "it is not panned");
    await mouse.up();
    const { ms } = await run<Seen>("seen()");
    await until(`!seen().over && seen().number === ${Math.floor(((ms - base) % FILE_MS) / 40)}`);
    assert.ok(Math.abs(ms - base - 28_900) < 120, `${ms - base}`);
  });

  test("without WebCodecs, as on plain http, the same is shown by Media Source", async () => {
    await browser.page.addInitScript("delete window.VideoDecoder");
    await open(base + 30_500);
    await speed(-8);
    const all = await watch(`now.ms < ${base + 18_000}`);
    assert.ok(all.length > 3, `${all.length} pictures`);
    for (const [i, picture] of all.entries()) {
      assert.equal(picture.over, "video");
      // A video element shows a picture some moments before or after it says so.
      const near = [all[i - 1], picture, all[i + 1]].filter((one) => one !== undefined);
      const fits = near.some(({ ms }) => isKeyFrame({ ms, number: picture.number }));
      assert.ok(fits, `${JSON.stringify(picture)} of ${JSON.stringify(all)}`);
    }
    assert.deepEqual(
      browser.log.filter((line) => line.startsWith("thrown")),
      [],
    );
  });
});
