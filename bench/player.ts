/**
 * What a viewer waits for, in Chromium on a real server over the loopback: camera to screen, first picture, seek, and back to
 * live after a network that stalls for 3 s. The camera stamps frames with this machine's clock when it sends them and the
 * browser reads the same clock, so no picture has to be decoded for it; encoding and the screen itself are not in it.
 * Absolute figures on a machine that others use: printed with the bars of the specification, not judged.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { runDemoCamera } from "../samples/demo-camera.ts";
import { realClock, sleep } from "../src/base/clock.ts";
import { openBrowser } from "../test/support/browser.ts";
import { putMedia } from "../test/support/put-media.ts";
import { startServerProcess } from "../test/support/server.ts";
import { tools } from "../test/support/tools.ts";
import { machine, percentile } from "./harness.ts";

const WATCH_MS = 15_000;
const SETTLE_MS = 6000;
const STARTS = 8;
const SEEKS = 24;
const OUTAGE_MS = 3000;
const SAMPLE = join(import.meta.dirname, "../samples/camera.mkv");
const RECORDINGS = 5;

/** Helpers inside the page: when pictures are shown, and of when they are. */
const PAGE = `
  window.player = document.querySelector("streambank-player");
  window.video = player.shadowRoot.querySelector("video");
  window.frames = [];
  video.requestVideoFrameCallback(function see(now, { mediaTime, presentationTime, expectedDisplayTime }) {
    const wallMs = player.positionMs + (mediaTime - video.currentTime) * 1000;
    frames.push({ wallMs, now, submit: performance.timeOrigin + presentationTime - wallMs,
      display: performance.timeOrigin + expectedDisplayTime - wallMs });
    video.requestVideoFrameCallback(see);
  });
  /** Ms from now until a picture for which \`wanted\` holds. */
  window.untilPicture = (wanted) => new Promise((done, failed) => {
    const began = performance.now();
    const count = frames.length;
    const timer = setInterval(() => {
      const found = frames.slice(count).find(wanted);
      if (found === undefined && performance.now() - began < 20000) return;
      clearInterval(timer);
      found === undefined ? failed(new Error("no picture for 20 s")) : done(found.now - began);
    }, 1);
  });
`;

