/** A minute of a real RTSP camera: what is in the archive is what the camera had, frame by frame. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Camera } from "../../producer-sdk/src/node/camera.ts";
import type { SourceItem } from "../../producer-sdk/src/node/source.ts";
import { rtspSource } from "../../producer-sdk/src/node/sources.ts";
import { realClock } from "../../src/base/clock.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { needsRtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { run } from "../support/run.ts";
import { startTestServer, tempDir } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

/** Until the camera has no more: then it would be asked to begin again. */
async function* once(
  source: AsyncIterable<SourceItem>,
  stop: AbortController,
): AsyncGenerator<SourceItem> {
  for await (const item of source) {
    if (item.kind === "trouble") stop.abort();
    else yield item;
  }
}

suite("RTSP", { ...needsRtspServer(), timeout: 120_000 }, () => {
  test("65 s of H.264 and AAC", async () => {
    using dir = tempDir("rtsp");
    const file = join(dir.path, "long.mkv");
    const cut = ["-v", "error", "-stream_loop", "2", "-i", SAMPLE, "-t", "65", "-c", "copy", file];
    await run("ffmpeg", cut);
    await using server = await startTestServer();
    await using camera = await startRtspServer({ file, audio: true });
    const stop = new AbortController();
    const source = rtspSource(camera.url, { clock: realClock, signal: stop.signal });
    const ended = await new Camera({
      ...{ stream: "cam", url: server.url, create: true, source: once(source, stop) },
      ...{ paced: true, clock: realClock, changed: () => {} },
    }).run();
    assert.ok(ended);
    const answer = await fetch(`${server.url}/v1/streams/cam/clip.mkv?from=0&to=9000000000000`);
    const got = oracleFrames(new Uint8Array(await answer.arrayBuffer()));
    const sent = oracleFrames(readFileSync(file));
    // Payload and time of each, counted from the first frame of all: so pictures and sound are in step, too.
    for (const track of [1, 2]) {
      const of = (all: typeof got) => all.filter((frame) => frame.track === track);
      assert.deepEqual(of(got), of(sent));
    }
    assert.ok(got.length > 4600, `${got.length} frames`);
  });
});
