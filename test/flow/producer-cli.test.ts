/** The command streambank-producer as its own process, against a server that is one, too. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { ProducerProcess } from "../support/producer-process.ts";
import { needsRtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { run } from "../support/run.ts";
import { startServerProcess, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

/** Later than everything, and still a time to the server (years to 2255). */
const END_OF_TIME = 9_000_000_000_000;
/** A command that hangs must not hang the suite. */
const TIMEOUT_MS = 200_000;

async function scene() {
  const dir = tempDir("producer-cli");
  const server = await startServerProcess(join(dir.path, "data"), ["--rtmp-port", "0"]);
  return {
    server,
    path: (name: string) => join(dir.path, name),
    to: (stream: string) => ["--stream", stream, "--create", "--server", server.url],
    /** Payload hashes of all that is stored. */
    async stored(stream: string) {
      const base = `${server.url}/v1/streams/${stream}`;
      const answer = await fetch(`${base}/clip.mkv?from=0&to=${END_OF_TIME}`);
      // Not there yet: no stream, or nothing in it.
      if (answer.status === 404) return [];
      assert.equal(answer.status, 200, await answer.clone().text());
      return oracleFrames(new Uint8Array(await answer.arrayBuffer()));
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      dir[Symbol.dispose]();
    },
  };
}

/** Until the server has stored something new, as the server says it: it is asked again and again. */
async function storedMore(
  s: Awaited<ReturnType<typeof scene>>,
  stream: string,
  than: number,
  signal: AbortSignal,
) {
  for (;;) {
    signal.throwIfAborted();
    const frames = await s.stored(stream);
    if (frames.length > than) return frames.length;
  }
}

const content = (frames: readonly { track: number; sha: string }[]) =>
  frames.map(({ track, sha }) => `${track} ${sha}`);

suite("streambank-producer", { concurrency: 2, timeout: TIMEOUT_MS }, () => {
  test("a file: the archive has every frame of it, and the exit code is 0", async () => {
    await using s = await scene();
    using producer = new ProducerProcess(SAMPLE, "--fast", ...s.to("file"));
    assert.equal(await producer.exited, 0, producer.out + producer.err);
    assert.match(producer.out, /^file: ended, 1725 frames sent, persisted 20/m);
    const source = oracleFrames(readFileSync(SAMPLE));
    assert.deepEqual(content(await s.stored("file")), content(source));
  });

  test(
    "file --loop: round after round of the same frames; Ctrl-C flushes",
    needs("ffmpeg"),
    async (t) => {
      await using s = await scene();
      const short = s.path("short.mkv");
      const cut = ["-v", "error", "-i", SAMPLE, "-t", "2", "-c", "copy", "-an", short];
      await run("ffmpeg", cut);
      using producer = new ProducerProcess(short, "--loop", ...s.to("loop"));
      const source = content(oracleFrames(readFileSync(short)));
      await storedMore(s, "loop", source.length, t.signal);
      assert.equal(await producer.stop(), 0, producer.out + producer.err);
      const [, sent] = /ended, (\d+) frames sent/.exec(producer.out) ?? [];
      const got = content(await s.stored("loop"));
      assert.equal(got.length, Number(sent), "what was sent is there");
      assert.deepEqual(
        got,
        got.map((_, i) => source[i % source.length]),
      );
    },
  );

  test("of two cameras in a file the wrong one fails alone", async (t) => {
    await using s = await scene();
    const config = s.path("cameras.json");
    const cameras = [
      { stream: "wrong", source: s.path("missing.mkv"), create: true },
      { stream: "right", source: "test", create: true },
    ];
    writeFileSync(config, JSON.stringify({ server: s.server.url, cameras }));
    using producer = new ProducerProcess("--config", config);
    await producer.said(/^wrong: failed: cannot read .*\[request\.bad\]/m);
    await storedMore(s, "right", 0, t.signal);
    assert.equal(await producer.stop(), 1, "one of them failed");
    assert.match(producer.out, /^right: ended, \d+ frames sent, persisted 20/m);
    const [, sent] = /^right: ended, (\d+)/m.exec(producer.out) ?? [];
    assert.equal((await s.stored("right")).length, Number(sent));
  });

  test("what is not understood is one line and exit code 2, and no password in it", async () => {
    using dir = tempDir("producer-config");
    const path = join(dir.path, "bad.json");
    writeFileSync(path, `{"cameras": [{"stream": "a", "source": "rtsp://u:hunter2@c/"} oops`);
    for (const args of [["--config", path], ["test"], ["test", "--stream", "a", "--what"]]) {
      using producer = new ProducerProcess(...args);
      assert.equal(await producer.exited, 2);
      assert.match(producer.err, /^streambank-producer: .* \[config\.bad\]\n$/);
      assert.doesNotMatch(producer.err, /hunter2/);
    }
  });

  test("an RTSP camera that loses its power comes back", { ...needsRtspServer() }, async (t) => {
    await using s = await scene();
    await using camera = await startRtspServer();
    const url = camera.url.replace("//", "//admin:hunter2@");
    using producer = new ProducerProcess(url, ...s.to("rtsp"));
    const before = await storedMore(s, "rtsp", 0, t.signal);
    await camera.kill();
    await producer.said(/^rtsp: no source: rtsp:\/\/127\.0\.0\.1:\d+\/cam\d+: /m);
    const from = producer.out.length;
    await using again = await startRtspServer({ port: camera.port });
    assert.equal(again.port, camera.port);
    await producer.said(/^rtsp: live/m, { from });
    await storedMore(s, "rtsp", before, t.signal);
    assert.equal(await producer.stop(), 0, producer.out + producer.err);
    assert.doesNotMatch(producer.out + producer.err, /hunter2/);
  });
});
