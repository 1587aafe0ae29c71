/**
 * The player page in a real browser, against a server made of its static files and a scripted tail: what the
 * page does by itself, whatever the real server does. The whole path is in player.test.ts.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { realClock } from "../../src/base/clock.ts";
import { StaticFiles } from "../../src/server/static.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { run } from "../support/run.ts";
import { needs } from "../support/tools.ts";

const ROOT = join(import.meta.dirname, "../..");
const MIME = 'video/mp4; codecs="avc1.64001f,mp4a.40.2"';
const SAMPLE_MS = 24_000;
/** The scripted archive: from an hour ago until now, with a hole of two minutes half an hour ago. */
const HOUR = 3_600_000;

/** Evaluated in the page. */
const VIDEO = 'document.querySelector("sb-player").shadowRoot.querySelector("video")';
const AHEAD = `(${VIDEO}.buffered.end(${VIDEO}.buffered.length - 1) - ${VIDEO}.currentTime)`;

/** One `moof` and its `mdat` per frame, as ffmpeg cuts the sample. */
async function sampleChunks(): Promise<{ init: Buffer; chunks: Buffer[] }> {
  const dir = mkdtempSync(join(tmpdir(), "streambank-fmp4-"));
  const out = join(dir, "sample.mp4");
  const flags = "empty_moov+default_base_moof+frag_every_frame";
  const input = join(ROOT, "samples/camera.mkv");
  await run("ffmpeg", ["-v", "error", "-i", input, "-c", "copy", "-movflags", flags, out]);
  const file = readFileSync(out);
  rmSync(dir, { recursive: true });
  const boxes: { type: string; bytes: Buffer }[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    const bytes = file.subarray(at, at + file.readUInt32BE(at));
    boxes.push({ type: bytes.toString("latin1", 4, 8), bytes });
  }
  const chunks = boxes.flatMap(({ type, bytes }, i) =>
    type === "moof" ? [Buffer.concat([bytes, boxes[i + 1]?.bytes ?? Buffer.alloc(0)])] : [],
  );
  const head = boxes.filter(({ type }) => type === "ftyp" || type === "moov");
  return { init: Buffer.concat(head.map(({ bytes }) => bytes)), chunks };
}

/** Scripted server: what a tail does is decided by the test. */
class FakeServer {
  readonly #files = new StaticFiles(ROOT);
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #server = createServer((req, res) => this.#answer(req, res));
  readonly startedMs = realClock.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  media: { init: Buffer; chunks: Buffer[] } = { init: Buffer.alloc(0), chunks: [] };
  mime = MIME;
  opened: string[] = [];

