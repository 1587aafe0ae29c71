/** A person and a server that asks who they are: sign in on the page, watch a live picture, sign out. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import { openBrowser } from "../support/browser.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const VIDEO = 'document.querySelector("streambank-player").shadowRoot.querySelector("video")';

suite("signing in on a page", { ...needs("chromium"), timeout: 300_000 }, () => {
  test("sent to sign in, wrong password said, live picture after the right one, signed out: sent there again", async () => {
    await using server = await startTestServer({ auth: "on", createMissing: true });
    const { url, parts } = server;
    const { directory, rootKey } = parts;
    assert.ok(directory && rootKey);
    const password = "a-password-of-ann";
    const caller = { who: "test", address: "test" };
    const ann = { name: "ann", role: "viewer", streams: "de*", password } as const;
    await directory.users.create(ann, caller);
    const stop = new AbortController();
    const said: string[] = [];
    const log = (line: string) => said.push(line);
    const token = async () => rootKey.token;
    const signal = stop.signal;
    const camera = runDemoCamera({ url, stream: "demo", clock: realClock, signal, log, token });
    try {
      await using browser = await openBrowser();
      const { page } = browser;
      const whole = () => `${page.url()}\n${[...browser.log, ...said].join("\n")}`;
      await page.goto(`${url}/?stream=demo`);
      assert.match(page.url(), /\/player\/sign-in\.html\?next=%2F%3Fstream%3Ddemo$/);
      await page.fill("#name", "ann");
      await page.fill("#password", "another-password");
      await page.click("#person button");
      await page.waitForSelector("#trouble:not(:empty)");
      assert.match(
        (await page.textContent("#trouble")) ?? "",
        /The name or the password is wrong\./,
      );
      await page.fill("#password", password);
      await page.click("#person button");
      await page.waitForURL(`${url}/?stream=demo`);
      await page
        .waitForSelector('streambank-player[state="LIVE"]')
        .catch(() => assert.fail(whole()));
      await page.waitForFunction(`${VIDEO}.currentTime > 1 && ${VIDEO}.videoWidth > 0`);
      // No script of a page can read what it is signed in with.
      assert.equal(await page.evaluate("document.cookie"), "");

      await page.goto(`${url}/player/sign-in.html`);
      await page.waitForSelector("#signed-in:not([hidden])");
      assert.equal(await page.textContent("#who"), "ann");
      assert.equal(await page.isVisible("#person"), false);
      await page.click("#sign-out");
      await page.waitForSelector("#person:not([hidden])");
      await page.goto(url);
      assert.match(page.url(), /sign-in\.html/);
      // Another's address behind `next` is not gone to; the root key's token signs in, too.
      await page.goto(`${url}/player/sign-in.html?next=%2F%2Fevil.example%2F`);
      await page.click("summary");
      await page.fill("#key", rootKey.token);
      await page.click("#with-key button");
      await page.waitForURL(`${url}/`);
    } finally {
      stop.abort();
      await camera;
    }
  });
});
