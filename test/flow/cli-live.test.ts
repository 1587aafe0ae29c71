/** Commands that go on until they are stopped or the server is, as child processes: tail, put, demo. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { FragmentItem } from "../../src/play/fragments.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { makeMedia } from "../support/media.ts";
import { NodeProgram } from "../support/node-program.ts";
import { run } from "../support/run.ts";
import { cli, startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";
import { CERTIFICATES } from "../support/trust.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));
/** Some fragments and the beginning of one more. */
const HALF = SAMPLE.subarray(0, SAMPLE.length / 2);
const START_MS = 1_790_000_000_000;

/** A command that goes on. */
class Running extends NodeProgram {
  constructor(...args: string[]) {
    super(MAIN, ...args);
  }
}

interface FrameLine {
  readonly track: number;
  readonly key: boolean;
  readonly timeMs: number;
  readonly receivedMs: number;
  readonly bytes: number;
}

function frameLines(out: string): FrameLine[] {
  assert.ok(out.endsWith("\n"), "whole lines");
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as FrameLine);
}

async function createCam(url: string): Promise<void> {
  const body = JSON.stringify({ name: "cam" });
  const headers = { "content-type": "application/json" };
  const made = await fetch(`${url}/v1/streams`, { method: "POST", headers, body });
  assert.equal(made.status, 201);
}

/** A server with the stream `cam`. */
async function scene() {
  const server = await startTestServer();
  const dir = tempDir("cli-live");
  const of = ["--stream", "cam", "--server", server.url];
  await createCam(server.url);
  return {
    ...{ server, of },
    path: (name: string) => join(dir.path, name),
    async [Symbol.asyncDispose]() {
      await server.close();
      dir[Symbol.dispose]();
    },
  };
}

const OFFLINE = /^offline\n/;
const OFFLINE_AGAIN = /live\n(?:.*\n)*offline\n$/;

suite("streambank tail", { concurrency: 3 }, () => {
  test(
    "shows what put --realtime sends while it sends it, as lines and as a file others read",
    needs("ffmpeg"),
    async () => {
      await using s = await scene();
      const short = s.path("short.mkv");
      const cut = ["-v", "error", "-i", await makeMedia("h264-aac"), "-t", "1.2", "-c", "copy"];
      await run("ffmpeg", [...cut, "-f", "matroska", short]);
      using lines = new Running("tail", ...s.of);
      using file = new Running("tail", ...s.of, "--format", "mkv", "-o", s.path("tail.mkv"));
      await Promise.all([
        lines.said(OFFLINE, { where: "err" }),
        file.said(OFFLINE, { where: "err" }),
      ]);
      const put = await cli(["put", short, ...s.of, "--realtime", "--start", String(START_MS)]);
      assert.equal(put.code, 0, put.err);
      await Promise.all([
        lines.said(OFFLINE_AGAIN, { where: "err" }),
        file.said(OFFLINE_AGAIN, { where: "err" }),
      ]);
      assert.deepEqual(await Promise.all([lines.stop(), file.stop()]), [0, 0]);
      const sent = oracleFrames(readFileSync(short));
      const got = frameLines(lines.out);
      assert.deepEqual(
        got.map(({ track, timeMs }) => [track, timeMs - (got[0]?.timeMs ?? 0)]),
        sent.map(({ track, timeMs }) => [track, timeMs]),
      );
      const [first, last] = [got[0] ?? assert.fail(), got.at(-1) ?? assert.fail()];
      assert.ok(first.timeMs >= START_MS && first.timeMs < START_MS + 100, `${first.timeMs}`);
      assert.equal(first.key, true);
      // Paced: it took about as long to arrive as it plays. Far less would be a file sent at once.
      assert.ok(last.receivedMs - first.receivedMs > (last.timeMs - first.timeMs) / 2);
      const inspected = JSON.parse((await cli(["inspect", s.path("tail.mkv"), "--json"])).out);
      assert.deepEqual([inspected.frames, inspected.error], [sent.length, null]);
      const count = ["-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets"];
      const probe = await run("ffprobe", [...count, "-of", "csv=p=0", s.path("tail.mkv")]);
      const packets = probe.stdout.trim().split("\n").map(Number);
      assert.equal(
        packets.reduce((sum, n) => sum + n, 0),
        sent.length,
      );
      assert.equal(probe.stderr, "");
    },
  );

  test("--from T begins in the archive", async () => {
    await using s = await scene();
    const put = await cli(["put", "-", ...s.of, "--start", String(START_MS)], SAMPLE);
    assert.equal(put.code, 0, put.err);
    const list = await cli(["ls", ...s.of, "--json"]);
    const fragments = JSON.parse(list.out) as FragmentItem[];
    const third = fragments[2] ?? assert.fail();
    using tail = new Running("tail", ...s.of, "--from", String(third.producerMs + 1000), "-o", "-");
    await tail.said(/\n/);
    assert.equal(await tail.stop(), 0);
    const [first] = frameLines(tail.out.slice(0, tail.out.indexOf("\n") + 1));
    assert.equal(first?.key, true);
    const into = (first?.timeMs ?? 0) - third.producerMs;
    assert.ok(into >= 0 && into < 1000, `${into} ms into the third fragment`);
  });

  test("a refused tail leaves the file that is there alone", async () => {
    await using s = await scene();
    const path = s.path("old.mkv");
    using tail = new Running("tail", ...s.of, "-o", path);
    await tail.said(OFFLINE, { where: "err" });
    assert.equal(await tail.stop(), 0);
    assert.equal(existsSync(path), true, "an accepted one makes it");
    const { code } = await cli(["tail", ...s.of, "--stream", "other", "-o", s.path("new.mkv")]);
    assert.equal(code, 1);
    assert.equal(existsSync(s.path("new.mkv")), false);
  });
});

