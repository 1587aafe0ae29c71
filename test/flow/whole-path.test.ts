/** What goes in with `put` comes back with `clip`, frame by frame, through the real server and CLI. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { type MediaKind, makeMedia } from "../support/media.ts";
import { run } from "../support/run.ts";
import { cli, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;
const kinds: readonly MediaKind[] = [
  "h264-aac",
  "vp9-opus",
  "hevc",
  "audio-only",
  "video-only",
  "pcm",
];

/** `track index, codec type, hash of all payloads` of each track, by ffmpeg. */
async function streamHashes(path: string): Promise<string[]> {
  const args = ["-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "streamhash", "-"];
  const { stdout } = await run("ffmpeg", args);
  return stdout.trim().split("\n").sort();
}

async function warnings(path: string): Promise<string> {
  const { stderr } = await run("ffmpeg", ["-v", "warning", "-i", path, "-f", "null", "-"]);
  return stderr;
}

suite("put, then clip", needs("ffmpeg"), () => {
  for (const kind of kinds) {
    test(`gives back every frame of ${kind}: payload, order and time`, async () => {
      await using server = await startTestServer();
      using dir = tempDir("clip");
      const source = await makeMedia(kind);
      const put = await cli([
        "put",
        source,
        "--stream",
        "cam",
        "--create",
        "--start",
        String(START),
        "--server",
        server.url,
      ]);
      assert.equal(put.code, 0, put.err);
      const range = ["--from", String(START - 1000), "--to", String(START + 600_000)];
      const to = (name: string) => join(dir.path, name);
      const get = (name: string) =>
        cli(["clip", "--stream", "cam", ...range, "-o", to(name), "--server", server.url]);
      const mkv = await get("c.mkv");
      assert.equal(mkv.code, 0, mkv.err);
      assert.deepEqual(oracleFrames(readFileSync(to("c.mkv"))), oracleFrames(readFileSync(source)));
      const inSource = await streamHashes(source);
      assert.deepEqual(await streamHashes(to("c.mkv")), inSource);
      // What ffmpeg says of the source itself (it guesses a layout for PCM) is not the clip's fault.
      assert.equal(await warnings(to("c.mkv")), await warnings(source));
      const mp4 = await get("c.mp4");
      if (kind === "pcm") {
        assert.equal(mp4.code, 1);
        assert.match(mp4.err, /codec\.unsupported/);
        return;
      }
      assert.equal(mp4.code, 0, mp4.err);
      assert.deepEqual(await streamHashes(to("c.mp4")), inSource);
      assert.equal(await warnings(to("c.mp4")), "");
    });
  }
});
