/** From the demo camera to the picture in a browser, over the real server: live, playback, download. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** Evaluated in the page. */
const VIDEO = 'document.querySelector("streambank-player").shadowRoot.querySelector("video")';
/** 16 × 9 brightness values of the picture on screen. */
const PICTURE = `(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext("2d");
  context.drawImage(${VIDEO}, 0, 0, 16, 9);
  const { data } = context.getImageData(0, 0, 16, 9);
  return Array.from({ length: 144 }, (_, i) => (data[i * 4] + data[i * 4 + 1] + data[i * 4 + 2]) / 3);
})()`;

suite("the player and the demo camera", needs("chromium"), () => {
  const stop = new AbortController();
  const said: string[] = [];
  let server: RunningServer;
  let camera: Promise<void>;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const { url } = server;
    const log = (line: string) => said.push(line);
    camera = runDemoCamera({ url, stream: "demo", clock: realClock, signal: stop.signal, log });
    browser = await openBrowser();
    // The camera's first connection makes the stream.
    for (;;) {
      const answer = (await (await fetch(`${url}/v1/streams`)).json()) as {
        streams: { live: boolean }[];
      };
      if (answer.streams[0]?.live) break;
    }
    await browser.page.goto(`${url}/watch`);
  });
  after(async () => {
    await browser?.close();
    stop.abort();
    await camera;
    await server?.close();
  });

  const state = (want: string) =>
    browser.page
      .waitForSelector(`streambank-player[state="${want}"]`, { timeout: 60_000 })
      .catch(async () => {
        const seen = await browser.page.locator('[part="state"]').textContent();
        assert.fail(`${seen}, not ${want}; ${[...browser.log, ...said].join("\n")}`);
      });
  const time = () => browser.page.evaluate<number>(`${VIDEO}.currentTime`);
  const picture = () => browser.page.evaluate<number[]>(PICTURE);
  const moves = async () => {
    const [at, before] = [await time(), await picture()];
    await browser.page.waitForFunction(`${VIDEO}.currentTime > ${at + 1}`, undefined, {
      timeout: 60_000,
    });
    const later = await picture();
    const spread = Math.max(...later) - Math.min(...later);
    assert.ok(spread > 40, `the picture is flat: ${later.join(" ")}`);
    const changed = later.filter((value, i) => Math.abs(value - (before[i] ?? 0)) > 3).length;
    assert.ok(changed > 0, "the picture does not change");
  };

  test("the live picture moves, is not black, and is called LIVE with its latency", async () => {
    await state("LIVE");
    await moves();
    const detail = (await browser.page.locator('[part="detail"]').textContent()) ?? "";
    assert.match(detail, /^[01]\.\d s$/);
  });

  test("a click on the timeline plays what was recorded there, and Live returns", async () => {
    await browser.page.locator('button[data-span="60000"]').click();
    // Enough is recorded for a place two seconds and more behind the camera.
    await browser.page.waitForFunction(`${VIDEO}.currentTime > 8`, undefined, { timeout: 60_000 });
    const box = await browser.page.locator("streambank-timeline").boundingBox();
    assert.ok(box);
    const position = { x: box.width * 0.9 - (box.width / 60) * 5, y: 50 };
    await browser.page.locator("streambank-timeline").click({ position });
    await state("PLAYBACK");
    await moves();
    assert.equal(await browser.page.evaluate(`${VIDEO}.playbackRate`), 1);
    await browser.page.locator('button[part="live"]').click();
    await state("LIVE");
    await moves();
  });

  test("a chosen stretch is saved as an MP4 and as a Matroska file, its size known before", async () => {
    const magic = { mp4: /^.{8}66747970/, mkv: /^1a45dfa3/ } as const;
    await browser.page.keyboard.press("e");
    await browser.page.locator('[part="clip-says"]', { hasText: /MB|KB/ }).waitFor();
    for (const format of ["mp4", "mkv"] as const) {
      const coming = browser.page.waitForEvent("download");
      await browser.page.locator(`button[part="${format}"]`).click();
      const download = await coming;
      assert.match(
        download.suggestedFilename(),
        new RegExp(`^demo_\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d[+-]\\d{4}\\.${format}$`),
      );
      const head = readFileSync(await download.path()).toString("hex", 0, 8);
      assert.match(head, magic[format]);
    }
  });
});
