/**
 * Makes docs/images/player.png: the player in Chromium, on a real server, with the demo camera live and some
 * earlier recordings in the archive.
 *
 *     npm run screenshot
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runDemoCamera } from "../samples/demo-camera.ts";
import { realClock } from "../src/base/clock.ts";
import { openBrowser } from "../test/support/browser.ts";
import { putMedia } from "../test/support/put-media.ts";
import { startTestServer } from "../test/support/server.ts";

const OUT = join(import.meta.dirname, "../docs/images/player.png");
const SAMPLE = join(import.meta.dirname, "../samples/camera.mkv");
const CAMERAS = ["front-door", "garden", "workshop"];
/** Start of each earlier recording (24 s each), seconds before now. */
const EARLIER_S = [560, 536, 470, 446, 422, 330, 306, 282, 220, 150, 126, 102];
const LIVE_MS = 40_000;

const server = await startTestServer({ createMissing: true });
const stop = new AbortController();
for (const name of CAMERAS) await createStream(name);
for (const before of EARLIER_S) {
  const startMs = Date.now() - before * 1000;
  const call = putMedia({ url: server.url, stream: "front-door", startMs });
  await call.write(readFileSync(SAMPLE));
  call.end();
  await call.acks;
}
const demo = CAMERAS.map((stream) =>
  runDemoCamera({ url: server.url, stream, clock: realClock, signal: stop.signal, log: () => {} }),
);
{
  await using browser = await openBrowser({ width: 1280, height: 820 });
  await browser.page.goto(`${server.url}/watch#front-door`);
  await browser.page.waitForTimeout(LIVE_MS);
  await browser.page.screenshot({ path: OUT });
}
stop.abort();
await Promise.all(demo);
await server.close();
process.exit(0);

async function createStream(name: string): Promise<void> {
  const answer = await fetch(`${server.url}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, retentionHours: 24 }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
