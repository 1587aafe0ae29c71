/** The pages before there is a camera: every way to add one is on the screen and works; readable in dark and in light. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { FAKE_CAMERA } from "../support/media-recorder.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

/** Evaluated in the page: where the webcam's element has its fields. */
const INSIDE = 'document.querySelector("streambank-producer").shadowRoot';
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

suite("pages without a camera", needs("chromium"), () => {
  let server: RunningServer;
  let browser: TestBrowser;
  before(async () => {
    server = await startTestServer();
    browser = await openBrowser({ flags: FAKE_CAMERA });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const serious = async (where: string) => {
    // As the page may not: its policy takes scripts of this server alone.
    await browser.page.evaluate(AXE);
    const found = await browser.page.evaluate<
      { id: string; impact: string; nodes: { html: string }[] }[]
    >("axe.run().then(({ violations }) => violations)");
    const bad = found.filter(({ impact }) => impact === "serious" || impact === "critical");
    const said = bad.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
    assert.deepEqual(said, [], where);
  };
  const shot = (name: string) =>
    process.env.SHOTS === undefined
      ? undefined
      : browser.page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });

  test("the first page offers the webcam, an address to pull, an address to push to", async () => {
    const { page } = browser;
    await page.goto(`${server.url}/watch`);
    await page.locator(".welcome").waitFor();
    await page.fill("#push-name", "studio");
    await page.click("#push button");
    await page.locator("#push-address").waitFor();
    assert.equal(await page.textContent("#push-key"), "studio");
    assert.equal((await fetch(`${server.url}/v1/streams/studio`)).status, 200);
    await page.fill("#pull-url", "rtsp://127.0.0.1:1/none");
    await page.fill("#pull-name", "door");
    await page.click("#pull button");
    await page.locator("#pull-says", { hasText: "Added" }).waitFor();
    const source = await fetch(`${server.url}/v1/streams/door/source`);
    assert.equal(source.status, 200);
    await page.locator("#cameras", { hasText: "door" }).waitFor();
    assert.ok(await page.locator(".welcome").isVisible(), "until the first picture");
    await fetch(`${server.url}/v1/streams/door/source`, { method: "DELETE" });
  });

  test("axe finds nothing serious on the first page and the webcam's, dark and light", async () => {
    const { page } = browser;
    const both = async (where: string) => {
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        await serious(`${where}, ${colorScheme}`);
        await shot(`${where}-${colorScheme}`);
      }
    };
    await page.locator(".welcome").waitFor();
    await both("welcome");
    await page.goto(`${server.url}/player/webcam.html`);
    await page.waitForFunction(`${INSIDE}.querySelectorAll('#camera option').length > 1`);
    await both("webcam");
    await page.click("#go");
    await page.waitForFunction(`${INSIDE}.querySelector('#state').textContent.startsWith('Live')`);
    await both("webcam-live");
    assert.equal(
      await page.getAttribute("#watch", "target"),
      "_blank",
      "it does not end the sending",
    );
    await page.click("#go");
    await page.waitForFunction(
      `${INSIDE}.querySelector('#state').textContent.startsWith('Stopped')`,
    );
  });
});