suite("stopping", { concurrency: 3 }, () => {
  test("Ctrl-C in put: what was sent is stored, exit code 130, although the input goes on", async () => {
    await using s = await scene();
    using tail = new Running("tail", ...s.of);
    await tail.said(OFFLINE, { where: "err" });
    using put = new Running("put", "-", ...s.of, "--start", String(START_MS));
    put.child.stdin?.write(HALF);
    await tail.said(/\n/);
    assert.equal(await put.stop(), 130);
    const [, stored] = /^(\d+) fragments received, \1 persisted\n$/.exec(put.out) ?? [];
    assert.equal(put.err, "stopped before the end of the input\n");
    const list = JSON.parse((await cli(["ls", ...s.of, "--json"])).out) as FragmentItem[];
    assert.equal(list.length, Number(stored));
    assert.ok(list.length > 0);
  });

  test("a server that stops: put and tail end by themselves, in one line, and put is not fine", async () => {
    using dir = tempDir("cli-stop");
    await using server = await startServerProcess(dir.path);
    const of = ["--stream", "cam", "--server", server.url];
    await createCam(server.url);
    using tail = new Running("tail", ...of);
    await tail.said(OFFLINE, { where: "err" });
    using put = new Running("put", "-", ...of);
    put.child.stdin?.write(HALF);
    await tail.said(/\n/);
    assert.equal(await server.stop(), 0);
    assert.deepEqual(await Promise.all([put.exited, tail.exited]), [1, 1]);
    assert.match(put.out, /^(\d+) fragments received, \1 persisted\n$/);
    assert.equal(put.err, "error 5000 INTERNAL_ERROR: the server is stopping [server.closing]\n");
    assert.match(
      tail.err,
      /\nstreambank: the server ended the connection: .* \[server\.closing\]\n$/,
    );
  });

  test("a reader that has seen enough (| head) is no error", async () => {
    await using s = await scene();
    const put = await cli(["put", "-", ...s.of, "--start", String(START_MS)], SAMPLE);
    assert.equal(put.code, 0, put.err);
    const range = ["--from", String(START_MS), "--to", String(START_MS + 60_000)];
    for (const args of [
      ["ls"],
      ["clip", ...range, "-o", "-"],
      ["tail", "--from", range[1] ?? ""],
    ]) {
      using child = new Running(...args, ...s.of);
      child.child.stdout?.destroy();
      assert.equal(await child.exited, 0, args.join(" "));
      assert.doesNotMatch(child.err, /EPIPE/);
    }
  });

  test("demo: a camera to watch, and Ctrl-C ends it with exit code 0", async () => {
    using dir = tempDir("cli-demo");
    using demo = new Running("demo", "--data-dir", dir.path, "--http-port", "0");
    const [, url = ""] = await demo.said(/Watch +(http:\S+?)\/\n/);
    using tail = new Running("tail", "--stream", "demo", "--server", url);
    await tail.said(/\n/);
    assert.equal(await demo.stop(), 0);
    assert.equal(await tail.exited, 1);
  });

  test("demo with a certificate: the camera comes in without one, and stores", async () => {
    using dir = tempDir("cli-demo-tls");
    const [{ tlsCert, tlsKey }] = CERTIFICATES;
    const tls = ["--tls-cert", tlsCert, "--tls-key", tlsKey];
    using demo = new Running("demo", "--data-dir", dir.path, "--http-port", "0", ...tls);
    const [, port = ""] = await demo.said(/Watch +https:\S+?:(\d+)\/\n/);
    while ((await recorded(port)) === 0) assert.equal(demo.child.exitCode, null);
    assert.equal(await demo.stop(), 0);
    assert.doesNotMatch(demo.err, /next try/);
  });
});

/** How many fragments a server with the fixture's certificate has of the demo. */
async function recorded(port: string): Promise<number> {
  const [{ tlsCert }] = CERTIFICATES;
  const options = { host: "127.0.0.1", port, servername: "localhost", ca: readFileSync(tlsCert) };
  const asked = request({ ...options, path: "/v1/streams/demo/fragments" });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  for await (const piece of answer) body += String(piece);
  return JSON.parse(body).fragments?.length ?? 0;
}
