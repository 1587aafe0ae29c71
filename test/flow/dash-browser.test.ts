/** DASH as browsers play it: shaka-player in Chromium, from the addresses of GetDASHStreamingSessionURL, on demand and live. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLCommandInput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { openBrowser, type TestBrowser } from "../support/browser.ts";
import { clustersOf } from "../support/clusters.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { putFile, signedPut } from "../support/signed-put.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const SHAKA = join(
  import.meta.dirname,
  "../../node_modules/shaka-player/dist/shaka-player.compiled.js",
);

/** Runs in the page: loads a manifest and begins to play; `state()` says where it is, `errors` what went wrong. */
const LOAD = `async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const player = new shaka.Player();
  window.errors = [];
  window.ended = false;
  const failed = (error) => errors.push(error.category + "." + error.code + " " + JSON.stringify(error.data));
  player.addEventListener("error", (event) => failed(event.detail));
  video.addEventListener("error", () => errors.push(video.error.message));
  video.addEventListener("ended", () => { window.ended = true; });
  await player.attach(video);
  await player.load(url).catch(failed);
  window.state = () => ({
    at: video.currentTime,
    edge: player.seekRange().end,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    live: player.isLive(),
    tracks: player.getVariantTracks().map(({ videoCodec, audioCodec }) => videoCodec + " " + audioCodec),
  });
  window.faster = () => { video.playbackRate = 4; };
  window.gone = () => player.destroy();
  if (errors.length === 0) await video.play();
  return state();
}`;

interface State {
  readonly at: number;
  readonly edge: number;
  readonly frames: number;
  readonly live: boolean;
  readonly tracks: readonly string[];
}

suite("DASH in a browser", { timeout: 120_000, ...needs("ffmpeg", "chromium") }, () => {
  let scene: GuardedServer;
  let browser: TestBrowser;

  /** Playing. */
  const load = async (input: GetDASHStreamingSessionURLCommandInput): Promise<State> => {
    const command = new GetDASHStreamingSessionURLCommand(input);
    const { DASHStreamingSessionURL: url } = await scene.clients.archived.send(command);
    const state = (await browser.page.evaluate(`(${LOAD})(${JSON.stringify(url)})`)) as State;
    assert.deepEqual(await browser.page.evaluate("errors"), [], browser.log.join("\n"));
    return state;
  };
  /** Until it is so, or something went wrong, which fails. */
  const until = async (condition: string): Promise<State> => {
    await browser.page.waitForFunction(`${condition} || errors.length > 0`, undefined, {
      timeout: 60_000,
    });
    assert.deepEqual(await browser.page.evaluate("errors"), []);
    return (await browser.page.evaluate("state()")) as State;
  };

  before(async () => {
    scene = await guardedServer();
    browser = await openBrowser();
    await browser.page.goto(`${scene.url}/healthz`);
    await browser.page.evaluate(readFileSync(SHAKA, "utf8"));
  });
  after(async () => {
    await browser.close();
    await scene[Symbol.asyncDispose]();
  });

  test("what was archived plays to its end, every picture of it", async () => {
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    const call = { url: scene.url, stream: "cam", startMs: START_MS, credentials: scene.root };
    await putFile(call, await makeMedia("h264-aac"));
    const range = { StartTimestamp: new Date(START_MS), EndTimestamp: new Date(START_MS + 60_000) };
    const DASHFragmentSelector = {
      FragmentSelectorType: "PRODUCER_TIMESTAMP",
      TimestampRange: range,
    } as const;
    const first = await load({
      StreamName: "cam",
      PlaybackMode: "ON_DEMAND",
      DASHFragmentSelector,
    });
    assert.equal(first.live, false);
    assert.match(first.tracks.join(), /^avc1\.\w+ mp4a\.40\.2$/);
    await browser.page.evaluate("faster()");
    const { frames } = await until("ended");
    assert.equal(frames, 150);
    await browser.page.evaluate("gone()");
  });

  test("what is live goes on as it comes", async () => {
    await scene.server.parts.archive.create({ name: "live", retentionHours: 24 });
    const clusters = clustersOf(readFileSync(await makeMedia("short-groups")));
    const credentials = scene.root;
    // Eight seconds that were, and four more later.
    const call = await signedPut({
      ...{ url: scene.url, stream: "live", startMs: Date.now() - 8000, credentials },
    });
    const most = Math.floor((clusters.length * 2) / 3);
    await call.write(Buffer.concat(clusters.slice(0, most)));
    await call.until((acks) => acks.filter((one) => one.EventType === "PERSISTED").length >= 15);
    const first = await load({ StreamName: "live", PlaybackMode: "LIVE" });
    assert.equal(first.live, true);
    const later = await until(`state().at > ${first.at + 1}`);
    await call.write(Buffer.concat(clusters.slice(most)));
    const last = await until(`state().edge > ${later.edge + 2}`);
    assert.ok(last.frames > 25, `${last.frames} pictures were shown`);
    call.end();
    await call.acks;
    await browser.page.evaluate("gone()");
  });
});