  async listen(): Promise<string> {
    this.media = await sampleChunks();
    this.#server.on("upgrade", (req, socket, head) =>
      this.#sockets.handleUpgrade(req, socket, head, (ws) => this.#tail(ws, req.url ?? "")),
    );
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The camera goes: live viewers get nothing more but this. */
  offline(): void {
    for (const timer of this.#timers) clearInterval(timer);
    const text = JSON.stringify({ type: "offline", sinceMs: realClock.now() });
    for (const ws of this.#sockets.clients) ws.send(text);
  }

  /** The network stalls: sockets stay open and silent. */
  freeze(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async close(): Promise<void> {
    this.freeze();
    for (const ws of this.#sockets.clients) ws.terminate();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const path = new URL(req.url ?? "/", "http://x").pathname;
    const now = realClock.now();
    const json = (value: unknown) => {
      res.setHeader("content-type", "application/json");
      res.end(JSON.stringify(value));
    };
    if (path === "/v1/streams")
      json({
        streams: [
          {
            name: "street",
            live: true,
            bytes: 91_000_000,
            tracks: [{ type: "video", codec: "V_MPEG4/ISO/AVC", width: 960, height: 540 }],
          },
          { name: "back-door", live: false, bytes: 2_400_000 },
        ],
      });
    else if (path.endsWith("/coverage")) {
      const [from, hole, end] = [now - HOUR, now - HOUR / 2, now - HOUR / 2 + 120_000];
      json({
        ranges: [
          { from, to: hole },
          { from: end, to: now - HOUR / 8 },
          { from: now - HOUR / 8 + 400, to: now - 2000 },
        ],
        gaps: [{ from: hole, to: end, cause: "offline" }],
      });
    } else if (path.includes("/clip.")) res.end("clip");
    else
      this.#files.get(path).then(
        ({ body, type }) => {
          res.setHeader("content-type", type);
          res.end(body);
        },
        () => {
          res.statusCode = 404;
          res.end();
        },
      );
  }

  #tail(ws: WebSocket, url: string): void {
    this.opened.push(url);
    const from = new URL(url, "http://x").searchParams.get("from");
    const now = realClock.now();
    const { init, chunks } = this.media;
    ws.send(JSON.stringify({ type: "time", serverNowMs: now }));
    ws.send(JSON.stringify({ type: "live" }));
    const originUs = (from === null ? now - 1000 : Math.floor(Number(from) / 2000) * 2000) * 1000;
    ws.send(
      JSON.stringify({
        type: "config",
        mime: this.mime,
        originUs,
        tracks: [
          { type: "video", carried: true },
          { type: "audio", carried: true },
        ],
      }),
    );
    ws.send(init);
    if (from !== null) {
      for (const chunk of chunks) ws.send(chunk);
      return;
    }
    let next = 0;
    const timer = setInterval(() => {
      const due = ((realClock.now() - now + 1000) / SAMPLE_MS) * chunks.length;
      for (; next < Math.min(due, chunks.length); next++) ws.send(chunks[next] ?? "");
    }, 10);
    this.#timers.add(timer);
    ws.once("close", () => clearInterval(timer));
  }
}

suite("the player page", needs("ffmpeg", "chromium"), () => {
  let server: FakeServer;
  let browser: TestBrowser;
  let url: string;
  before(async () => {
    server = new FakeServer();
    url = await server.listen();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (to = "") => {
    await browser.page.goto("about:blank");
    await browser.page.goto(`${url}/${to}`);
  };
  const state = (want: string) =>
    browser.page
      .waitForSelector(`sb-player[state="${want}"]`, { timeout: 10_000 })
      .catch(async () => {
        const player = browser.page.locator("sb-player");
        const seen = `${await player.getAttribute("state")} ${await browser.page.locator('[part="detail"]').textContent()}`;
        assert.fail(`state is ${seen}, not ${want}; log: ${browser.log.join("\n")}`);
      });
  const text = (name: string) => browser.page.locator(`[part="${name}"]`).textContent();

  test("shows the newest picture with its latency, and the buffer is held near the live edge", async () => {
    await open();
    await state("LIVE");
    await browser.page.waitForFunction(`${VIDEO}.currentTime > 4 && ${AHEAD} < 0.4`);
    assert.match((await text("detail")) ?? "", /^0\.\d s$/);
    assert.match((await text("date")) ?? "", /\d{4} UTC/);
  });

  test("plays from where the timeline is clicked, and returns to live", async () => {
    await open();
    await state("LIVE");
    await browser.page.locator("sb-timeline").click({ position: { x: 300, y: 50 } });
    await state("PLAYBACK");
    assert.match(server.opened.at(-1) ?? "", /from=\d{13}$/);
    const [at, rate] = await browser.page.evaluate<[number, number]>(
      `[${VIDEO}.currentTime, ${VIDEO}.playbackRate]`,
    );
    assert.equal(rate, 1);
    await browser.page.waitForFunction(`${VIDEO}.currentTime > ${at + 1}`);
    await browser.page.keyboard.press("l");
    await state("LIVE");
  });

  test("pauses by key, and goes on behind the camera", async () => {
    await open();
    await state("LIVE");
    await browser.page.keyboard.press(" ");
    await state("PAUSED");
    await browser.page.keyboard.press(" ");
    await state("PLAYBACK");
  });

  test("reads the archive only as far ahead as it needs, and goes on where the buffer ends", async () => {
    await open();
    await state("LIVE");
    await browser.page.locator("sb-timeline").click({ position: { x: 300, y: 50 } });
    await state("PLAYBACK");
    const from = (url = "") => Number(/from=(\d+)/.exec(url)?.[1]);
    const first = from(server.opened.at(-1));
    const count = server.opened.length;
    // All 24 s are there: nothing more is read until less than 8 s are left.
    await browser.page.waitForFunction(`${AHEAD} > 15`);
    assert.equal(server.opened.length, count);
    for (let i = 0; i < 3; i++) await browser.page.keyboard.press("ArrowRight");
    await browser.page.waitForFunction(`${AHEAD} > 15`);
    assert.equal(server.opened.length, count + 1);
    const reached = from(server.opened.at(-1)) - Math.floor(first / 2000) * 2000;
    assert.ok(Math.abs(reached - SAMPLE_MS) < 100, `went on ${reached} ms after the start`);
    await state("PLAYBACK");
  });

  test("never calls a frozen picture live", async () => {
    await open();
    await state("LIVE");
    server.freeze();
    await state("BUFFERING");
    assert.match((await text("detail")) ?? "", /no new picture for \d+ s/);
  });

  test("says since when the camera is away", async () => {
    await open();
    await state("LIVE");
    server.offline();
    await state("OFFLINE");
    assert.match((await text("detail")) ?? "", /^since \d\d:\d\d:\d\d$/);
  });

  test("names the codec that the browser cannot play", async () => {
    server.mime = 'video/mp4; codecs="hvc1.1.6.L93.B0"';
    await open();
    await state("ERROR");
    assert.match((await text("detail")) ?? "", /hvc1\.1\.6\.L93\.B0.*download/);
    server.mime = MIME;
  });

  test("the timeline is a slider that says its time in words", async () => {
    await open();
    await state("LIVE");
    const slider = browser.page.locator('[role="slider"]');
    assert.match(
      (await slider.getAttribute("aria-valuetext")) ?? "",
      /\d\d:\d\d:\d\d UTC.*recorded/,
    );
    const href = await browser.page.locator('a[part="mp4"]').getAttribute("href");
    assert.match(href ?? "", /clip\.mp4\?from=\d{13}&to=\d{13}$/);
  });

  test("works on a phone's screen", async () => {
    await browser.page.setViewportSize({ width: 390, height: 780 });
    await open();
    await state("LIVE");
    const wide = await browser.page.evaluate<number>("document.documentElement.scrollWidth");
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await browser.page.setViewportSize({ width: 1280, height: 800 });
  });
});
