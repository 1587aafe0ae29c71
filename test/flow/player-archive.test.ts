/** What people do with the player, on a real server with two recordings and a live camera: each line of it once. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { runDemoCamera } from "../../samples/demo-camera.ts";
import { realClock } from "../../src/base/clock.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));
const SAMPLE_MS = 24_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PLAYER = 'document.querySelector("streambank-player")';
const VIDEO = `${PLAYER}.shadowRoot.querySelector("video")`;

suite("the player and its archive", needs("chromium"), () => {
  const stop = new AbortController();
  /** Starts of the two recordings; they end 24 s later. */
  const [first, second] = [Date.now() - 300_000, Date.now() - 200_000];
  let server: RunningServer;
  let camera: Promise<void>;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const { url } = server;
    for (const startMs of [first, second]) {
      const call = putMedia({ url, stream: "yard", startMs });
      await call.write(SAMPLE);
      call.end();
      await call.acks;
    }
    const signal = stop.signal;
    camera = runDemoCamera({ url, stream: "yard", clock: realClock, signal, log: () => {} });
    browser = await openBrowser();
    await browser.page.goto(`${url}/watch`);
    await state("LIVE");
    // The timeline has loaded what is recorded.
    await recorded(second + 1000);
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
        assert.fail(`${seen}, not ${want}; ${browser.log.join("\n")}`);
      });
  const text = async (name: string) =>
    (await browser.page.locator(`[part="${name}"]`).textContent()) ?? "";
  const run = <T>(code: string) => browser.page.evaluate<T>(code);
  const until = (code: string) =>
    browser.page.waitForFunction(code, undefined, { timeout: 60_000 }).catch(() => {
      throw new Error(`never: ${code}; ${browser.log.join("\n")}`);
    });
  const press = (key: string) => browser.page.keyboard.press(key);
  const seek = (ms: number) => run(`${PLAYER}.seek(${ms})`);
  const recorded = (ms: number) =>
    until(`${PLAYER}.shadowRoot.querySelector("streambank-timeline").ranges
      .some(({ from, to }) => from <= ${ms} && ${ms} < to)`);
  const playsFrom = async (ms: number) => {
    await state("PLAYBACK");
    // It may still be where it was before.
    const there = `${PLAYER}.positionMs > ${ms} && ${PLAYER}.positionMs < ${ms + 15_000}`;
    await until(`${there} && ${VIDEO}.readyState > 2`);
  };

  test("a click on the timeline plays what was recorded there, by the wall clock", async () => {
    const box = await browser.page.locator("streambank-timeline").boundingBox();
    assert.ok(box);
    const view = await run<{ fromMs: number; toMs: number }>(
      `${PLAYER}.shadowRoot.querySelector("streambank-timeline").view`,
    );
    const at = second + 6000;
    const x = ((at - view.fromMs) / (view.toMs - view.fromMs)) * box.width;
    await browser.page.locator("streambank-timeline").click({ position: { x, y: 50 } });
    await playsFrom(at - 1500);
    assert.match(await text("detail"), /^−03:\d\d$/);
  });

  test("the address names the camera and the moment, and opens there again", async () => {
    await until(`/#yard\\?t=.*Z$/.test(location.hash)`);
    await run("location.reload()");
    await until("performance.now() < 5000 && document.readyState === 'complete'");
    await playsFrom(second + 1000);
  });

  test("a gap is said with its ends and its cause, and the next recording is offered", async () => {
    await recorded(first + 1000);
    await seek(first + SAMPLE_MS + 20_000);
    await state("NO RECORDING");
    assert.match(
      await text("message-text"),
      /\d\d:\d\d:\d\d–\d\d:\d\d:\d\d \(1 min 16 s\): camera offline/,
    );
    await browser.page.locator('[part="beside"] [data-action="next"]').click();
    await playsFrom(second);
    await press("p");
    await playsFrom(first);
  });

  test("play in a gap goes on to what is recorded next", async () => {
    await seek(first + SAMPLE_MS + 20_000);
    await state("NO RECORDING");
    assert.equal(await browser.page.locator('[part="toggle"]').getAttribute("aria-label"), "Play");
    await press("k");
    await playsFrom(second);
  });

  test("gaps can be played through in real time: the clock goes on, and says what is missing", async () => {
    await press("w");
    await seek(first + SAMPLE_MS - 1500);
    await state("PLAYBACK");
    await state("NO RECORDING");
    assert.match(await text("message-text"), /NO RECORDING .*camera offline/);
    const at = await run<number>(`${PLAYER}.positionMs`);
    await until(`${PLAYER}.positionMs > ${at + 1000} && ${PLAYER}.positionMs < ${second}`);
    await seek(second - 1500);
    await press("k");
    await until(`${PLAYER}.positionMs < ${second}`);
    await playsFrom(second);
    await press("w");
  });

  test("playback leaves a gap out and says so", async () => {
    await seek(first + SAMPLE_MS - 2000);
    await state("PLAYBACK");
    await until(`${PLAYER}.positionMs >= ${second}`);
    assert.match(
      await text("notice"),
      /^Skipped: no recording .* \(1 min 1\d s\): camera offline$/,
    );
    await playsFrom(second);
  });

  test("speed is changed by key and by choice; live goes back to 1", async () => {
    await seek(second + 2000);
    await playsFrom(second + 1000);
    await press(">");
    await press(">");
    assert.equal(await run(`${VIDEO}.playbackRate`), 2);
    await browser.page.locator('[part="speed"]').selectOption("0.25");
    assert.equal(await run(`${VIDEO}.playbackRate`), 0.25);
    await seek(first + 1000);
    await playsFrom(first);
    assert.equal(await run(`${VIDEO}.playbackRate`), 0.25, "kept over a seek");
    await run("document.activeElement.blur()");
    await press("l");
    await state("LIVE");
    assert.ok((await run<number>(`${VIDEO}.playbackRate`)) >= 0.95);
    assert.equal(await run(`${PLAYER}.shadowRoot.querySelector('[part="speed"]').value`), "1");
  });

  test("times are told in the camera's zone, in UTC, or in one's own", async () => {
    await run(`${PLAYER}.setAttribute("camera-zone", "Asia/Tokyo")`);
    await until(
      `${PLAYER}.shadowRoot.querySelector('[part="date"]').textContent.includes("UTC+09:00")`,
    );
    const tokyo = await text("time");
    await browser.page.locator('[part="zone"]').selectOption("utc");
    assert.match(await text("date"), /\d UTC\+00:00$|\d UTC$/);
    const hours = Number(tokyo.slice(0, 2)) - Number((await text("time")).slice(0, 2));
    assert.equal((hours + 24) % 24, 9);
    await browser.page.locator('[part="zone"]').selectOption("mine");
    await run(`${PLAYER}.removeAttribute("camera-zone"); document.activeElement.blur()`);
  });

  test("the wheel zooms at the pointer, from a month to ten seconds", async () => {
    const timeline = browser.page.locator("streambank-timeline");
    const box = await timeline.boundingBox();
    assert.ok(box);
    const at = `(() => { const { fromMs, toMs } = ${PLAYER}.shadowRoot.querySelector("streambank-timeline").view;
      return [fromMs + (toMs - fromMs) * 0.25, toMs - fromMs]; })()`;
    await timeline.hover({ position: { x: box.width / 4, y: 50 } });
    // Away from now first: a timeline that follows now moves by itself.
    await browser.page.mouse.wheel(-900, 0);
    const [before = 0, span = 0] = await run<[number, number]>(at);
    await browser.page.mouse.wheel(0, -800);
    await until(`${at}[1] < ${span / 2}`);
    const [later = 0, shorter = 0] = await run<[number, number]>(at);
    assert.ok(Math.abs(later - before) < shorter / 200, `moved by ${later - before} ms`);
    await browser.page.mouse.wheel(0, -20_000);
    await until(`${at}[1] === 10_000`);
    await browser.page.locator('button[data-span="2592000000"]').click();
    await until(`${at}[1] === 2_592_000_000`);
    await browser.page.locator('button[data-span="900000"]').click();
  });

  test("everything by keyboard: list of keys, calendar with marked days, recordings, clip, picture", async () => {
    await browser.page.locator("streambank-player").focus();
    await press("?");
    await browser.page.locator('[part="help-dialog"][open]').waitFor();
    await press("Escape");
    await press("g");
    await browser.page.locator(".days button.recorded").last().waitFor();
    const day = await browser.page
      .locator('.days button[aria-current="date"]')
      .getAttribute("aria-label");
    assert.match(day ?? "", /^\d+ [A-Z][a-z]+ \d{4}, recorded$/);
    await browser.page.locator('[part="jump-field"]').fill(local(second + 3000));
    await press("Enter");
    await playsFrom(second + 1000);
    // Coverage as fine as this view has come: at the month's resolution the two recordings are one.
    await until(`!${PLAYER}.shadowRoot.querySelector("streambank-timeline").ranges
      .some(({ from, to }) => from < ${second - 1000} && ${second - 1000} < to)`);
    await press("r");
    await browser.page.locator('[part="list-items"] button').first().waitFor();
    const items = await browser.page.locator('[part="list-items"] button').allTextContents();
    assert.ok(
      items.some((item) =>
        / 24 s; after 1 min 1\d s without recording, camera offline$/.test(item),
      ),
      items.join("\n"),
    );
    await press("Escape");
    await press("i");
    await press("ArrowRight");
    await press("o");
    await browser.page.locator('[part="clip-says"]', { hasText: /KB|MB/ }).waitFor();
    assert.match(await text("clip-says"), /^\d s, [\d.]+ [KM]B, not encoded again/);
    await run(`${PLAYER}.shadowRoot.querySelector("streambank-timeline").dispatchEvent(new CustomEvent("streambank-clip",
      { detail: { from: ${first + SAMPLE_MS - 4000}, to: ${second + 4000} } }))`);
    await browser.page.locator('[part="clip-gaps"] li', { hasText: "camera offline" }).waitFor();
    assert.match(await text("clip-says"), /1 gap in it, 1 min 1\d s in all/);
    await press("e");
    const coming = browser.page.waitForEvent("download");
    await press("s");
    const picture = await coming;
    assert.match(picture.suggestedFilename(), /^yard_.*\.png$/);
    const png = readFileSync(await picture.path());
    assert.equal(png.toString("latin1", 1, 4), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [960, 540]);
    const photo = browser.page.waitForEvent("download");
    await press("j");
    const jpeg = await photo;
    assert.match(jpeg.suggestedFilename(), /^yard_.*\.jpg$/);
    assert.equal(readFileSync(await jpeg.path()).toString("hex", 0, 3), "ffd8ff");
    await press("d");
    await until(
      `${PLAYER}.shadowRoot.querySelector('[part="stats-list"]').textContent.includes("avc1")`,
    );
    await press("d");
    await press("Home");
    await playsFrom(first);
    await press("End");
    await state("LIVE");
  });

  test("axe finds nothing serious: live, in a gap, with the calendar, dark and light", async () => {
    // As the page may not: its policy takes scripts of this server alone.
    await browser.page.evaluate(AXE);
    const serious = async (where: string) => {
      const found = await run<{ id: string; impact: string; nodes: { html: string }[] }[]>(
        "axe.run().then(({ violations }) => violations)",
      );
      const bad = found.filter(({ impact }) => impact === "serious" || impact === "critical");
      const said = bad.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
      assert.deepEqual(said, [], where);
    };
    for (const colorScheme of ["dark", "light"] as const) {
      await browser.page.emulateMedia({ colorScheme });
      await serious(`live, ${colorScheme}`);
    }
    await press("e");
    await press("g");
    await browser.page.locator(".days button.recorded").first().waitFor();
    await serious("calendar");
    await press("Escape");
    await press("e");
    await seek(first + SAMPLE_MS + 20_000);
    await state("NO RECORDING");
    await serious("gap");
  });

  test("a stream that is not there is an error with its cause and what to do", async () => {
    await run(`{
      const other = document.createElement("streambank-player");
      other.id = "other";
      other.setAttribute("stream", "nowhere");
      document.body.append(other);
    }`);
    const message = browser.page.locator('#other[state="ERROR"] [part="message-text"]');
    await message.waitFor({ timeout: 60_000 });
    assert.match((await message.textContent()) ?? "", /nowhere.*check the stream's name/);
    await run('document.querySelector("#other").remove()');
  });

  test("every target is at least 44 px high and wide", async () => {
    const small = await run<
      string[]
    >(`[...${PLAYER}.shadowRoot.querySelectorAll("button, select, input")]
      .filter((one) => one.offsetParent !== null && (one.offsetWidth < 44 || one.offsetHeight < 44))
      .map((one) => one.outerHTML.slice(0, 80))`);
    assert.deepEqual(small, []);
  });
});

/** As a field for local times has it, in this process's zone, which is the browser's. */
function local(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
