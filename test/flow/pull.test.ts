/** Cameras that the server pulls: a real RTSP server, real ffmpeg, the whole server, and its archive. */
import assert from "node:assert/strict";
import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/server/config.ts";
import type { SourceView } from "../../src/server/pull/pulled-source.ts";
import { startServer } from "../../src/server/start.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { needsRtspServer, type RtspServer, startRtspServer } from "../support/rtsp-server.ts";
import { startServerProcess, tempDir } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
/** Later than everything, and still a time to the server (years to 2255). */
const END_OF_TIME = 9_000_000_000_000;
/** What hangs must not hang the suite. */
const TIMEOUT_MS = 60_000;
const VIDEO_TRACK = 1;
const AUDIO_TRACK = 2;
/** In every address, and in nothing that is said. */
const SECRETS = /hunter2|admin|s3cret/;

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each test looks at what it asked for
  readonly body: any;
}

const secretUrl = (camera: RtspServer) =>
  `${camera.url.replace("//", "//admin:hunter2@")}?token=s3cret`;

/** A server whose every answer and log line is kept, so that secrets can be looked for in them. */
async function startPulling(dataDir: string, config: object = {}) {
  const said: string[] = [];
  const log = keepingLogger((line) => said.push(line));
  const path = join(dataDir, "../config.json");
  writeFileSync(path, JSON.stringify({ ...config, dataDir, httpPort: 0, rtmpPort: 0 }));
  const read = readConfig({ flags: { config: path }, env: {} });
  const server = await startServer({ config: read, clock: realClock, log });
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const init = body === undefined ? { method } : { method, ...json };
    const answer = await fetch(server.url + path, init);
    const text = await answer.text();
    said.push(text);
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  return {
    call,
    said: () => said.join("\n"),
    source: async (stream: string) =>
      (await call("GET", `/v1/streams/${stream}/source`)).body as SourceView,
    put: (stream: string, url: string) => call("PUT", `/v1/streams/${stream}/source`, { url }),
    /** Payload hashes of all that is stored. */
    async stored(stream: string, track?: number): Promise<string[]> {
      const clip = `/v1/streams/${stream}/clip.mkv?from=0&to=${END_OF_TIME}`;
      const answer = await fetch(server.url + clip);
      if (answer.status === 404) return [];
      return payloads(new Uint8Array(await answer.arrayBuffer()), track);
    },
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  };
}

type Server = Awaited<ReturnType<typeof startPulling>>;

function keepingLogger(keep: (line: string) => void, base: object = {}): Logger {
  const line =
    (level: string) =>
    (event: string, fields: object = {}) =>
      keep(JSON.stringify({ level, event, ...base, ...fields }));
  return {
    child: (fields) => keepingLogger(keep, { ...base, ...fields }),
    ...{ info: line("info"), warn: line("warn"), error: line("error") },
  };
}

/** Asks again and again until the source is as wanted. */
async function until(
  server: Server,
  stream: string,
  signal: AbortSignal,
  wanted: (view: SourceView) => boolean,
): Promise<SourceView> {
  for (;;) {
    signal.throwIfAborted();
    const view = await server.source(stream);
    if (wanted(view)) return view;
  }
}

const hasFrames = (count: number) => (view: SourceView) =>
  view.state === "live" && view.frames >= count && view.persistedMs !== undefined;

/** Of all tracks, or of one, as hashes in the order of the file. */
function payloads(file: Uint8Array, track?: number): string[] {
  const frames = oracleFrames(file).filter((frame) => track === undefined || frame.track === track);
  return frames.map(({ sha }) => sha);
}

/** The pids of processes that read this camera. */
function readersOf(camera: RtspServer): number[] {
  return globSync("/proc/[0-9]*/cmdline").flatMap((path) => {
    try {
      const [program = "", ...args] = readFileSync(path, "utf8").split("\0");
      const reads =
        program.endsWith("ffmpeg") && args.some((a) => a.includes(`/cam${camera.port}`));
      return reads ? [Number(path.split("/")[2])] : [];
    } catch {
      return [];
    }
  });
}

