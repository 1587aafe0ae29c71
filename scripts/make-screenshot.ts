/**
 * Makes the pictures in docs/images: pages in Chromium, on a real server, with three cameras live, earlier recordings in the archive, and
 * the browser's fake camera for the webcam.
 *
 *     npm run screenshot [-- player grid …]
 */
import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { runDemoCamera } from "../samples/demo-camera.ts";
import { realClock, sleep } from "../src/base/clock.ts";
import { openBrowser } from "../test/support/browser.ts";
import { FAKE_CAMERA } from "../test/support/media-recorder.ts";
import { putMedia } from "../test/support/put-media.ts";
import { run } from "../test/support/run.ts";
import { startTestServer } from "../test/support/server.ts";

const IMAGES = join(import.meta.dirname, "../docs/images");
const SAMPLE = join(import.meta.dirname, "../samples/camera.mkv");
const CAMERAS = ["front-door", "garden", "workshop", "yard"];
/** Start of each earlier recording, seconds before now; each camera leaves out some. */
const EARLIER_S = [560, 536, 470, 446, 422, 330, 306, 282, 220, 150, 126, 102];
/** Cameras begin one after the other: the sample is the same, its pictures of a moment are not. ms. */
const APART_MS = 5000;
const MAX_BYTES = 200_000;
const PLAYER = 'document.querySelector("streambank-player")';
const GRID = 'document.querySelector("streambank-grid")';

const server = await startTestServer({ createMissing: true });
const startedMs = Date.now();

/** What is done on the page before its picture is taken. */
const shots: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  player: async (page) => {
    await page.goto(`${server.url}/watch#front-door`);
    await page.waitForFunction(`${PLAYER}?.getAttribute("state") === "LIVE"`);
    await page.locator('button[data-span="900000"]').click();
    await page.waitForTimeout(6000);
  },
  "player-archive": async (page) => {
    await page.goto(`${server.url}/watch#front-door`);
    await page.waitForFunction(`${PLAYER}?.getAttribute("state") === "LIVE"`);
    await page.locator('button[data-span="900000"]').click();
    await page.evaluate(`${PLAYER}.seek(${startedMs - 300_000})`);
    await page.waitForFunction(`${PLAYER}.getAttribute("state") === "PLAYBACK"`);
    // A gap under the pointer says why it is one.
    const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
      const timeline = ${PLAYER}.shadowRoot.querySelector("streambank-timeline");
      const { left, top, width } = timeline.getBoundingClientRect();
      const { fromMs, toMs } = timeline.view;
      return { x: left + ((${startedMs - 240_000} - fromMs) / (toMs - fromMs)) * width, y: top + 50 };
    })()`);
    await page.mouse.move(x, y);
    await page.waitForTimeout(4000);
  },
  grid: async (page) => {
    await page.goto(`${server.url}/player/grid.html#${CAMERAS.join(",")}?tiles=4`);
    await page.waitForFunction(`${GRID}?.positionMs > 0`);
    await page.locator('button[data-span="900000"]').click();
    // The yard has nothing there.
    await page.evaluate(`${GRID}.seek(${startedMs - 326_000})`);
    await page.waitForTimeout(6000);
  },
  webcam: async (page) => {
    await page.goto(`${server.url}/player/webcam.html`);
    await page.locator("#stream").fill("my-webcam");
    await page.locator("#size").selectOption("640x360");
    await page.locator("#go").click();
    await page.locator("#state", { hasText: "being stored" }).waitFor();
    await page.waitForTimeout(6000);
  },
};

const wanted = process.argv.slice(2);
const stop = new AbortController();
await Promise.all(CAMERAS.map(record));
const demo = CAMERAS.map(async (stream, nth) => {
  await sleep(realClock, nth * APART_MS, stop.signal);
  const feed = { url: server.url, stream, clock: realClock };
  await runDemoCamera({ ...feed, signal: stop.signal, log: () => {} });
});
await sleep(realClock, CAMERAS.length * APART_MS);
for (const [name, prepare] of Object.entries(shots)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await using browser = await openBrowser({ width: 1280, height: 820, flags: FAKE_CAMERA });
  await prepare(browser.page);
  const path = join(IMAGES, `${name}.png`);
  await browser.page.screenshot({ path });
  await shrink(path);
  console.log(`${path}: ${statSync(path).size} bytes`);
}
stop.abort();
await Promise.allSettled(demo);
await server.close();
process.exit(0);

/** Earlier recordings: of every camera but the first a different third is missing. */
async function record(stream: string, nth: number): Promise<void> {
  const answer = await fetch(`${server.url}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: stream, retentionHours: 24 }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const starts = EARLIER_S.filter((_, i) => nth === 0 || i % 3 !== nth - 1);
  const sample = readFileSync(SAMPLE);
  for (const before of starts) {
    const call = putMedia({ url: server.url, stream, startMs: startedMs - before * 1000 });
    await call.write(sample);
    call.end();
    await call.acks;
  }
}

/** To 256 colours when it is too large. */
async function shrink(path: string): Promise<void> {
  if (statSync(path).size <= MAX_BYTES) return;
  const small = `${path}.small.png`;
  const palette = "split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=none";
  await run("ffmpeg", ["-v", "error", "-y", "-i", path, "-vf", palette, small]);
  renameSync(small, path);
}
