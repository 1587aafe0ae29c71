/**
 * The player when the way to the server, the server, or the media are in trouble: each is said in words, and it comes back by
 * itself. A real server with a live camera, behind a network that breaks.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.ts";
import { makeMedia } from "../support/media.ts";
import { putMedia } from "../support/put-media.ts";
import { type ServerProcess, startServerProcess, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

suite("the player in trouble", needs("chromium", "ffmpeg"), () => {
  const dir = tempDir("player-link");
  const stop = new AbortController();
  let server: ServerProcess;
  let proxy: CuttingProxy;
  let camera: Promise<void>;
  let browser: TestBrowser;

  before(async () => {
    server = await startServerProcess(dir.path, ["--create-missing"]);
    const { url } = server;
    camera = runDemoCamera({
      url,
      stream: "yard",
      clock: realClock,
      signal: stop.signal,
      log() {},
    });
    proxy = await startCuttingProxy(Number(new URL(url).port), []);
    browser = await openBrowser();
    for (;;) if ((await fetch(`${url}/v1/streams/yard`)).ok) break;
    await browser.page.goto(`http://127.0.0.1:${proxy.port}/watch#yard`);
    await state("LIVE");
  });
  after(async () => {
    await browser?.close();
    stop.abort();
    await camera;
    await proxy?.[Symbol.asyncDispose]();
    await server?.kill();
    dir[Symbol.dispose]();
  });

  const state = (want: string) =>
    browser.page
      .waitForSelector(`streambank-player[state="${want}"]`, { timeout: 60_000 })
      .catch(async () => {
        const seen = await browser.page.locator('[part="state"]').textContent();
        assert.fail(`${seen}, not ${want}; ${browser.log.join("\n")}`);
      });
  const says = (part: string, words: RegExp) =>
    browser.page.locator(`[part="${part}"]`, { hasText: words }).waitFor({ timeout: 60_000 });

  test("a network that is away for three seconds is said, and the live picture returns by itself", async (t) => {
    proxy.down();
    await state("BUFFERING");
    await says("detail", /no new picture for \d+ s, connection lost, connecting again/);
    await says("detail", /for [3-9] s/);
    proxy.up();
    const back = realClock.elapsed();
    await state("LIVE");
    t.diagnostic(`live again ${Math.round(realClock.elapsed() - back)} ms after the network`);
  });

  test("a server that was killed and started again is found again", async (t) => {
    const { port } = new URL(server.url);
    await server.kill();
    await says("detail", /connection lost/);
    server = await startServerProcess(dir.path, ["--create-missing", "--http-port", port]);
    const back = realClock.elapsed();
    await state("LIVE");
    t.diagnostic(`live again ${Math.round(realClock.elapsed() - back)} ms after the server`);
  });

  test("a page that was hidden loads nothing meanwhile, and comes back", async () => {
    const hide = (hidden: boolean) =>
      browser.page.evaluate(`{
        Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"));
      }`);
    const viewers = (count: number) =>
      browser.page.waitForFunction(
        `fetch("/metrics").then((answer) => answer.text())
          .then((text) => /^streambank_viewers(?:\\{.*\\})? ${count}$/m.test(text))`,
        undefined,
        { timeout: 60_000, polling: 250 },
      );
    await viewers(1);
    await hide(true);
    await viewers(0);
    await hide(false);
    await state("LIVE");
    await viewers(1);
  });

  test("a codec that this browser cannot play is named, with what to do", async () => {
    const call = putMedia({ url: server.url, stream: "hevc", startMs: Date.now() });
    await call.write(readFileSync(await makeMedia("hevc")));
    // The page chooses by its address; a name that is not in its list yet would be replaced.
    for (;;) {
      const answer = await fetch(`${server.url}/v1/streams/hevc`);
      if (answer.ok && ((await answer.json()) as { live: boolean }).live) break;
    }
    await browser.page.evaluate(`location.hash = "#hevc"`);
    await browser.page.waitForSelector(`streambank-player[stream="hevc"]`);
    await state("ERROR");
    await says("message-text", /cannot play HEVC \(H\.265\)\..*sub.*download the recording/);
    call.end();
    await call.acks;
  });
});
