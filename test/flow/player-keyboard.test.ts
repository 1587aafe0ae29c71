/** Whatever the player must be able to do, done by keys alone: no pointer, no script that helps. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
const PLAYER = 'document.querySelector("streambank-player")';
const ROOT = `${PLAYER}.shadowRoot`;
/** What has the focus, through shadow roots. */
const FOCUS = `(() => { let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  return one; })()`;

suite("the player by keys alone", { ...needs("chromium"), timeout: 120_000 }, () => {
  const stop = new AbortController();
  const [first, second] = [Date.now() - 300_000, Date.now() - 200_000];
  let server: RunningServer;
  let camera: Promise<void>;
  let browser: TestBrowser;

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const { url } = server;
    for (const [stream, startMs] of [
      ["gate", first],
      ["yard", first],
      ["yard", second],
    ] as const) {
      const call = putMedia({ url, stream, startMs });
      await call.write(SAMPLE);
      call.end();
      await call.acks;
    }
    const { signal } = stop;
    camera = runDemoCamera({ url, stream: "yard", clock: realClock, signal, log: () => {} });
    browser = await openBrowser({ width: 1200, height: 800 });
    await browser.page.goto(`${url}/#yard`);
    await state("LIVE");
  });
  after(async () => {
    await browser?.close();
    stop.abort();
    await camera;
    await server?.close();
  });

  const run = <T>(code: string) => browser.page.evaluate<T>(code);
  const until = (code: string) =>
    browser.page.waitForFunction(code, undefined, { timeout: 20_000 }).catch(async () => {
      const said = await run<string>(`${ROOT}.querySelector('[part="state"]').textContent`);
      throw new Error(`never: ${code}; ${said}; ${browser.log.join("\n")}`);
    });
  const state = (want: string) => until(`${PLAYER}?.getAttribute("state") === "${want}"`);
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await browser.page.keyboard.press(key);
  };
  const part = () => run<string>(`${FOCUS}?.getAttribute("part") ?? ""`);
  const tabTo = async (name: string) => {
    const passed: string[] = [];
    for (let i = 0; i < 80; i++) {
      passed.push(await part());
      if (passed.at(-1)?.split(" ").includes(name)) return;
      await press("Tab");
    }
    assert.fail(`Tab does not lead to ${name}: ${passed}`);
  };
  const isAt = (ms: number) =>
    until(`${PLAYER}.positionMs >= ${ms} && ${PLAYER}.positionMs < ${ms + 15_000}`);

  test("a camera is chosen by its number", async () => {
    await press("1");
    await until(`location.hash.startsWith("#gate")`);
    await state("OFFLINE");
    await press("2");
    await until(`location.hash.startsWith("#yard")`);
    await state("LIVE");
  });

  test("live is left and found again; what was paused goes on behind the camera", async () => {
    await press("k");
    await state("PAUSED");
    await press(" ");
    await state("PLAYBACK");
    await press("l");
    await state("LIVE");
  });

  test("oldest, a minute on into a gap that is said, next, previous, five seconds back", async () => {
    await press("Home");
    await isAt(first);
    await press("Shift+ArrowRight");
    await state("NO RECORDING");
    assert.match(
      await run(`${ROOT}.querySelector('[part="message-text"]').textContent`),
      /offline/,
    );
    await press("n");
    await isAt(second);
    await press("p");
    await isAt(first);
    await press("ArrowRight", "ArrowRight");
    await isAt(first + 9000);
    await press("ArrowLeft");
    await until(`${PLAYER}.positionMs < ${first + 9000}`);
  });

  test("a date and a time are typed, and played from", async () => {
    await press("g");
    await tabTo("jump-field");
    const at = new Date(second + 4000);
    const two = (value: number) => String(value).padStart(2, "0");
    const [date, year] = [`${two(at.getMonth() + 1)}${two(at.getDate())}`, at.getFullYear()];
    const time = `${two(at.getHours() % 12 || 12)}${two(at.getMinutes())}${two(at.getSeconds())}`;
    await browser.page.keyboard.type(`${date}${year}`);
    await press("ArrowRight");
    await browser.page.keyboard.type(`${time}${at.getHours() < 12 ? "AM" : "PM"}`);
    await press("Enter");
    await isAt(Math.floor((second + 4000) / 1000) * 1000 - 100);
    assert.match(await run("location.hash"), /^#yard/, "digits in a field choose no camera");
  });

  test("every speed is reached; pictures are stepped", async () => {
    const speed = () => run<string>(`${ROOT}.querySelector('[part="speed"]').value`);
    await press("k");
    await state("PAUSED");
    const seen: string[] = [await speed()];
    // Backwards and back again before anything moves far.
    for (const key of [...Array(4).fill("<"), ...Array(4).fill(">")]) {
      await press(key);
      seen.push(await speed());
    }
    assert.deepEqual(seen, ["1", "0.5", "0.25", "-1", "-2", "-1", "0.25", "0.5", "1"]);
    await press("Home");
    await isAt(first);
    await press("k");
    await state("PAUSED");
    const at = () => run<number>(`${PLAYER}.positionMs`);
    const before = await at();
    await press(".");
    await until(`${PLAYER}.positionMs > ${before}`);
    const after = await at();
    assert.ok(after - before < 80, `${after - before} ms`);
    await press(",");
    await until(`${PLAYER}.positionMs < ${after}`);
  });

  test("the timeline is a slider: it seeks, pans and zooms, and says where it is", async () => {
    await tabTo("slider");
    const spoken = () => run<string>(`${FOCUS}.getAttribute("aria-valuetext")`);
    const view = () =>
      run<[number, number]>(
        `(({ fromMs, toMs }) => [fromMs, toMs])(${ROOT}.querySelector("streambank-timeline").view)`,
      );
    assert.match(
      await spoken(),
      /^[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d .*, recorded$/,
    );
    await press("Shift+ArrowRight");
    await until(`${FOCUS}.getAttribute("aria-valuetext").endsWith(", not recorded")`);
    const [from, to] = await view();
    await press("PageUp");
    assert.equal((await view())[0], from - (to - from) / 2);
    await press("+");
    const zoomed = await view();
    assert.ok(Math.abs((zoomed[1] - zoomed[0]) * 2 - (to - from)) < 2);
    await press("-");
  });

  test("a clip is marked and its size is told", async () => {
    await press("Home");
    await isAt(first);
    await press("i", "ArrowRight", "o");
    await until(
      `/[KM]B, not encoded again/.test(${ROOT}.querySelector('[part="clip-says"]').textContent)`,
    );
    await press("e");
  });

  test("the list of keys opens and closes, and the focus comes back", async () => {
    const before = await part();
    await press("?");
    await until(`${ROOT}.querySelector('[part="help-dialog"]').open`);
    const keys = await run<string>(`${ROOT}.querySelector(".keys").textContent`);
    for (const word of ["one picture back", "export a clip", "next recording"])
      assert.ok(keys.includes(word), word);
    await press("Escape");
    await until(`!${ROOT}.querySelector('[part="help-dialog"]').open`);
    assert.equal(await part(), before);
  });

  test("Tab comes to every control once, shows where it is, and leaves the player", async () => {
    await press("l");
    await state("LIVE");
    const wanted = await run<
      string[]
    >(`[...${ROOT}.querySelectorAll("button, select, input, a[href]")]
      .filter((one) => one.checkVisibility() && !one.disabled).map((one) => one.outerHTML.slice(0, 90))`);
    await tabTo("toggle");
    const seen: string[] = [];
    for (let i = 0; i < 80; i++) {
      if (i > 0) await press("Tab");
      const now = await run<{
        name: string;
        inside: boolean;
        ring: string;
      }>(`(() => { const one = ${FOCUS};
        return { name: one.outerHTML.slice(0, 90), inside: ${ROOT}.contains(one) || ${ROOT}.contains(one.getRootNode().host),
          ring: getComputedStyle(one).outlineStyle }; })()`);
      if (!now.inside) break;
      if (now.name.includes("streambank-timeline") || now.name.includes('part="slider"')) continue;
      assert.notEqual(now.ring, "none", now.name);
      seen.push(now.name);
    }
    assert.deepEqual(seen, wanted);
    assert.ok(seen.length > 15, `${seen.length} controls`);
  });

  test("the focused button does what it says by Enter", async () => {
    await tabTo("stats");
    await press("Enter");
    await until(`/avc1/.test(${ROOT}.querySelector('[part="stats-list"]').textContent)`);
    await press("Enter");
  });

  test("1,200 px wide, the buttons under the picture stand in one row, whatever they say", async () => {
    const middles = () =>
      run<number[]>(`[...new Set([...${ROOT}.querySelector('[part="bar"]').children].map((one) => {
        const { top, height } = one.getBoundingClientRect();
        return Math.round((top + height / 2) / 10);
      }))]`);
    assert.equal((await middles()).length, 1, `live: ${await middles()}`);
    await press("Home");
    await isAt(first);
    await press("<", "<", "<");
    await until(`/keyframes only/.test(${ROOT}.querySelector('[part="detail"]').textContent)`);
    assert.equal((await middles()).length, 1, `playback: ${await middles()}`);
  });
});
