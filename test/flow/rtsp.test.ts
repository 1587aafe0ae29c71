/**
 * A minute of a real RTSP camera, by the SDK and by the server's own pull at once: what is in the archive is what the camera
 * had, frame by frame, and its sound to the sample.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Camera, type CameraView } from "../../producer-sdk/src/node/camera.ts";
import type { SourceItem } from "../../producer-sdk/src/node/source.ts";
import { rtspSource } from "../../producer-sdk/src/node/sources.ts";
import { realClock } from "../../src/base/clock.ts";
import { type Millis, millis } from "../../src/base/units.ts";
import type { SourceView } from "../../src/server/pull/pulled-source.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { measureSync } from "../support/av-sync.ts";
import { type OracleFrame, oracleFrames } from "../support/ebml-oracle.ts";
import { needsRtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const SECONDS = 61;
/** As producer-sdk/src/drift-clock.ts has it. */
const SLEW_US = 20;

/**
 * Until the camera has no more: then it would be asked to begin again. Once its times are those of the day, the day goes by
 * them: nothing is drawn to a clock that a busy machine reads late.
 */
async function* once(address: string): AsyncGenerator<SourceItem> {
  const stop = new AbortController();
  let newestMs: Millis | undefined;
  const now = () => newestMs ?? realClock.now();
  const source = rtspSource(address, { clock: { ...realClock, now }, signal: stop.signal });
  for await (const item of source) {
    if (item.kind === "trouble") stop.abort();
    else yield item;
    if (item.kind === "frame")
      newestMs = millis(Math.max(newestMs ?? 0, Math.floor(item.frame.timeUs / 1000)));
  }
}

async function bySdk({ url }: RunningServer, address: string): Promise<void> {
  const end = await new Camera({
    ...{ stream: "sdk", url, create: true, source: once(address) },
    ...{ paced: true, clock: realClock, changed: () => {} },
  }).run();
  assert.deepEqual(end, { fault: undefined, missing: 0, lost: 0 });
}

/** Through the API, until it has given so many frames; what the camera plays to it after that is not looked at. */
async function byPull(
  { url }: RunningServer,
  address: string,
  frames: number,
  signal: AbortSignal,
) {
  const source = `${url}/v1/streams/pull/source`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ url: address });
  const made = await fetch(source, { method: "PUT", headers, body });
  assert.equal(made.status, 201);
  for (let got = 0; got < frames; ) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => realClock.after(100, resolve));
    got = ((await (await fetch(source)).json()) as SourceView).frames;
  }
  assert.equal((await fetch(source, { method: "DELETE" })).status, 204);
}

const ofTrack = (all: readonly OracleFrame[], track: number) =>
  all.filter((frame) => frame.track === track);

suite("RTSP", { ...needsRtspServer(), timeout: 300_000, concurrency: 2 }, () => {
  test(`${SECONDS} s of H.264 and AAC, by the SDK and pulled by the server`, async (t) => {
    using dir = tempDir("rtsp");
    const file = join(dir.path, "long.mkv");
    const cut = ["-v", "error", "-stream_loop", "2", "-i", SAMPLE, "-t", String(SECONDS)];
    await run("ffmpeg", [...cut, "-c", "copy", file]);
    const sent = oracleFrames(readFileSync(file));
    await using server = await startTestServer();
    await using camera = await startRtspServer({ file, audio: true });
    await Promise.all([
      bySdk(server, camera.url),
      byPull(server, camera.url, sent.length, t.signal),
    ]);
    const source = await measureSync(file, dir.path);
    assert.ok(source.seconds.length >= 10, `${source.seconds}`);
    for (const stream of ["sdk", "pull"]) {
      const clip = `${server.url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`;
      const answer = await fetch(clip);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const got = oracleFrames(bytes);
      for (const track of [1, 2]) {
        const want = ofTrack(sent, track);
        const all = ofTrack(got, track);
        if (stream === "sdk") assert.equal(all.length, want.length, `track ${track}`);
        const have = all.slice(0, want.length);
        const payloads = (frames: readonly OracleFrame[]) => frames.map(({ sha }) => sha);
        assert.deepEqual(payloads(have), payloads(want), `${stream}, track ${track}`);
        const late = have.map(({ timeMs }, i) => timeMs - (want[i]?.timeMs ?? Number.NaN));
        // Counted from the first frame of all.
        if (stream === "sdk") assert.deepEqual([...new Set(late)], [0], `track ${track}: ${late}`);
        // A machine that reads late for ten seconds on end draws the server's clock, 20 µs a frame and no more.
        for (const [i, ms] of late.entries()) {
          const before = late[i - 1] ?? 0;
          assert.ok(
            Math.abs(ms - before) <= 1,
            `${stream}, track ${track}, ${i}: ${before}, ${ms}`,
          );
          assert.ok(
            Math.abs(ms) <= 1 + ((SLEW_US * sent.length) / want.length / 1000) * i,
            `${ms}`,
          );
        }
      }
      const path = join(dir.path, `${stream}.mkv`);
      writeFileSync(path, bytes);
      const archived = await measureSync(path, dir.path);
      const samples = source.pcm.length / 2;
      assert.ok(archived.pcm.subarray(0, source.pcm.length).equals(source.pcm), `${stream}: sound`);
      const apart = source.seconds.map(({ offsetMs }, i) =>
        Math.abs(offsetMs - (archived.seconds[i]?.offsetMs ?? Number.NaN)),
      );
      // Both are of whole milliseconds.
      for (const ms of apart) assert.ok(ms <= 1.001, `${stream}: sound and picture ${apart}`);
      t.diagnostic(`${stream}: ${got.length} frames, ${samples} samples of sound the same`);
    }
    const [worst = 0] = source.seconds
      .map(({ offsetMs }) => Math.abs(offsetMs))
      .sort((a, b) => b - a);
    t.diagnostic(
      `beep and red square of ${source.seconds.length} seconds at most ${worst.toFixed(2)} ms apart`,
    );
  });

  test("sound that Matroska cannot carry is left out, with the reason", async (t) => {
    await using server = await startTestServer();
    await using camera = await startRtspServer({ audio: "g726" });
    const stop = new AbortController();
    const source = rtspSource(camera.url, { clock: realClock, signal: stop.signal });
    let view: CameraView | undefined;
    const changed = (seen: CameraView) => {
      view = seen;
    };
    const given = { stream: "cam", url: server.url, create: true, source, clock: realClock };
    const sdk = new Camera({ ...given, paced: true, changed });
    const ended = sdk.run();
    while (sdk.view.persistedMs === undefined) {
      t.signal.throwIfAborted();
      await new Promise<void>((resolve) => realClock.after(50, resolve));
    }
    stop.abort();
    assert.deepEqual(await ended, { fault: undefined, missing: 0, lost: 0 });
    assert.equal(view?.note, "the sound is left out: Matroska cannot carry adpcm_g726le");
    const answer = await fetch(`${server.url}/v1/streams/cam/clip.mkv?from=0&to=9000000000000`);
    const got = oracleFrames(new Uint8Array(await answer.arrayBuffer())).map(({ sha }) => sha);
    const sample = ofTrack(oracleFrames(readFileSync(SAMPLE)), 1).map(({ sha }) => sha);
    assert.deepEqual(got, sample.slice(0, got.length));
    assert.ok(got.length > 0);
  });
});
