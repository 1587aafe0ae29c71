/** HLS and DASH of what is archived: read by ffmpeg and by hls.js in Chromium, compared with what was sent. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { openBrowser } from "../support/browser.ts";
import { makeMedia } from "../support/media.ts";
import { type Mp4Kind, mp4Source, payloadHashes } from "../support/mp4-media.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const RANGE = `from=${START_MS}&to=${START_MS + 60_000}`;
const HLS_JS = join(import.meta.dirname, "../../node_modules/hls.js/dist/hls.min.js");
const dir = tempDir("hls-archive");
/** Of a line of ffmpeg's `streamhash`. */
const hashOf = (line: string | undefined) => line?.slice(line.indexOf("SHA256="));

interface Stretch {
  readonly init: string;
  readonly segments: readonly string[];
}

/** Runs in the page: plays all of a URL at 4 × speed. */
const PLAY = `async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const hls = new Hls();
  const errors = [];
  // A machine that is busy shows a picture late: that is no fault of the media.
  const late = ({ fatal, details }) => !fatal && details === Hls.ErrorDetails.BUFFER_STALLED_ERROR;
  hls.on(Hls.Events.ERROR, (_, error) => {
    if (!late(error)) errors.push(error.details + " " + error.error?.message);
  });
  const once = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
  const meta = once("loadedmetadata");
  hls.loadSource(url);
  hls.attachMedia(video);
  await meta;
  video.playbackRate = 4;
  const ended = Promise.race([once("ended"), once("error")]);
  await video.play();
  await ended;
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  return { frames, end: video.currentTime, errors, failed: video.error?.message ?? "" };
}`;

