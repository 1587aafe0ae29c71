/** HLS of what is being recorded: parts, held requests, and hls.js in Chromium while media goes on coming. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { openBrowser } from "../support/browser.ts";
import { clustersOf } from "../support/clusters.ts";
import { makeMedia } from "../support/media.ts";
import { type PutMediaCall, putMedia } from "../support/put-media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const HLS_JS = join(import.meta.dirname, "../../node_modules/hls.js/dist/hls.min.js");

/** Plays what is live, in the page; `window.at()` says how far media is there, in seconds from its first. */
const WATCH = `async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const hls = new Hls({ lowLatencyMode: true });
  window.errors = [];
  hls.on(Hls.Events.ERROR, (_, { fatal, details, error }) => fatal && errors.push(details + " " + error?.message));
  let parts = 0;
  hls.on(Hls.Events.FRAG_LOADED, (_, { part }) => { if (part) parts++; });
  const meta = new Promise((resolve) => video.addEventListener("loadedmetadata", resolve, { once: true }));
  hls.loadSource(url);
  hls.attachMedia(video);
  await meta;
  void video.play().catch(() => {});
  window.state = () => ({
    end: hls.levels[0]?.details?.edge ?? 0,
    buffered: video.buffered.length === 0 ? 0 : video.buffered.end(video.buffered.length - 1),
    played: video.currentTime,
    parts,
    lowLatency: hls.levels[0]?.details?.canBlockReload ?? false,
  });
  window.jump = () => { video.currentTime = hls.liveSyncPosition; };
  return state();
}`;

interface State {
  readonly end: number;
  readonly buffered: number;
  readonly played: number;
  readonly parts: number;
  readonly lowLatency: boolean;
}

