/**
 * Makes docs/images/console-*.png: the console in Chromium, on a real server with three cameras, one of them gone, and some
 * hours of figures.
 *
 *     npx node scripts/console-screenshots.ts [FOLDER] [PAGE…]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runDemoCamera } from "../samples/demo-camera.ts";
import { realClock } from "../src/base/clock.ts";
import { openBrowser } from "../test/support/browser.ts";
import { putMedia } from "../test/support/put-media.ts";
import { startTestServer } from "../test/support/server.ts";

const [, , folder = join(import.meta.dirname, "../docs/images"), ...only] = process.argv;
const SAMPLE = join(import.meta.dirname, "../samples/camera.mkv");
const CAMERAS = ["front-door", "garden"];

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "dark" | "light";
  /** What to wait for. */
  readonly ready: string;
  readonly act?: string;
}

const SHOTS: readonly Shot[] = [
  { name: "cameras", hash: "#/cameras", ready: ".card img:not([hidden])" },
  { name: "cameras-light", hash: "#/cameras", ready: ".card img:not([hidden])", scheme: "light" },
  { name: "cameras-phone", hash: "#/cameras", ready: ".card", width: 390, height: 844 },
  { name: "add", hash: "#/add", ready: "form" },
  { name: "stream", hash: "#/stream/front-door", ready: "#retention", height: 1500 },
  { name: "access", hash: "#/access", ready: "table", height: 1000 },
  { name: "audit", hash: "#/audit", ready: "table" },
  { name: "system", hash: "#/system", ready: ".chart svg", height: 1200 },
  { name: "system-light", hash: "#/system", ready: ".chart svg", height: 1200, scheme: "light" },
  {
    name: "stream-phone",
    hash: "#/stream/front-door",
    ready: "#retention",
    width: 390,
    height: 2400,
  },
];

const server = await startTestServer({
  createMissing: true,
  auth: "on",
  defaultRetentionHours: 168,
});
const { rootKey, directory } = server.parts;
if (rootKey === undefined || directory === undefined) throw new Error("bug: no root key");
const token = async () => rootKey.token;
const stop = new AbortController();
const caller = { who: "user:ann", address: "127.0.0.1" };
await directory.users.create(
  { name: "ann", role: "admin", streams: "*", password: "a-long-password" },
  caller,
);
await directory.users.create(
  { name: "guard", role: "viewer", streams: "front*", password: "a-long-password" },
  caller,
);
await call("POST", "/v1/keys", {
  name: "OBS in the studio",
  actions: ["produce"],
  streams: "studio",
});
for (const [stream, beforeS] of [
  ["parking", 7260],
  ["front-door", 560],
  ["front-door", 470],
] as const) {
  const startMs = Date.now() - beforeS * 1000;
  const headers = {
    authorization: `Bearer ${rootKey.token}`,
    "x-amzn-stream-name": stream,
    "x-amzn-fragment-timecode-type": "RELATIVE",
    "x-amzn-producer-start-timestamp": (startMs / 1000).toFixed(3),
    "transfer-encoding": "chunked",
  };
  const push = putMedia({ url: server.url, stream, startMs, headers });
  await push.write(readFileSync(SAMPLE));
  push.end();
  await push.acks;
}
await call("POST", "/v1/streams/front-door/holds", {
  ...{
    from: Date.now() - 560_000,
    to: Date.now() - 540_000,
    why: "Parcel stolen, police file 7731",
  },
  ...{ who: "ann", until: Date.now() + 30 * 86_400_000 },
});
const demo = CAMERAS.map((stream) =>
  runDemoCamera({
    ...{ url: server.url, stream, clock: realClock, signal: stop.signal, log: () => {}, token },
  }),
);
{
  await using browser = await openBrowser({ width: 1280, height: 820 });
  const { page } = browser;
  await page.goto(`${server.url}/player/sign-in.html`);
  await page.fill("#name", "ann");
  await page.fill("#password", "a-long-password");
  await page.click("#person button");
  await page.waitForURL(`${server.url}/`);
  await page.waitForTimeout(only.length > 0 ? 12_000 : 75_000);
  for (const { name, hash, width = 1280, height = 820, scheme = "dark", ready, act } of SHOTS) {
    if (only.length > 0 && !only.includes(name)) continue;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto("about:blank");
    await page.goto(`${server.url}/${hash}`);
    await page
      .waitForSelector(ready, { timeout: 15_000 })
      .catch((error) => process.stderr.write(`${name}: ${error.message}\n`));
    if (act !== undefined) await page.evaluate(act);
    await page.waitForTimeout(3500);
    await page.screenshot({ path: join(folder, `console-${name}.png`) });
  }
  process.stdout.write(`${browser.log.join("\n")}\n`);
}
stop.abort();
await Promise.all(demo);
await server.close();
process.exit(0);

async function call(method: string, path: string, body: object): Promise<void> {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${rootKey?.token}`,
  };
  const answer = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
}
