/**
 * The player page in a real browser, against a server made of its static files and a scripted tail: what the
 * page does by itself, whatever the real server does. The whole path is in player.test.ts.
 */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { openRecording } from "../../producer-sdk/src/node.ts";
import { realClock } from "../../src/base/clock.ts";
import { micros } from "../../src/base/units.ts";
import { LiveFmp4Muxer } from "../../src/media/fmp4/live-muxer.ts";
import { StaticFiles } from "../../src/server/static.ts";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { needs } from "../support/tools.ts";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLE_MS = 24_000;
/** The scripted archive: from an hour ago until now, with a hole of two minutes half an hour ago. */
const HOUR = 3_600_000;

/** Evaluated in the page. */
const VIDEO = 'document.querySelector("streambank-player").shadowRoot.querySelector("video")';
const AHEAD = `(${VIDEO}.buffered.end(${VIDEO}.buffered.length - 1) - ${VIDEO}.currentTime)`;

/** The sample as the live muxer sends it: one chunk per frame, and when it is due. */
async function sampleMedia(): Promise<Media> {
  const { tracks, frames } = await openRecording(join(ROOT, "samples/camera.mkv"));
  const trackSet = { tracks, timestampScaleNs: 1_000_000, tracksElement: new Uint8Array(0) };
  const muxer = new LiveFmp4Muxer({ trackSet, originUs: micros(0) });
  const chunks = frames.flatMap((frame) => {
    const bytes = muxer.add(frame)?.bytes;
    return bytes === undefined ? [] : [{ atMs: frame.timeUs / 1000, bytes }];
  });
  return { init: muxer.init, mime: muxer.mime, chunks };
}

interface Media {
  readonly init: Uint8Array;
  readonly mime: string;
  readonly chunks: readonly { readonly atMs: number; readonly bytes: Uint8Array }[];
}

/** Scripted server: what a tail does is decided by the test. */
class FakeServer {
  readonly #files = new StaticFiles(ROOT);
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #server = createServer((req, res) => this.#answer(req, res));
  readonly startedMs = realClock.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  media: Media = { init: new Uint8Array(0), mime: "", chunks: [] };
  /** Said instead of the media's own type. */
  claimedMime: string | undefined;
  opened: string[] = [];

  async listen(): Promise<string> {
    this.media = await sampleMedia();
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

  /** Resolves when the viewer has closed its newest tail. */
  async idle(): Promise<void> {
    const newest = [...this.#sockets.clients].at(-1);
    if (newest !== undefined) await new Promise((done) => newest.once("close", done));
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
    const { init, mime, chunks } = this.media;
    ws.send(JSON.stringify({ type: "time", serverNowMs: now }));
    ws.send(JSON.stringify({ type: "live" }));
    const originUs = (from === null ? now - 1000 : Math.floor(Number(from) / 2000) * 2000) * 1000;
    ws.send(
      JSON.stringify({
        type: "config",
        mime: this.claimedMime ?? mime,
        originUs,
        tracks: [
          { type: "video", carried: true },
          { type: "audio", carried: true },
        ],
      }),
    );
    ws.send(init);
    if (from !== null) {
      for (const { bytes } of chunks) ws.send(bytes);
      return;
    }
    let next = 0;
    const timer = setInterval(() => {
      const dueMs = realClock.now() - now + 1000;
      for (; (chunks[next]?.atMs ?? Infinity) <= dueMs; next++) ws.send(chunks[next]?.bytes ?? "");
    }, 10);
    this.#timers.add(timer);
    ws.once("close", () => clearInterval(timer));
  }
}

suite("the player page", needs("chromium"), () => {
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
    await browser.page.goto(`${url}/watch${to}`);
  };
  const state = (want: string) =>
    browser.page
      .waitForSelector(`streambank-player[state="${want}"]`, { timeout: 60_000 })
      .catch(async () => {
        const player = browser.page.locator("streambank-player");
        const seen = `${await player.getAttribute("state")} ${await browser.page.locator('[part="detail"]').textContent()}`;
        assert.fail(`state is ${seen}, not ${want}; log: ${browser.log.join("\n")}`);
      });
  const text = (name: string) => browser.page.locator(`[part="${name}"]`).textContent();

  test("shows the newest picture with its latency, and the buffer is held near the live edge", async () => {
    await open();
    await state("LIVE");
    await browser.page.evaluate(
      `window.seeks = 0; ${VIDEO}.addEventListener("seeking", () => window.seeks++)`,
    );
    await browser.page.waitForFunction(`${VIDEO}.currentTime > 4 && ${AHEAD} < 0.4`);
    const [ranges, seeks] = await browser.page.evaluate<[number, number]>(
      `[${VIDEO}.buffered.length, window.seeks]`,
    );
    assert.equal(ranges, 1, "played in one piece");
    // By its rate alone; a machine that stands still for a second while others work may need one jump.
    assert.ok(seeks <= 1, `${seeks} jumps`);
    assert.match((await text("detail")) ?? "", /^0\.\d s$/);
    assert.match((await text("date")) ?? "", /\d{4} UTC/);
  });

  test("plays from where the timeline is clicked, and returns to live", async () => {
    await open();
    await state("LIVE");
    await browser.page.locator("streambank-timeline").click({ position: { x: 300, y: 50 } });
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
    await browser.page.locator("streambank-timeline").click({ position: { x: 300, y: 50 } });
    await state("PLAYBACK");
    const from = (url = "") => Number(/from=(\d+)/.exec(url)?.[1]);
    const first = from(server.opened.at(-1));
    const count = server.opened.length;
    // All 24 s are there: the socket is closed, until less than 8 s are left.
    await server.idle();
    assert.equal(server.opened.length, count);
    for (let i = 0; i < 3; i++) await browser.page.keyboard.press("ArrowRight");
    await browser.page.waitForFunction(`${AHEAD} > 15`);
    assert.equal(server.opened.length, count + 1);
    const reached = from(server.opened.at(-1)) - Math.floor(first / 2000) * 2000;
    assert.ok(reached > 20_000 && reached <= SAMPLE_MS, `went on ${reached} ms after the start`);
    const ranges = await browser.page.evaluate(`${VIDEO}.buffered.length`);
    assert.equal(ranges, 1, "no hole where the second reading begins");
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
    server.claimedMime = 'video/mp4; codecs="hvc1.1.6.L93.B0"';
    await open();
    await state("ERROR");
    assert.match((await text("detail")) ?? "", /HEVC \(H\.265\).*sub.*download/);
    server.claimedMime = undefined;
  });

  test("the timeline is a slider that says its time in words", async () => {
    await open();
    await state("LIVE");
    const slider = browser.page.locator('[role="slider"]');
    assert.match(
      (await slider.getAttribute("aria-valuetext")) ?? "",
      /\d\d:\d\d:\d\d UTC.*recorded/,
    );
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