suite("HLS and DASH of the archive", needs("ffmpeg"), () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  const put = async (stream: string, file: string, startMs = START_MS) => {
    const call = putMedia({ url: server.url, stream, startMs });
    await call.write(readFileSync(file));
    call.end();
    assert.equal((await call.acks).at(-1)?.EventType, "PERSISTED");
  };
  const master = (stream: string) => `${server.url}/v1/streams/${stream}/hls/index.m3u8?${RANGE}`;
  const manifest = (stream: string) =>
    `${server.url}/v1/streams/${stream}/dash/manifest.mpd?${RANGE}`;
  const textOf = async (url: string) => {
    const answer = await fetch(url);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text;
  };
  const hls = (stream: string, file: string) =>
    textOf(`${server.url}/v1/streams/${stream}/hls/${file}?${RANGE}`);
  /** What a player gets, by track and payload. */
  const played = async (url: string, map?: readonly string[]) =>
    (await payloadHashes(url, map)).map(hashOf);
  /** Every stretch of a media playlist put together by hand, by payload. */
  const stretchHashes = async (stream: string, stretches: readonly Stretch[]) => {
    const hashes: (string | undefined)[] = [];
    for (const { init, segments } of stretches) {
      const bytes = [init, ...segments].map(async (uri) => {
        const answer = await fetch(`${server.url}/v1/streams/${stream}/hls/${uri}`);
        assert.equal(answer.status, 200);
        return Buffer.from(await answer.arrayBuffer());
      });
      const path = join(dir.path, "stretch.mp4");
      writeFileSync(path, Buffer.concat(await Promise.all(bytes)));
      hashes.push(hashOf((await payloadHashes(path))[0]));
    }
    return hashes;
  };

  before(async () => {
    server = await startTestServer({ createMissing: true });
  });
  after(async () => {
    await server.close();
    dir[Symbol.dispose]();
  });

  for (const kind of ["h264-b3-aac", "hevc-aac", "vp9-opus", "av1", "aac"] satisfies Mp4Kind[])
    test(`every payload of ${kind} arrives in order`, async () => {
      const file = await mp4Source(kind);
      await put(kind, file);
      const sent = (await payloadHashes(file)).map(hashOf);
      assert.equal(sent.length, kind === "aac" || kind === "av1" ? 1 : 2);
      assert.deepEqual(await played(master(kind)), sent, "HLS");
      // ffmpeg loses packets of DASH when it reads two representations at once.
      for (const [i, track] of (kind === "aac"
        ? ["0:a"]
        : ["0:v", "0:a"].slice(0, sent.length)
      ).entries())
        assert.deepEqual(await played(manifest(kind), ["-map", track]), [sent[i]], `DASH ${track}`);
    });

  test("two recordings of one stream: a break, and the date of each", async () => {
    const file = await makeMedia("h264-aac");
    await put("gap", file);
    await put("gap", file, START_MS + 20_000);
    const list = await hls("gap", "v.m3u8");
    assert.equal(list.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 1);
    assert.equal(list.match(/#EXT-X-MAP/g)?.length, 1);
    const dates = [...list.matchAll(/DATE-TIME:(\S+)/g)].map(([, date]) => date);
    const want = [START_MS, START_MS + 20_000].map((ms) => new Date(ms).toISOString());
    assert.deepEqual(dates, want);
    const mpd = await textOf(manifest("gap"));
    assert.equal(mpd.match(/<Period/g)?.length, 2);
  });

  test("a codec that changes has its own init segment, and both parts are whole", async () => {
    const files = [await makeMedia("h264-aac"), await makeMedia("hevc")] as const;
    await put("change", files[0]);
    await put("change", files[1], START_MS + 10_000);
    const list = await hls("change", "v.m3u8");
    const stretches = list
      .split("#EXT-X-MAP")
      .slice(1)
      .map((part) => ({
        init: /URI="([^"]+)"/.exec(part)?.[1] ?? "",
        segments: part.split("\n").filter((line) => line.startsWith("v-")),
      }));
    assert.equal(stretches.length, 2);
    const sent = [await payloadHashes(files[0]), await payloadHashes(files[1])];
    assert.deepEqual(
      await stretchHashes("change", stretches),
      sent.map(([picture]) => hashOf(picture)),
    );
    const silent = await hls("change", "a.m3u8");
    assert.equal(silent.match(/#EXT-X-GAP/g)?.length, stretches[1]?.segments.length);
    assert.match(await textOf(master("change")), /CODECS="avc1\.[0-9A-F]{6},mp4a\.40\.2,hvc1\./i);
  });

  test("what cannot be carried is refused by name", async () => {
    await put("pcm", await makeMedia("pcm"));
    for (const url of [master("pcm"), manifest("pcm")]) {
      const answer = await fetch(url);
      assert.equal(answer.status, 422);
      assert.match(await answer.text(), /codec\.unsupported/);
    }
  });

  test("a token goes along, and segments never change", async () => {
    await put("token", await makeMedia("video-only"));
    const text = await textOf(`${master("token")}&token=abc`);
    assert.match(text, /v\.m3u8\?.*token=abc/);
    const list = await hls("token", `v.m3u8`);
    const segment = list.split("\n").find((line) => line.startsWith("v-")) ?? "";
    const url = `${server.url}/v1/streams/token/hls/${segment}`;
    const first = await fetch(url);
    assert.match(first.headers.get("cache-control") ?? "", /immutable/);
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(url, { headers: { "if-none-match": etag } });
    assert.equal(again.status, 304);
    const withToken = await textOf(`${server.url}/v1/streams/token/hls/v.m3u8?${RANGE}&token=abc`);
    for (const line of withToken.split("\n").filter((one) => /\.m(4s|p4)/.test(one)))
      assert.match(line, /\?token=abc/);
  });

  test("hls.js plays it to its end", needs("chromium"), async () => {
    await put("chromium", await makeMedia("h264-aac"));
    await using browser = await openBrowser();
    const { page } = browser;
    await page.goto(`${server.url}/healthz`);
    await page.evaluate(readFileSync(HLS_JS, "utf8"));
    const result = (await page.evaluate(`(${PLAY})(${JSON.stringify(master("chromium"))})`)) as {
      frames: number;
      end: number;
      errors: string[];
      failed: string;
    };
    assert.deepEqual([result.errors, result.failed], [[], ""]);
    assert.equal(result.frames, 150);
    assert.ok(result.end >= 6, `ended at ${result.end}`);
  });
});
