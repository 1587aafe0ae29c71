/**
 * The console, by the page alone: each area's main task is done as a person does it, and the server is asked whether it is so. A
 * real server that asks who is there, a camera that pushes, one browser.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { needsRtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { needs } from "../support/tools.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const PASSWORD = "a-long-password";

suite("the console", { ...needs("chromium", "ffmpeg"), timeout: 240_000 }, () => {
  const stop = new AbortController();
  let guarded: GuardedServer;
  let browser: TestBrowser;
  let camera: Promise<void>;

  before(async () => {
    guarded = await guardedServer({ createMissing: true });
    const { url, token } = guarded;
    const [clock, signal] = [realClock, stop.signal];
    camera = runDemoCamera({
      url,
      stream: "cam",
      clock,
      signal,
      log() {},
      token: async () => token,
    });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    stop.abort();
    await camera;
    await guarded?.[Symbol.asyncDispose]();
  });

  const api = async (method: string, path: string, body?: object) => {
    const answer = await fetch(guarded.url + path, {
      ...{ method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
      headers: {
        authorization: `Bearer ${guarded.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const go = async (hash: string, ready: string) => {
    await browser.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await shown(ready);
  };
  const shown = (selector: string, hasText?: string | RegExp) =>
    browser.page
      .locator(selector, hasText === undefined ? {} : { hasText })
      .first()
      .waitFor({ timeout: 30_000 })
      .catch(async () => {
        const text = await browser.page.locator("body").textContent();
        assert.fail(`no ${selector} ${hasText ?? ""} in:\n${text}\n${browser.log.join("\n")}`);
      });
  const text = async (selector: string) =>
    (await browser.page.locator(selector).first().textContent()) ?? "";
  /** By the Tab key alone. */
  const tabTo = async (selector: string) => {
    for (let i = 0; i < 80; i++) {
      const here = `document.activeElement.matches(${JSON.stringify(selector)})`;
      if (await browser.page.evaluate<boolean>(here)) return;
      await browser.page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not lead to ${selector}`);
  };
  const type = (words: string) => browser.page.keyboard.type(words);
  const press = (key: string) => browser.page.keyboard.press(key);

  test("the first visit asks for the key of the terminal, and leads to the cameras", async () => {
    const { page } = browser;
    await page.goto(`${guarded.url}/`);
    assert.match(page.url(), /sign-in\.html/);
    await page.click("summary");
    await page.fill("#key", guarded.token);
    await page.click("#with-key button");
    await shown(".card .state", "LIVE");
    assert.equal(await text(".card h2"), "cam");
    await shown(".card img:not([hidden])");
    await shown(".card .facts", /[1-9]\d* kbit\/s, [1-9][\d.]* fps/);
    assert.match(await text(".card"), /At this rate 1 day takes \d/);
    assert.match(await text(".card"), /SDK or webcam/);
    assert.match(await text(".summary"), /^1 camera, 1 live/);
    // Of all of it nothing came from elsewhere, and nothing was refused by the page's policy.
    assert.doesNotMatch(browser.log.join("\n"), /Content Security Policy|thrown/);
  });

  test("by the keyboard alone: an encoder's address is made and works, a retention is changed", async () => {
    await tabTo('a[href="#/add"]');
    await press("Enter");
    await shown("h1", "Add a camera");
    await tabTo("#tab-obs");
    await press("ArrowRight");
    await press("ArrowRight");
    await press("Home");
    await tabTo("#panel-obs input");
    await press("Control+a");
    await type("studio");
    await press("Enter");
    await shown("#panel-obs .result .copyable");
    const [address = "", key = ""] = await browser.page
      .locator("#panel-obs code")
      .allTextContents();
    assert.match(address, /^rtmp:\/\/127\.0\.0\.1:\d+\/live$/);
    assert.match(key, /^studio\?key=AKSB/);
    const { keys } = (await api("GET", "/v1/keys")).body;
    const made = keys.find(({ streams }: { streams: string }) => streams === "studio");
    assert.deepEqual(made.actions, ["produce"], "it may push, and nothing else");
    const copy = ["-v", "error", "-re", "-i", SAMPLE, "-c", "copy", "-f", "flv"];
    const encoder = spawn("ffmpeg", [...copy, `${address}/${key}`], { stdio: "ignore" });
    try {
      await shown("#panel-obs .waiting", "studio is live.");
      await tabTo('a[href="#/stream/studio"]');
      await press("Enter");
      await shown("#retention input");
      await tabTo("#retention input");
      await press("Control+a");
      await type("3");
      await press("Enter");
      await shown("#retention .preview", "Nothing would be deleted.");
      assert.equal((await api("GET", "/v1/streams/studio")).body.retentionHours, 24, "not yet");
      await press("Enter");
      await shown("#retention", "Now: 3 days.");
      assert.equal((await api("GET", "/v1/streams/studio")).body.retentionHours, 72);
    } finally {
      encoder.kill("SIGKILL");
    }
  });

  test("a shorter retention says what it would delete before it does", async () => {
    await go("#/stream/cam", "#retention input");
    const { page } = browser;
    await page.fill("#retention input >> nth=0", "0");
    await page.click("#retention form button.plain");
    await shown("#retention .preview p");
    const preview = (await api("POST", "/v1/streams/cam/retention/preview", { retentionHours: 0 }))
      .body;
    assert.match(
      await text("#retention .preview"),
      preview.packs > 0 ? /This would delete/ : /Nothing would/,
    );
    await page.fill("#retention input >> nth=0", "1");
    assert.equal(await text("#retention .preview"), "", "what was said was of another wish");
    assert.equal((await api("GET", "/v1/streams/cam")).body.retentionHours, 24);
  });

  test("a range is held and released", async () => {
    const { page } = browser;
    await page.click("#holds summary");
    await page.fill("#holds input:not([type])", "Parcel 7731");
    await page.click("#holds form button");
    await shown("#holds td", "Parcel 7731");
    const held = (await api("GET", "/v1/streams/cam/holds")).body.holds;
    assert.deepEqual(
      held.map(({ why }: { why: string }) => why),
      ["Parcel 7731"],
    );
    assert.match(held[0].who, /^key:/, "the caller, whoever is named");
    await page.click("#holds td button");
    await page.click("dialog button.danger");
    await shown("#holds", "Nothing is held.");
    assert.deepEqual((await api("GET", "/v1/streams/cam/holds")).body.holds, []);
    await page.click("#gaps button");
    await shown("#gaps", /No gap of a second|Length/);
  });

  test("a camera that cannot be reached says why; one that can shows its codec and picture", async (t) => {
    const { page } = browser;
    await go("#/add", "#tab-ip");
    await page.click("#tab-ip");
    const url = '#panel-ip input[inputmode="url"]';
    await page.fill(url, "rtsp://user:secret@127.0.0.1:1/none");
    await page.click("#panel-ip button.plain");
    await shown("#panel-ip .trouble", /No picture: .*(?:refused|reached)/);
    assert.doesNotMatch(await text("#panel-ip .test-result"), /secret/);
    if (needsRtspServer().skip !== false) return t.diagnostic("no RTSP server here");
    await using rtsp = await startRtspServer();
    await page.fill(url, rtsp.url);
    await page.click("#panel-ip button.plain");
    await shown("#panel-ip .test-result", "It works. The camera sends H.264 960×540");
    const width = 'document.querySelector(".tested").naturalWidth';
    await page.waitForFunction(`${width} === 480`);
    await page.fill('#panel-ip input[maxlength="256"]', "hall");
    await page.click('#panel-ip button[type="submit"]');
    await shown("#panel-ip .waiting", "hall is live.");
    assert.equal((await api("GET", "/v1/streams/hall/source")).body.state, "live");
    await go("#/stream/hall", "#source");
    await shown("#source", /The server pulls rtsp:/);
    await page.click("#source button.plain");
    await page.click("dialog button.danger");
    await shown("#source", "the server pulls nothing");
    assert.equal((await api("GET", "/v1/streams/hall/source")).status, 404);
  });

  test("a stream is deleted when its name is typed, not before", async () => {
    await api("POST", "/v1/streams", { name: "old" });
    const { page } = browser;
    await go("#/stream/old", "#end-title");
    await page.click("button.danger");
    const act = page.locator("dialog button.danger");
    await page.fill("dialog input", "ol");
    assert.equal(await act.isDisabled(), true);
    await page.fill("dialog input", "old");
    await act.click();
    await page.waitForURL(/#\/cameras$/);
    assert.equal((await api("GET", "/v1/streams/old")).status, 404);
    // What the server refuses is said in its words, with its code.
    await go("#/stream/cam", "#end-title");
    await page.click("button.danger");
    await page.fill("dialog input", "cam");
    await act.click();
    await shown("dialog .trouble", "(ingest.busy)");
    await press("Escape");
  });

  test("a key's secret is shown once and works until it is revoked; a user is added", async () => {
    const { page } = browser;
    await go("#/access", "#keys table");
    await page.click("#keys summary");
    await page.fill("#keys form input >> nth=0", "Wall display");
    await page.uncheck("#right-produce");
    await page.check("#right-read");
    await page.click("#keys form button");
    await shown("#keys .result", "shown this once");
    const token = await text("#keys .result code");
    const asked = () =>
      fetch(`${guarded.url}/v1/streams/cam`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await asked()).status, 200);
    await page.click('button[aria-label="Revoke Wall display"]');
    await page.click("dialog button.danger");
    await page.locator("#keys td", { hasText: "Wall display" }).waitFor({ state: "detached" });
    assert.equal((await asked()).status, 403);
    await page.click("#users summary");
    await page.fill("#users input >> nth=0", "guard");
    await page.fill('#users input[type="password"]', PASSWORD);
    await page.click("#users form button");
    await shown("#users td", "guard");
    const { users } = (await api("GET", "/v1/users")).body;
    assert.deepEqual(
      users.map(({ name, role }: Record<string, string>) => [name, role]),
      [["guard", "viewer"]],
    );
  });

  test("the audit has it, and is filtered; the system's page has figures, and says it is ready", async () => {
    const { page } = browser;
    await go("#/audit", ".audit td");
    await page.fill(".filters input >> nth=1", "revoked");
    await page.click(".filters button");
    await shown(".audit [role=status]", /^1 entries/);
    assert.match(await text(".audit tbody"), /Key revoked/);
    await go("#/system", ".check-ok");
    await shown(".state.good", "Ready");
    await page.waitForFunction('document.querySelector(".line").getAttribute("d") !== ""');
    await page.focus(".plot");
    await press("End");
    assert.match(await text(".chart .read"), /: [\d.]+ [kM]bit\/s$/);
    await shown("td", "Came online");
  });

  test("nothing serious by axe, dark and light and on a phone, where nothing is wider than the screen", async () => {
    const { page } = browser;
    const pages = [
      ...[
        ["#/cameras", ".card"],
        ["#/add", "#tab-obs"],
        ["#/stream/cam", "#retention input"],
      ],
      ...[
        ["#/access", "#keys table"],
        ["#/audit", ".audit td"],
        ["#/system", ".check-ok"],
      ],
    ];
    await page.evaluate(AXE);
    for (const [hash = "", ready = ""] of pages) {
      await go(hash, ready);
      await page.evaluate(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })",
      );
      for (const [colorScheme, width] of [
        ["dark", 1280],
        ["light", 1280],
        ["dark", 390],
      ] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const bad = await page.evaluate<string[]>(SERIOUS);
        assert.deepEqual(bad, [], `${hash}, ${colorScheme}, ${width}`);
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
        assert.ok(wide <= width, `${hash} is ${wide} wide on ${width}`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test("a viewer sees no button that manages, and is refused all the same", async () => {
    const { page } = browser;
    await page.click("text=Sign out");
    await page.waitForURL(/sign-in\.html/);
    await page.fill("#name", "guard");
    await page.fill("#password", PASSWORD);
    await page.click("#person button");
    await shown(".card .state", "LIVE");
    assert.deepEqual(await page.locator("#pages a").allTextContents(), [
      "Cameras",
      "Watch",
      "Side by side",
    ]);
    assert.equal(await page.locator('a[href="#/add"]:visible').count(), 0);
    await go("#/stream/cam", "#retention");
    assert.equal(await page.locator("main form, main button.danger, #source").count(), 0);
    const refused = await page.evaluate<number>(
      `fetch("/v1/streams/cam", { method: "PATCH", headers: { "content-type": "application/json" },
        body: '{"retentionHours":1}' }).then(({ status }) => status)`,
    );
    assert.equal(refused, 403);
    await go("#/access", "h1");
    await shown("h1", "No such page");
    // What is theirs they do change.
    await page.click('a[href="#/you"]');
    await page.fill('[autocomplete="current-password"]', "not-my-password");
    for (const nth of [0, 1])
      await page.fill(`[autocomplete="new-password"] >> nth=${nth}`, `${PASSWORD}-2`);
    await page.click("#password button");
    await shown("#password .trouble:not(:empty)");
    await page.fill('[autocomplete="current-password"]', PASSWORD);
    await page.click("#password button");
    await shown("#said", "Your password is changed.");
    const signIn = { name: "guard", password: `${PASSWORD}-2` };
    assert.equal((await api("POST", "/v1/sign-in", signIn)).status, 200);
    // An address of the time when the player was here.
    await page.goto("about:blank");
    await page.goto(`${guarded.url}/#cam`);
    await page.waitForURL(/\/watch#cam$/);
    await page.waitForSelector('streambank-player[state="LIVE"]');
  });
});

const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 200) + nodes[0].failureSummary))`;
