/** What the timeline shows is what is recorded: pixels read from the canvas, on a real server with media of known times. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { RunningServer } from "../../src/server/start.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs, tools } from "../support/tools.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const PLAYER = 'document.querySelector("streambank-player")';
const TIMELINE = `${PLAYER}.shadowRoot.querySelector("streambank-timeline")`;
/** So long is a pixel at most worth looking at: gaps of 50 s are merged in the list of ranges. */
const VIEW_MS = 10 * DAY;
const EVENTS = 266;

/** Small pictures at the times that `setpts` says, a key frame at every `group`th. */
function film(file: string, { frames, setpts, group }: Film): Buffer {
  const args = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=128x72:r=1"];
  args.push("-frames:v", String(frames), "-vf", `setpts='${setpts}'`, "-fps_mode", "passthrough");
  args.push("-enc_time_base", "1/1000", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0");
  args.push(
    "-g",
    String(group),
    "-keyint_min",
    String(group),
    "-sc_threshold",
    "0",
    "-f",
    "matroska",
    file,
  );
  const { status, stderr } = spawnSync(tools.ffmpeg ?? "ffmpeg", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return readFileSync(file);
}

interface Film {
  readonly frames: number;
  readonly setpts: string;
  readonly group: number;
}

interface Column {
  /** How strong, 0 to 1, in the middle of the bar. */
  readonly strength: number;
  /** There is something at all: the line under the bar. */
  readonly line: boolean;
}

/** The columns between two times as they are on the canvas: bar against track. */
const READ = `(fromMs, toMs) => {
  const timeline = ${TIMELINE};
  const canvas = timeline.shadowRoot.querySelector("canvas");
  const context = canvas.getContext("2d");
  const { view } = timeline;
  const x = (ms) => Math.round((ms - view.fromMs) / (view.toMs - view.fromMs) * canvas.width);
  const style = getComputedStyle(timeline);
  const channel = (name) => parseInt(style.getPropertyValue(name).trim().slice(5, 7), 16);
  const [bar, track] = [channel("--_bar"), channel("--_track")];
  const out = [];
  for (let at = x(fromMs); at < x(toMs); at++) {
    const blue = (y) => context.getImageData(at, y, 1, 1).data[2];
    const share = (y) => (blue(y) - track) / (bar - track);
    out.push({ strength: share(Math.round(canvas.height * 0.45)), line: share(canvas.height - 10) > 0.9 });
  }
  return out;
}`;

suite("the timeline tells the truth", needs("chromium", "ffmpeg"), () => {
  let server: RunningServer;
  let browser: TestBrowser;
  const dir = tempDir("timeline");
  const now = Date.now();
  /** Ten seconds of every minute; all of two hours but half a minute. */
  const [events, whole] = [now - 5 * DAY, now - 3 * DAY];

  before(async () => {
    server = await startTestServer({ createMissing: true });
    const films = [
      { startMs: events, frames: EVENTS * 10, group: 10, setpts: "(floor(N/10)*60+mod(N,10))/TB" },
      { startMs: whole, frames: 3600, group: 8, setpts: "(2*N+if(gte(N,1800),30,0))/TB" },
    ];
    for (const [i, one] of films.entries()) {
      const bytes = film(join(dir.path, `${i}.mkv`), one);
      const call = putMedia({ url: server.url, stream: "yard", startMs: one.startMs });
      await call.write(bytes);
      call.end();
      await call.acks;
    }
    browser = await openBrowser();
    await browser.page.goto(`${server.url}/watch#yard`);
    await browser.page.waitForSelector("streambank-player[state=OFFLINE]");
    await browser.page.evaluate(`${TIMELINE}.show(${VIEW_MS})`);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    dir[Symbol.dispose]();
  });

  const until = (code: string) =>
    browser.page.waitForFunction(code, undefined, { timeout: 60_000 }).catch(() => {
      throw new Error(`never: ${code}; ${browser.log.join("\n")}`);
    });
  const columns = (from: number, to: number) =>
    browser.page.evaluate<Column[]>(`(${READ})(${from}, ${to})`);
  const loaded = (fromMs: number) =>
    until(`${TIMELINE}.ranges.some(({ from }) => Math.abs(from - ${fromMs}) < 60000)`);
  const pixelMs = () =>
    browser.page.evaluate<number>(
      `(${TIMELINE}.view.toMs - ${TIMELINE}.view.fromMs) / ${TIMELINE}.clientWidth`,
    );

  test("ten seconds of every minute are a sixth as strong, between their first and last pixel", async () => {
    await loaded(events);
    const end = events + (EVENTS - 1) * MINUTE + 10_000;
    const px = await pixelMs();
    const merged = await browser.page.evaluate<number>(`${TIMELINE}.ranges.length`);
    assert.ok(merged < 10, `the list hides the gaps: ${merged} ranges`);
    // The strength is 0.12 + 0.88 of what is recorded.
    const seen = await columns(events + px, end - px);
    const off = seen.filter(({ strength }) => Math.abs(strength - (0.12 + 0.88 / 6)) > 0.05);
    // A tick of the days may stand on one of them.
    assert.ok(seen.length > 12 && off.length <= 1, JSON.stringify(seen));
    assert.ok(seen.every(({ line }) => line));
    for (const [from, to] of [
      [events - 20 * px, events - px],
      [end + px, end + 20 * px],
    ] as const)
      for (const { strength, line } of await columns(from, to))
        assert.ok(strength < 0.02 && !line, `outside: ${strength}`);
  });

  test("half a minute that is missing is a notch two pixels wide in what is else full", async () => {
    await loaded(whole);
    const px = await pixelMs();
    const end = whole + 2 * 60 * MINUTE + 30_000;
    const seen = await columns(whole + px, end - px);
    assert.ok(seen.length >= 5, `${seen.length} columns`);
    const gaps = seen.flatMap(({ strength }, x) => (strength < 0.5 ? [x] : []));
    assert.equal(gaps.length, 2, JSON.stringify(seen));
    const middle = await browser.page.evaluate<number>(`(() => {
      const { view, clientWidth } = ${TIMELINE};
      const x = (ms) => Math.round((ms - view.fromMs) / (view.toMs - view.fromMs) * clientWidth);
      return x(${whole + 60 * MINUTE}) - x(${whole + px}); })()`);
    assert.ok(Math.abs((gaps[0] ?? -9) + 1 - middle) <= 1, `${gaps} around ${middle}`);
    assert.ok(seen.every(({ strength }, x) => gaps.includes(x) || strength > 0.9));
  });

  test("a place under the pointer is said: how much of it is recorded, or the gap and its cause", async () => {
    const timeline = browser.page.locator("streambank-timeline");
    const hint = browser.page.locator('[part="hint"]');
    const hover = async (ms: number) => {
      const x = await browser.page.evaluate<number>(`(() => {
        const { view, clientWidth } = ${TIMELINE};
        return (${ms} - view.fromMs) / (view.toMs - view.fromMs) * clientWidth; })()`);
      await timeline.hover({ position: { x, y: 50 } });
      return (await hint.textContent()) ?? "";
    };
    assert.match(await hover(events + 100 * MINUTE), /^1\d % of 1\d min( \d+ s)? recorded here$/);
    const between = await hover(events + 1.5 * DAY);
    assert.match(between, /^No recording .* \(1 d 19 h\): camera offline$/);
    const width = await hint.evaluate((one) => one.getBoundingClientRect().right);
    assert.ok(width <= 1280, "inside the window");
  });
});