suite("pulled sources", { timeout: TIMEOUT_MS, concurrency: 2, ...needsRtspServer() }, () => {
  test("of the file and of the API: every frame is in the archive, and no password anywhere", async (t) => {
    using dir = tempDir("pull");
    await using camera = await startRtspServer({ audio: true });
    const sources = { door: { url: secretUrl(camera), audio: false } };
    await using server = await startPulling(join(dir.path, "data"), { sources });
    const made = await server.put("yard", secretUrl(camera));
    assert.equal(made.status, 201);
    assert.equal(made.body.address, camera.url);
    assert.equal((await server.put("yard", secretUrl(camera))).status, 200, "the same again");
    for (const stream of ["door", "yard"]) await until(server, stream, t.signal, hasFrames(60));
    const { body } = await server.call("GET", "/v1/sources");
    const brief = body.sources.map(({ stream, from, state, audio }: SourceView) => [
      ...[stream, from, state, audio],
    ]);
    assert.deepEqual(brief, [
      ["door", "config", "live", false],
      ["yard", "api", "live", true],
    ]);
    const stream = (await server.call("GET", "/v1/streams/yard")).body;
    assert.deepEqual(stream.source, { address: camera.url, state: "live" });
    assert.equal(stream.live, true);
    assert.equal(statSync(join(dir.path, "data/sources.json")).mode & 0o777, 0o600);

    assert.equal((await server.call("DELETE", "/v1/streams/yard/source")).status, 204);
    const sample = readFileSync(SAMPLE);
    for (const [name, track, least] of [
      ["yard", VIDEO_TRACK, 20],
      ["yard", AUDIO_TRACK, 20],
      ["door", VIDEO_TRACK, 1],
    ] as const) {
      const got = await server.stored(name, track);
      assert.ok(got.length >= least, `${name} ${track}: ${got.length}`);
      // Sound from before the first key picture is left out.
      const source = payloads(sample, track);
      const from = track === VIDEO_TRACK ? 0 : source.indexOf(got[0] ?? "");
      assert.deepEqual(got, source.slice(from, from + got.length), `${name} ${track}`);
    }
    assert.deepEqual(await server.stored("door", AUDIO_TRACK), [], "it was not asked for");
    await server.close();
    assert.deepEqual(readersOf(camera), [], "no process is left");
    assert.match(server.said(), /"state":"live"/);
    assert.doesNotMatch(server.said(), SECRETS);
  });

  test("a camera that loses its power is told and comes back; so does its source after a restart", async (t) => {
    using dir = tempDir("pull");
    const data = join(dir.path, "data");
    await using camera = await startRtspServer();
    {
      await using server = await startPulling(data);
      await server.put("cam", secretUrl(camera));
      const before = await until(server, "cam", t.signal, hasFrames(1));
      await camera.kill();
      const dead = await until(server, "cam", t.signal, ({ state }) => state === "no source");
      assert.match(dead.reason ?? "", /^rtsp:\/\/127\.0\.0\.1:\d+\/cam\d+: .*next try in/);
      assert.ok(dead.sinceMs > before.sinceMs);
      for (let live = true; live; ) {
        t.signal.throwIfAborted();
        const { body } = await server.call("GET", "/v1/streams/cam");
        assert.equal(body.source.state, "no source");
        live = body.live;
      }
      assert.equal((await server.stored("cam")).length, dead.frames, "all of it is durable");
      await using again = await startRtspServer({ port: camera.port });
      assert.equal(again.port, camera.port);
      await until(server, "cam", t.signal, hasFrames(dead.frames + 1));
      await server.close();
      assert.deepEqual(readersOf(camera), []);
      assert.doesNotMatch(server.said(), SECRETS);
    }
    await using again = await startRtspServer({ port: camera.port });
    await using server = await startPulling(data);
    const count = (await server.stored("cam")).length;
    await until(server, "cam", t.signal, hasFrames(1));
    assert.equal((await server.call("DELETE", "/v1/streams/cam/source")).status, 204);
    assert.ok((await server.stored("cam")).length > count, "it went on");
    assert.deepEqual(readersOf(again), []);
    assert.equal((await server.call("GET", "/v1/streams/cam/source")).body.error.code, NOT_FOUND);
    assert.deepEqual((await server.call("GET", "/v1/sources")).body, { sources: [] });
  });

  test("a live-only stream takes a camera without keeping its media", async (t) => {
    using dir = tempDir("pull");
    await using camera = await startRtspServer();
    await using server = await startPulling(join(dir.path, "data"));
    await server.call("POST", "/v1/streams", { name: "cam", retentionHours: 0 });
    await server.put("cam", camera.url);
    const view = await until(server, "cam", t.signal, hasFrames(60));
    assert.equal(view.lost, 0);
    assert.deepEqual(await server.stored("cam"), []);
  });

  test("what may not be changed or opened is refused with a code", async () => {
    using dir = tempDir("pull");
    // Nothing listens there: port 1 is nobody's.
    const dead = "rtsp://admin:hunter2@127.0.0.1:1/cam?token=s3cret";
    const sources = { door: { url: dead } };
    await using server = await startPulling(join(dir.path, "data"), { sources });
    const refused = async (method: string, path: string, body?: unknown) => {
      const answer = await server.call(method, path, body);
      return `${answer.status} ${answer.body.error.code}`;
    };
    const yard = "/v1/streams/yard/source";
    for (const url of ["/etc/passwd", "file:///etc/passwd", "http://hunter2/", "rtsp://a b", ""])
      for (const [method, path] of [["PUT", yard] as const, ["POST", "/v1/sources/test"] as const])
        assert.equal(await refused(method, path, { url }), "400 source.bad-address", url);
    assert.equal(await refused("PUT", yard, { url: dead, password: "x" }), "400 request.bad");
    for (const body of [{ audio: false }, { url: dead, audio: "no" }, { url: 1 }, [dead]])
      assert.equal(await refused("PUT", yard, body), "400 request.bad");
    assert.equal(await refused("PUT", "/v1/streams/a%20b/source", { url: dead }), BAD_NAME);
    assert.equal(await refused("GET", yard), "404 stream.not-found", "nothing was made");
    const door = "/v1/streams/door/source";
    assert.equal(await refused("PUT", door, { url: dead }), "409 source.in-config");
    assert.equal(await refused("DELETE", door), "409 source.in-config");
    assert.equal(await refused("DELETE", "/v1/streams/door"), "409 ingest.busy");
    await server.call("POST", "/v1/streams", { name: "yard" });
    assert.equal(await refused("DELETE", yard), `404 ${NOT_FOUND}`);
    assert.doesNotMatch(server.said(), SECRETS);
  });

  test("an address is tried: what comes, or why nothing does", async () => {
    using dir = tempDir("pull");
    await using camera = await startRtspServer();
    await using server = await startPulling(join(dir.path, "data"));
    const url = secretUrl(camera);
    const good = await server.call("POST", "/v1/sources/test", { url });
    assert.equal(good.status, 200);
    assert.equal(good.body.ok, true, JSON.stringify(good.body));
    assert.equal(good.body.address, camera.url);
    assert.deepEqual(good.body.tracks, [
      {
        ...VIDEO,
        number: good.body.tracks[0].number,
        codecString: good.body.tracks[0].codecString,
      },
    ]);
    assert.match(good.body.tracks[0].codecString, /^avc1\./);
    await camera.kill();
    const bad = await server.call("POST", "/v1/sources/test", { url });
    assert.deepEqual(bad.body, {
      ...{ ok: false, address: camera.url, reason: `${camera.url}: connection refused` },
    });
    assert.deepEqual(readersOf(camera), []);
    assert.doesNotMatch(server.said(), SECRETS);
  });

  test("after kill -9 of the server no process goes on reading the camera", async (t) => {
    using dir = tempDir("pull");
    await using camera = await startRtspServer();
    const path = join(dir.path, "config.json");
    writeFileSync(path, JSON.stringify({ sources: { cam: { url: camera.url } } }));
    await using server = await startServerProcess(join(dir.path, "data"), ["--config", path]);
    try {
      for (let frames = 0; frames === 0; ) {
        t.signal.throwIfAborted();
        const answer = await fetch(`${server.url}/v1/streams/cam/source`);
        frames = ((await answer.json()) as SourceView).frames;
      }
      assert.equal(readersOf(camera).length, 1);
    } finally {
      await server.kill();
    }
    while (readersOf(camera).length > 0) {
      t.signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

const NOT_FOUND = "source.not-found";
const BAD_NAME = "400 stream.bad-name";
const VIDEO = { type: "video", codec: "V_MPEG4/ISO/AVC", width: 960, height: 540, hls: true };