suite("HLS of what is live", needs("ffmpeg"), () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let clusters: Buffer[];

  before(async () => {
    server = await startTestServer();
    clusters = clustersOf(readFileSync(await makeMedia("short-groups")));
  });
  after(() => server.close());

  /** A camera that has sent so many Clusters; the last one is not known to be whole yet. */
  const camera = async (stream: string, count: number): Promise<PutMediaCall> => {
    await server.parts.archive.create({ name: stream, retentionHours: 1 });
    const call = putMedia({ url: server.url, stream, startMs: START_MS });
    await call.write(Buffer.concat(clusters.slice(0, 1 + count)));
    await call.until((acks) => acks.some(({ EventType }) => EventType === "PERSISTED"));
    return call;
  };
  const get = (stream: string, file: string) =>
    fetch(`${server.url}/v1/streams/${stream}/hls/${file}`);
  const playlist = async (stream: string, query = "") => {
    const answer = await get(stream, `v.m3u8${query}`);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text;
  };
  /** Sequence of the last segment that a playlist has or begins. */
  const newestOf = (list: string) =>
    Math.max(...[...list.matchAll(/v-(\d+)[-.]\d+\.m4s/g)].map(([, sequence]) => Number(sequence)));

  test("a playlist tells parts, and what to ask for next", async () => {
    const call = await camera("parts", 20);
    const list = await playlist("parts");
    assert.match(list, /#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6\.0,/);
    const target = Number(/PART-TARGET=([\d.]+)/.exec(list)?.[1]);
    const longest = [...list.matchAll(/EXT-X-PART:DURATION=([\d.]+)/g)].map(([, s]) => Number(s));
    assert.ok(longest.length > 1, list);
    assert.ok(Math.max(...longest) <= target && target <= 0.5, `${longest} of ${target}`);
    assert.match(list, /#EXT-X-PART:[^\n]*INDEPENDENT=YES/);
    const hold = Number(/PART-HOLD-BACK=([\d.]+)/.exec(list)?.[1]);
    assert.ok(hold >= 2 * target);
    const hint = /PRELOAD-HINT:TYPE=PART,URI="v-(\d+)\.(\d+)\.m4s/.exec(list);
    assert.ok(hint, list);
    assert.doesNotMatch(list, /ENDLIST/);
    call.end();
    await call.acks;
  });

  test("the parts of a segment, joined, are the segment", async () => {
    const call = await camera("same", 20);
    const next = newestOf(await playlist("same"));
    await call.write(Buffer.concat(clusters.slice(21, 30)));
    const list = await playlist("same", `?_HLS_msn=${next}`);
    const segments = list.split("\n").filter((line) => line.startsWith("v-"));
    const segment = segments.at(-1) ?? "";
    const [sequence] = /^v-\d+/.exec(segment) ?? [];
    const own = new RegExp(`URI="(${sequence}\\.\\d+\\.m4s)"`, "g");
    const parts = [...list.matchAll(own)].map(([, uri]) => uri ?? "");
    assert.ok(parts.length > 0, list);
    const whole = Buffer.from(await (await get("same", segment)).arrayBuffer());
    const bytes: Buffer[] = [];
    for (const uri of parts) bytes.push(Buffer.from(await (await get("same", uri)).arrayBuffer()));
    assert.ok(Buffer.concat(bytes).equals(whole));
    call.end();
    await call.acks;
  });

  test("a request for what is not there yet is held until it comes", async () => {
    const call = await camera("held", 6);
    const newest = newestOf(await playlist("held"));
    let answered = false;
    const held = playlist("held", `?_HLS_msn=${newest + 1}`).then((list) => {
      answered = true;
      return list;
    });
    const missing = get("held", `v-${newest + 1}.0.m4s`);
    // A whole round trip later it still waits.
    await playlist("held");
    assert.equal(answered, false);
    await call.write(Buffer.concat(clusters.slice(7, 20)));
    assert.match(await held, new RegExp(`\nv-${newest + 1}-\\d+\\.m4s`));
    assert.match(await held, /#EXT-X-INDEPENDENT-SEGMENTS\n/);
    assert.equal((await missing).status, 200);
    call.end();
    await call.acks;
  });

  test("too far ahead is refused at once, and a part needs its segment", async () => {
    const call = await camera("ahead", 3);
    assert.equal((await get("ahead", "v.m3u8?_HLS_msn=100000")).status, 400);
    assert.equal((await get("ahead", "v.m3u8?_HLS_part=0")).status, 400);
    call.end();
    await call.acks;
  });

  test("a delta update leaves out what a player has", async () => {
    const call = await camera("delta", 52);
    const full = await playlist("delta", "");
    const delta = await playlist("delta", "?_HLS_skip=YES");
    const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(delta)?.[1]);
    const count = (list: string) => list.match(/#EXTINF/g)?.length ?? 0;
    assert.ok(skipped > 0);
    assert.equal(count(delta) + skipped, count(full));
    call.end();
    await call.acks;
  });

  test("hls.js follows it with parts, without an error", needs("chromium"), async () => {
    const call = await camera("watched", 12);
    await using browser = await openBrowser();
    const { page } = browser;
    await page.goto(`${server.url}/healthz`);
    await page.evaluate(readFileSync(HLS_JS, "utf8"));
    const url = `${server.url}/v1/streams/watched/hls/index.m3u8`;
    const first = (await page.evaluate(`(${WATCH})(${JSON.stringify(url)})`)) as State;
    const send = async (from: number, to: number) => {
      const { end } = (await page.evaluate("state()")) as State;
      await call.write(Buffer.concat(clusters.slice(from, to)));
      await page.waitForFunction(`state().end > ${end} || errors.length > 0`);
    };
    for (const start of [13, 23]) await send(start, start + 10);
    // Parts are loaded by a player that is near the newest of them.
    await page.evaluate("jump()");
    for (let at = 33; at < 53; at += 4) await send(at, at + 4);
    await page.waitForFunction("state().parts > 0 || errors.length > 0", undefined, {
      timeout: 60_000,
    });
    const last = (await page.evaluate("state()")) as State;
    assert.deepEqual(await page.evaluate("errors"), []);
    assert.ok(last.lowLatency && last.parts > 0, JSON.stringify(last));
    assert.ok(last.end > first.end + 5, `${first.end} to ${last.end}`);
    call.end();
    await call.acks;
  });
});
