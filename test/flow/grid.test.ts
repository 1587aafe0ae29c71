/** Four cameras side by side in a browser, over the real server: what each shows is read from its pictures, which are numbered. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { numberedMedia } from "../support/numbered.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** Pieces of ten seconds, 25 pictures a second, one after the other. */
const PIECE_MS = 10_000;
const PIECES = 3;
const FRAME_MS = 40;
/** When each camera began: pictures of one moment have different numbers. */
const OFFSETS = [0, 480, 960, 8000];
const NAMES = ["north", "east", "south", "west"];

/** In the page: what every tile shows, by the number in its picture; the wall clock of it, ms after the first camera began. */
const SHOWN = `window.shown = () => {
  const grid = document.querySelector("streambank-grid");
  const canvas = window.canvas ??= Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return [...grid.shadowRoot.querySelectorAll("[part=tile]")].map((tile) => {
    const video = tile.querySelector("video");
    if (video.readyState < 2) return { name: tile.dataset.stream, state: tile.dataset.state };
    context.drawImage(video, 0, 0, 320, 180);
    let number = 0;
    for (let bit = 0; bit < 8; bit++)
      if (context.getImageData(bit * 40 + 20, 90, 1, 1).data[0] > 127) number += 2 ** bit;
    const offset = ${JSON.stringify(OFFSETS)}[${JSON.stringify(NAMES)}.indexOf(tile.dataset.stream)];
    // Numbers begin again with each piece: the one nearest to the common time is meant.
    const near = grid.positionMs - window.T0 - offset;
    const piece = Math.round((near - number * ${FRAME_MS}) / ${PIECE_MS});
    return { name: tile.dataset.stream, state: tile.dataset.state, ms: offset + piece * ${PIECE_MS} + number * ${FRAME_MS} };
  });
}
window.spread = (names) => {
  const times = shown().filter(({ name }) => names.includes(name)).map(({ ms }) => ms);
  return times.includes(undefined) ? Infinity : Math.max(...times) - Math.min(...times);
}`;