/** A network in front of the server that can be stopped: connections stay open and silent. */
async function stallingProxy(serverPort: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async stall(ms: number) {
      for (const socket of sockets) socket.pause();
      await sleep(realClock, ms);
      for (const socket of sockets) socket.resume();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Ms of every frame's drawing while the timeline is zoomed and panned over 30 days in so many ranges. */
const DRAW = `async (count) => {
  const timeline = document.createElement("streambank-timeline");
  timeline.style.width = "1000px";
  document.body.prepend(timeline);
  const [day, now] = [86400000, Date.now()];
  const step = (30 * day) / count;
  const ranges = Array.from({ length: count }, (_, i) => {
    const from = Math.floor(now - 30 * day + i * step);
    return { from, to: Math.floor(from + step * (0.3 + 0.6 * ((i * 7919) % 97) / 97)) };
  });
  timeline.setRanges(ranges);
  timeline.update(now, now - day);
  timeline.show(30 * day);
  const real = requestAnimationFrame;
  const spent = [];
  window.requestAnimationFrame = (run) => real((time) => {
    const began = performance.now();
    run(time);
    spent.push(performance.now() - began);
  });
  for (let i = 0; i < 300; i++) {
    if (i % 3 === 0) timeline.panBy(i % 2 === 0 ? 0.05 : -0.04);
    else timeline.zoomBy(i % 40 < 20 ? 0.9 : 1.1);
    await new Promise((done) => real(() => done()));
  }
  window.requestAnimationFrame = real;
  timeline.remove();
  return spent.slice(20);
}`;

async function drawing(page: Page): Promise<void> {
  const draw = (count: number) => page.evaluate<number[]>(`(${DRAW})(${count})`);
  await draw(50);
  const [few, many] = [await draw(50), await draw(50_000)];
  say("timeline drawn, 50,000 ranges", many, "p95 8");
  const ratio = percentile(many, 0.95) / percentile(few, 0.95);
  console.log(`timeline drawn: p95 of 50,000 ranges is ${ratio.toFixed(2)} × that of 50 (bar 2)`);
}

function say(name: string, values: readonly number[], bar: string): void {
  const [p50, p95] = [percentile(values, 0.5), percentile(values, 0.95)];
  const text = `${name}: p50 ${p50.toFixed(p50 < 10 ? 1 : 0)} ms, p95 ${p95.toFixed(p95 < 10 ? 1 : 0)} ms of ${values.length} (bar ${bar})`;
  console.log(text);
}

/** The sample without sound: sound needs a larger margin at the live edge. */
function videoOnly(folder: string): string {
  const file = join(folder, "video.mkv");
  const args = ["-v", "error", "-i", SAMPLE, "-an", "-c", "copy", file];
  const { status, stderr } = spawnSync(tools.ffmpeg ?? "ffmpeg", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return file;
}

async function measure(folder: string): Promise<void> {
  await using server = await startServerProcess(join(folder, "data"), ["--create-missing"]);
  const { url } = server;
  const earliest = Date.now() - 400_000;
  for (let n = 0; n < RECORDINGS; n++) {
    const call = putMedia({ url, stream: "video", startMs: earliest + n * 24_000 });
    await call.write(readFileSync(SAMPLE));
    call.end();
    await call.acks;
  }
  const stop = new AbortController();
  const feed = { url, clock: realClock, signal: stop.signal, log: () => {} };
  const cameras = [
    runDemoCamera({ ...feed, stream: "video", file: videoOnly(folder) }),
    runDemoCamera({ ...feed, stream: "sound" }),
  ];
  const proxy = await stallingProxy(Number(new URL(url).port));
  {
    await using browser = await openBrowser();
    const { page } = browser;
    const open = async (stream: string) => {
      await page.goto("about:blank");
      await page.goto(`${proxy.url}/watch#${stream}`);
      await page.waitForSelector('streambank-player[state="LIVE"]');
      await page.evaluate(PAGE);
      await page.waitForTimeout(SETTLE_MS);
    };
    for (const stream of ["video", "sound"]) {
      await open(stream);
      await page.evaluate("frames.length = 0");
      await page.waitForTimeout(WATCH_MS);
      const frames = await page.evaluate<{ submit: number; display: number }[]>("frames");
      const name = stream === "video" ? "video only" : "with sound";
      say(
        `live latency, ${name}, submitted`,
        frames.map(({ submit }) => submit),
        "p50 80",
      );
      say(
        `live latency, ${name}, displayed`,
        frames.map(({ display }) => display),
        "p95 150",
      );
    }
    await drawing(page);
    await open("video");
    const firsts: number[] = [];
    for (let n = 0; n < STARTS; n++) {
      const start = `player.setAttribute("stream", "video"); untilPicture(() => true)`;
      firsts.push(await page.evaluate<number>(start));
      await page.waitForTimeout(700);
    }
    say("first picture", firsts, "300");
    const seeks: number[] = [];
    for (let n = 0; n < SEEKS; n++) {
      // Always in another recording, so that nothing of it is buffered.
      const at = earliest + ((n * 2) % RECORDINGS) * 24_000 + 1000 + n * 700;
      const near = `({ wallMs }) => Math.abs(wallMs - ${at}) < 2100`;
      seeks.push(await page.evaluate<number>(`player.seek(${at}); untilPicture(${near})`));
      await page.waitForTimeout(300);
    }
    say("seek in the archive, not buffered", seeks, "p95 150");
    await page.evaluate("player.live()");
    await page.waitForTimeout(SETTLE_MS);
    await proxy.stall(OUTAGE_MS);
    const back = await page.evaluate<number>("untilPicture(({ display }) => display < 500)");
    say("live again after a stall of 3 s", [back], "2000");
  }
  proxy.close();
  stop.abort();
  await Promise.all(cameras);
  await server.stop();
}

const folder = mkdtempSync(join(tmpdir(), "streambank-player-"));
try {
  await measure(folder);
  console.log(JSON.stringify(machine()));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
