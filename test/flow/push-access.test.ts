/** A server that asks who pushes: over HTTP, WebSocket, RTMP, RTMPS, and the producer SDK whose tokens end. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { ProducerEvent } from "../../producer-sdk/src/events.ts";
import { readRecording } from "../../producer-sdk/src/file-source.ts";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import type { Action } from "../../src/server/access/guard.ts";
import type { Config } from "../../src/server/config.ts";
import { PushTokens } from "../../src/server/push-tokens.ts";
import { oracleFrames } from "../support/ebml-oracle.ts";
import { makeMedia } from "../support/media.ts";
import { notDurable } from "../support/outcome.ts";
import { RtmpEncoder } from "../support/rtmp-encoder.ts";
import { run } from "../support/run.ts";
import { cli, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";
import { CERTIFICATES, trustFixtures } from "../support/trust.ts";

const SECRET = "the-secret-of-these-tests";
const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));
const START_MS = 1_790_000_000_000;

async function guarded(over: Partial<Config> = {}) {
  const dir = tempDir("access");
  const pushKeyFile = join(dir.path, "key");
  writeFileSync(pushKeyFile, SECRET);
  const server = await startTestServer({ pushKeyFile, createMissing: true, ...over });
  const tokens = new PushTokens(SECRET, realClock);
  return {
    ...{ server, pushKeyFile, tokens },
    token: (stream = "cam", lifeMs = 60_000) => tokens.issue(stream, realClock.now() + lifeMs),
    async stored(stream = "cam") {
      // RTMP has no acks: it is decided when there is no session any more.
      while (server.parts.ingest.sessions > 0) await new Promise((done) => setImmediate(done));
      const answer = await fetch(
        `${server.url}/v1/streams/${stream}/clip.mkv?from=0&to=9000000000000`,
      );
      if (answer.status === 404) return [];
      return oracleFrames(new Uint8Array(await answer.arrayBuffer())).map(({ sha }) => sha);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      dir[Symbol.dispose]();
    },
  };
}

/** Status and error type of a PutMedia with this Authorization header. */
function putMedia(url: string, authorization?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const out = request(`${url}/putMedia`, {
      method: "POST",
      headers: {
        "x-amzn-stream-name": "cam",
        "x-amzn-producer-start-timestamp": String(START_MS / 1000),
        "x-amzn-fragment-timecode-type": "RELATIVE",
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
    out.on("error", reject);
    out.once("response", (answer) => {
      answer.resume();
      answer.once("end", () =>
        resolve(`${answer.statusCode} ${answer.headers["x-amzn-errortype"] ?? ""}`.trim()),
      );
    });
    out.end(SAMPLE);
  });
}

/** What a WebSocket says until it is closed, and its close code. */
async function pushSocket(url: string, messages: readonly (string | Uint8Array)[]) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/streams/cam/put?start=${START_MS}`);
  const said: string[] = [];
  socket.onmessage = ({ data }) => said.push(String(data));
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  for (const message of messages) socket.send(message as string);
  const { code } = await new Promise<CloseEvent>((resolve) =>
    socket.addEventListener("close", resolve, { once: true }),
  );
  return { code, said: said.join("") };
}

suite("a server with a push key", { timeout: 300_000 }, () => {
  test("PutMedia: no token, a wrong one, one for another stream, an old one, the right one", async () => {
    await using s = await guarded();
    const { url } = s.server;
    assert.equal(await putMedia(url), "401 NotAuthorizedException");
    assert.equal(await putMedia(url, "Bearer nonsense"), "403 AccessDeniedException");
    assert.equal(await putMedia(url, `Bearer ${s.token("door")}`), "403 AccessDeniedException");
    assert.equal(await putMedia(url, `Bearer ${s.token("cam", -1)}`), "401 NotAuthorizedException");
    const streams = await fetch(`${url}/v1/streams`);
    assert.deepEqual(await streams.json(), { streams: [] }, "nobody made a stream");
    assert.equal(await putMedia(url, `Bearer ${s.token("ca*")}`), "200");
    assert.equal((await s.stored()).length, 1725);
  });

  test("WebSocket: the token comes first; media before it, a wrong one, and silence end the connection", async () => {
    await using s = await guarded();
    const { url } = s.server;
    const early = await pushSocket(url, [SAMPLE]);
    assert.equal(early.code, 4401);
    assert.match(early.said, /"ErrorId":6001.*"Code":"auth.required"/);
    const token = (text: string) => JSON.stringify({ type: "token", token: text });
    const wrong = await pushSocket(url, [token("nonsense"), SAMPLE]);
    assert.equal(wrong.code, 4401);
    assert.match(wrong.said, /auth\.denied/);
    assert.deepEqual(await s.stored(), []);
    const right = await pushSocket(url, [token(s.token()), SAMPLE, '{"type":"end"}']);
    assert.equal(right.code, 1000);
    assert.match(right.said, /PERSISTED/);
    assert.equal((await s.stored()).length, 1725);
  });

  test("the command line: token makes one that put takes", async () => {
    await using s = await guarded();
    const made = await cli(["token", "--stream", "cam", "--push-key-file", s.pushKeyFile]);
    assert.equal(made.code, 0, made.err);
    using dir = tempDir("token");
    const tokenFile = join(dir.path, "token");
    writeFileSync(tokenFile, made.out);
    const sample = join(import.meta.dirname, "../../samples/camera.mkv");
    const put = ["put", sample, "--stream", "cam", "--server", s.server.url];
    const refused = await cli(put);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /\[auth\.required\]/);
    const taken = await cli([...put, "--token-file", tokenFile]);
    assert.equal(taken.code, 0, taken.err);
    assert.equal((await s.stored()).length, 1725);
  });
});

suite("a producer whose tokens end", { timeout: 300_000 }, () => {
  /** Puts the sample's pictures one after the other as long as it goes. */
  async function aProducer(s: Awaited<ReturnType<typeof guarded>>, lifeMs: number, told: boolean) {
    const { tracks, frames } = readRecording(SAMPLE);
    let tokens = 0;
    const producer = new Producer({
      ...{ url: s.server.url, stream: "cam", tracks, clock: realClock, random: () => 0 },
      token: async () => {
        tokens++;
        const token = s.token("cam", lifeMs);
        return told ? { token, expiresMs: realClock.now() + lifeMs } : token;
      },
    });
    const events: ProducerEvent[] = [];
    producer.on((event) => events.push(event));
    let at = 0;
    const put = () => {
      const frame = frames[at++];
      if (frame === undefined) return false;
      const { track, payload, timeUs, key } = frame;
      producer.putFrame({
        ...{ track, data: payload.toBytes(), key },
        timestampUs: START_MS * 1000 + timeUs,
      });
      return true;
    };
    /** Puts a frame in every turn of the loop until it is so, then the rest. */
    const until = async (isDone: () => boolean) => {
      while (!isDone()) {
        if (at < frames.length / 2) put();
        await new Promise((resolve) => setImmediate(resolve));
      }
      while (put());
      assert.equal(notDurable(await producer.end()), 0);
      const sent = frames.map(({ payload }) => payload.toBytes());
      assert.equal((await s.stored()).length, sent.length);
    };
    return { producer, events, until, tokens: () => tokens };
  }

  test("a fresh one on the open connection, before each end: one connection all the time", async () => {
    await using s = await guarded();
    const { producer, until, tokens } = await aProducer(s, 6200, true);
    // Refreshed 5 s before its end: after six of them the first has ended.
    await until(() => tokens() >= 7);
    assert.equal(producer.stats.connections, 1);
  });

  test("one that ends all the same: the server says so, the next connection has a new one, nothing is lost", async () => {
    await using s = await guarded();
    const { producer, events, until } = await aProducer(s, 700, false);
    await until(() => events.filter((e) => e.kind === "disconnected").length >= 2);
    assert.ok(producer.stats.connections >= 3);
    const codes = events.flatMap((e) => (e.kind === "refused" ? [e.errorCode] : []));
    assert.ok(codes.includes("NOT_AUTHORIZED"), codes.join());
    assert.equal(producer.stats.refused, 0);
  });
});

suite("RTMP with authentication on", { timeout: 300_000 }, () => {
  test("an access key that may produce, in the stream key or in the address; none, and every other one, is refused", async () => {
    await using server = await startTestServer({ auth: "on", createMissing: true });
    const { rtmpPort: port = 0, parts } = server;
    const keys = parts.keys ?? assert.fail("no keys");
    const key = async (actions: readonly Action[], streams: string) =>
      (await keys.create({ name: "camera", actions, streams }, "test")).token;
    const told = async (app: string, name: string) => {
      const encoder = await RtmpEncoder.open({ port, app, name });
      const { code } = await encoder.status();
      await encoder.end();
      return code;
    };
    const right = await key(["produce"], "ca*");
    const start = "NetStream.Publish.Start";
    assert.equal(await told("live", `cam?key=${right}`), start);
    assert.equal(await told(`live?key=${right}`, "cam"), start);
    const denied = "NetStream.Publish.Denied";
    assert.equal(await told("live", "cam"), denied);
    assert.equal(await told("live", `door?key=${right}`), denied);
    assert.equal(await told("live", `cam?key=${right}x`), denied);
    assert.equal(await told("live", `cam?key=${await key(["read"], "*")}`), denied);
    assert.equal(await told("live", `cam?key=${await key(["produce"], "door")}`), denied);
  });
});

suite("RTMP with a push key", { ...needs("ffmpeg"), timeout: 300_000 }, () => {
  const push = (source: string, to: string) =>
    run("ffmpeg", ["-v", "error", "-i", source, "-c", "copy", "-f", "flv", to]);

  test("the key in the address, or in the stream key field as OBS sends it; without it the encoder is refused", async () => {
    await using s = await guarded();
    const source = await makeMedia("video-only");
    const live = `rtmp://127.0.0.1:${s.server.rtmpPort}/live`;
    await assert.rejects(push(source, `${live}/cam`));
    await assert.rejects(push(source, `${live}/cam?key=nonsense`));
    await assert.rejects(push(source, `${live}/cam?key=${s.token("door")}`));
    assert.deepEqual(await s.stored(), []);
    await push(source, `${live}/cam?key=${SECRET}`);
    await push(source, `${live}/door?key=${s.token("door")}`);
    assert.equal((await s.stored()).length, 150);
    assert.equal((await s.stored("door")).length, 150);
  });

  test("RTMPS: the same inside TLS; a peer that speaks none is dropped", async () => {
    trustFixtures();
    await using s = await guarded({ ...CERTIFICATES[0], rtmpsPort: 0 });
    const source = await makeMedia("h264-aac");
    const port = s.server.rtmpsPort;
    await assert.rejects(push(source, `rtmp://127.0.0.1:${port}/live/cam?key=${SECRET}`));
    await push(source, `rtmps://127.0.0.1:${port}/live/cam?key=${SECRET}`);
    const sent = oracleFrames(readFileSync(source)).map(({ sha }) => sha);
    const stored = new Set(await s.stored());
    assert.deepEqual(
      sent.filter((sha) => !stored.has(sha)),
      [],
    );
    assert.equal(stored.size, new Set(sent).size);
  });
});
