/** Four cameras side by side in a browser, over the real server: what each shows is read from its pictures, which are numbered. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { FRAME_MS, numberedTiles, recordNumbered } from "../support/numbered-grid.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** When each camera began, ms: pictures of one moment have different numbers. */
const OFFSETS = [0, 480, 960, 8000];
const NAMES = ["north", "east", "south", "west"];

suite("cameras side by side", { ...needs("chromium", "ffmpeg"), timeout: 120_000 }, () => {
  let server: RunningServer;
  let browser: TestBrowser;
  let startMs: number;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    startMs = Date.now() - 600_000;
    const cameras = NAMES.map((name, i) => ({ name, startMs: startMs + (OFFSETS[i] ?? 0) }));
    await recordNumbered(server.url, cameras, 3);
    browser = await openBrowser();
    await browser.page.goto(`${server.url}/player/grid.html#${NAMES.join(",")}?tiles=4`);
    await browser.page.evaluate(numberedTiles(cameras));
    await browser.page.waitForFunction("document.querySelector('streambank-grid')?.streams.length");
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

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

  test("on a phone the timeline is below the pictures, nothing is wider than the screen, and all can be touched", async () => {
    const { page } = browser;
    await page.setViewportSize({ width: 390, height: 844 });
    const small = `(() => {
      const found = [];
      const look = (root) => {
        for (const one of root.querySelectorAll("*")) {
          if (one.shadowRoot) look(one.shadowRoot);
          const { width, height } = one.getBoundingClientRect();
          const isField = one.matches("button, a, select, label") && width > 0;
          if (isField && (width < 43.9 || height < 43.9)) found.push(\`\${one.outerHTML} \${width} \${height}\`);
        }
      };
      look(document);
      return found;
    })()`;
    assert.deepEqual(await page.evaluate(small), []);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
    const box = async (selector: string) => {
      const found = await page.locator(selector).first().boundingBox();
      assert.ok(found, selector);
      return found;
    };
    const [last, line] = [await box('[data-stream="west"]'), await box("streambank-timeline")];
    assert.ok(last.y + last.height <= line.y && line.width > 300, JSON.stringify({ last, line }));
    const [first, second] = [await box('[data-stream="north"]'), await box('[data-stream="east"]')];
    assert.ok(first.y === second.y && first.width > 150, "two in a row");
  });
});