suite("cameras side by side", { ...needs("chromium", "ffmpeg"), timeout: 120_000 }, () => {
  let server: RunningServer;
  let browser: TestBrowser;
  let startMs: number;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const piece = readFileSync(await numberedMedia({ seconds: PIECE_MS / 1000, bFrames: 0 }));
    startMs = Date.now() - 600_000;
    await Promise.all(NAMES.map((name, i) => record(name, startMs + (OFFSETS[i] ?? 0), piece)));
    browser = await openBrowser();
    await browser.page.goto(`${server.url}/player/grid.html#${NAMES.join(",")}?tiles=4`);
    await browser.page.evaluate(`window.T0 = ${startMs}; ${SHOWN}`);
    await browser.page.waitForFunction("document.querySelector('streambank-grid')?.streams.length");
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function record(stream: string, fromMs: number, piece: Uint8Array): Promise<void> {
    for (let n = 0; n < PIECES; n++) {
      const call = putMedia({ url: server.url, stream, startMs: fromMs + n * PIECE_MS });
      await call.write(piece);
      call.end();
      await call.acks;
    }
  }

  const GRID = "document.querySelector('streambank-grid')";
  const until = (expression: string) =>
    browser.page.waitForFunction(expression, undefined, { timeout: 30_000 }).catch(async () => {
      const seen = JSON.stringify(await browser.page.evaluate("shown()"));
      assert.fail(`never: ${expression}; ${seen}; ${browser.log.join("\n")}`);
    });
  const seek = (ms: number) => browser.page.evaluate(`${GRID}.seek(${startMs + ms})`);
  const three = JSON.stringify(NAMES.slice(0, 3));
  const all = JSON.stringify(NAMES);

  test("show pictures of one moment; a camera without footage then says so, and joins when it has some", async () => {
    await browser.page.evaluate(`${GRID}.toggle()`);
    await seek(6000);
    await until(`spread(${three}) <= ${FRAME_MS}`);
    const west = browser.page.locator('[part="tile"][data-stream="west"]');
    await until(`shown().find(({ name }) => name === "west").state === "NO RECORDING"`);
    const label = (await west.getAttribute("aria-label")) ?? "";
    assert.match(label, /^west, NO RECORDING .*\d\d:\d\d:\d\d–\d\d:\d\d:\d\d/);
    assert.deepEqual(await browser.page.evaluate("shown().slice(0, 3).map(({ state }) => state)"), [
      "PAUSED",
      "PAUSED",
      "PAUSED",
    ]);
    await browser.page.keyboard.press("Space");
    await until(`${GRID}.positionMs > T0 + 9000`);
    await until(`shown().every(({ state }) => state === "PLAYBACK") && spread(${all}) <= 80`);
  });

  test("are at one moment again after one was held up, and stand at one picture when paused", async () => {
    await seek(9000);
    await until(`${GRID}.positionMs > T0 + 10000 && spread(${all}) <= 80`);
    const east = `${GRID}.shadowRoot.querySelector('[data-stream="east"] video')`;
    // A little, to be made up for by pace, and farther than that.
    for (const seconds of [0.25, 0.8]) {
      await browser.page.evaluate(`${east}.currentTime -= ${seconds}; 0`);
      await until(`spread(${all}) > 100`);
      await until(`spread(${all}) <= 80`);
    }
    await browser.page.keyboard.press("Space");
    await until(`${GRID}.paused && spread(${all}) <= ${FRAME_MS}`);
    const [first] = await browser.page.evaluate<{ ms: number }[]>("shown()");
    const position = await browser.page.evaluate<number>(`${GRID}.positionMs - T0`);
    assert.ok(Math.abs((first?.ms ?? 0) - position) <= 2 * FRAME_MS, `${first?.ms} ${position}`);
  });

  test("Enter or a number enlarges one at the same moment, and what is not seen is not loaded", async () => {
    const before = await browser.page.evaluate<number>(`${GRID}.positionMs`);
    const south = browser.page.locator('[part="tile"][data-stream="south"]');
    await south.focus();
    await browser.page.keyboard.press("Enter");
    assert.equal(await browser.page.evaluate(`${GRID}.enlarged`), "south");
    const loads = `[...${GRID}.shadowRoot.querySelectorAll("video")].filter(({ src }) => src !== "")`;
    await until(`${loads}.length === 1`);
    assert.equal(await browser.page.evaluate(`${GRID}.positionMs`), before);
    const shown = "shown().find(({ name }) => name === 'south').ms";
    assert.ok(Math.abs((await browser.page.evaluate<number>(shown)) + startMs - before) <= 80);
    assert.ok(await south.isVisible());
    assert.ok(!(await browser.page.locator('[part="tile"][data-stream="east"]').isVisible()));
    await browser.page.keyboard.press("Escape");
    await until(`${loads}.length === 4 && spread(${all}) <= ${FRAME_MS}`);
    await browser.page.keyboard.press("2");
    assert.equal(await browser.page.evaluate(`${GRID}.enlarged`), "east");
    await browser.page.keyboard.press("2");
    await browser.page.locator('button[data-tiles="1"]').click();
    await until(`${loads}.length === 1`);
    await browser.page.locator('button[data-tiles="4"]').click();
    await until(`${loads}.length === 4`);
  });

  test("where no camera has anything they go on to what comes next, and live is live for all", async () => {
    await browser.page.evaluate(`${GRID}.toggle()`);
    await seek(-60_000);
    await until(`${GRID}.positionMs >= T0 && spread(${JSON.stringify(NAMES.slice(0, 1))}) === 0`);
    const notice = await browser.page.locator('[part="notice"]').textContent();
    assert.match(notice ?? "", /^Skipped: no camera recorded /);
    await browser.page.keyboard.press("l");
    assert.equal(await browser.page.evaluate(`${GRID}.mode`), "live");
    await until(`shown().every(({ state }) => state === "OFFLINE")`);
  });
});
