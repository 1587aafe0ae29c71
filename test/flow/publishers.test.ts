/** One producer a stream, over real sockets: who is let in, who is told what, and what the stream says of it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import type { Stream } from "../../src/client/types.ts";
import { PushTokens } from "../../src/server/push-tokens.ts";
import type { RunningServer } from "../../src/server/start.ts";
import { aacConfig, avcConfig, cameraMessages } from "../support/flv-messages.ts";
import { putMedia } from "../support/put-media.ts";
import { RtmpEncoder } from "../support/rtmp-encoder.ts";
import { startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));

const turn = () => new Promise((done) => setImmediate(done));

const rtmp = ({ rtmpPort = 0 }: RunningServer, from = "127.0.0.1", name = "cam") =>
  RtmpEncoder.open({ port: rtmpPort, name, from });

async function admitted(encoder: RtmpEncoder): Promise<RtmpEncoder> {
  assert.equal((await encoder.status()).code, "NetStream.Publish.Start");
  return encoder;
}

async function sendCamera(encoder: RtmpEncoder, lengthMs: number): Promise<void> {
  await encoder.send("video", 0, avcConfig());
  await encoder.send("audio", 0, aacConfig());
  for (const { kind, ms, payload } of cameraMessages(lengthMs))
    await encoder.send(kind, ms, payload);
}

/** A WebSocket producer: what it was told, and its close code once it is closed. */
async function webSocket({ url }: RunningServer, query = "") {
  const address = `${url.replace("http", "ws")}/v1/streams/cam/put?start=${START_MS}${query}`;
  const socket = new WebSocket(address);
  let said = "";
  socket.onmessage = ({ data }) => {
    said += String(data);
  };
  const closed = new Promise<number>((done) => {
    socket.onclose = ({ code }) => done(code);
  });
  await new Promise((done) => {
    socket.onopen = done;
  });
  return { socket, closed, said: () => said };
}

const view = async ({ url }: RunningServer): Promise<Stream> =>
  (await (await fetch(`${url}/v1/streams/cam`)).json()) as Stream;

/** Resolves with the producer's state once it is so. */
async function producer(server: RunningServer, so: (state: Stream["producer"]) => boolean) {
  for (;;) {
    const state = (await view(server)).producer;
    if (so(state)) return state ?? assert.fail();
    await turn();
  }
}

suite("one producer a stream", { timeout: 300_000 }, () => {
  test("RTMP from another address is refused while the first is there, and let in after it", async () => {
    await using server = await startTestServer({ createMissing: true });
    const first = await admitted(await rtmp(server));
    const second = await rtmp(server, "127.0.0.2");
    const { code, description } = await second.status();
    assert.equal(code, "NetStream.Publish.BadName");
    assert.match(description, /another producer is sending to cam, over RTMP/);
    await second.closed;
    await sendCamera(first, 4000);
    await first.end();
    await admitted(await rtmp(server, "127.0.0.2"));
  });

  test("RTMP against WebSocket and PutMedia, each way round", async () => {
    await using server = await startTestServer({ createMissing: true });
    const encoder = await admitted(await rtmp(server));
    const refused = await webSocket(server);
    await refused.closed;
    assert.match(refused.said(), /"EventType":"ERROR".*"Code":"ingest.busy".*over RTMP/);
    const put = await fetch(`${server.url}/putMedia`, {
      method: "POST",
      headers: {
        "x-amzn-stream-name": "cam",
        "x-amzn-producer-start-timestamp": String(START_MS / 1000),
        "x-amzn-fragment-timecode-type": "RELATIVE",
      },
      body: SAMPLE,
    });
    assert.equal(put.status, 503);
    assert.match(await put.text(), /"Code":"ingest.busy"/);
    await encoder.end();
    const socket = await webSocket(server);
    socket.socket.send(SAMPLE);
    while (!socket.said().includes("PERSISTED")) await turn();
    assert.equal((await (await rtmp(server)).status()).code, "NetStream.Publish.BadName");
    socket.socket.send('{"type":"end"}');
    assert.equal(await socket.closed, 1000);
  });

  test("the same encoder takes over, its old socket reads why; two that take turns do not", async () => {
    await using server = await startTestServer({ createMissing: true });
    const old = await admitted(await rtmp(server));
    await sendCamera(old, 2000);
    const next = await admitted(await rtmp(server));
    assert.match((await old.status()).description, /the same producer has connected again/);
    await old.closed;
    await sendCamera(next, 1000);
    const again = await (await rtmp(server)).status();
    assert.equal(again.code, "NetStream.Publish.BadName");
    assert.match(again.description, /take turns/);
    await next.end();
    await admitted(await rtmp(server));
  });

  test("a token is an identity: it takes over from another address and another protocol", async () => {
    using dir = tempDir("publishers");
    const pushKeyFile = join(dir.path, "key");
    const secret = "the-secret-of-these-tests";
    writeFileSync(pushKeyFile, secret);
    await using server = await startTestServer({ createMissing: true, pushKeyFile });
    const tokens = new PushTokens(secret, realClock);
    const token = () => tokens.issue("cam", realClock.now() + 60_000 + Math.random() * 1000);
    const socket = await webSocket(server, `&token=${token()}`);
    socket.socket.send(SAMPLE);
    while (!socket.said().includes("PERSISTED")) await turn();
    // The secret is everybody's: whose this is says its address.
    const stranger = await rtmp(server, "127.0.0.1", `cam?key=${secret}`);
    assert.equal((await stranger.status()).code, "NetStream.Publish.BadName");
    await admitted(await rtmp(server, "127.0.0.3", `cam?key=${token()}`));
    await socket.closed;
    assert.match(socket.said(), /"Code":"ingest.replaced"/);
  });

  test("two PutMedia connections of one producer overlap: both are stored, each with its acks", async () => {
    await using server = await startTestServer({ createMissing: true });
    const half = SAMPLE.subarray(0, SAMPLE.length / 2);
    const one = putMedia({ url: server.url, stream: "cam", startMs: START_MS });
    await one.write(half);
    await one.until((acks) => acks.some((a) => a.EventType === "PERSISTED"));
    const two = putMedia({ url: server.url, stream: "cam", startMs: START_MS + 600_000 });
    await two.write(SAMPLE);
    await two.until((acks) => acks.some((a) => a.EventType === "PERSISTED"));
    await one.write(SAMPLE.subarray(half.length));
    one.end();
    two.end();
    const stored = (await Promise.all([one.acks, two.acks])).map((acks) => {
      assert.ok(!acks.some((a) => a.EventType === "ERROR"));
      return acks.flatMap((a) => (a.EventType === "PERSISTED" ? [a.FragmentNumber ?? ""] : []));
    });
    for (const numbers of stored) assert.deepEqual(numbers, numbers.toSorted());
    assert.equal(stored[0]?.length, stored[1]?.length);
    assert.equal(new Set(stored.flat()).size, stored.flat().length);
  });
});

suite("what a stream says of its producer", { timeout: 300_000 }, () => {
  test("an RTMP push in its middle and after it: what acks would tell; the stream has the default retention", async () => {
    const defaultRetentionHours = 31;
    await using server = await startTestServer({ createMissing: true, defaultRetentionHours });
    const before = Date.now();
    const encoder = await admitted(await rtmp(server));
    assert.equal((await view(server)).retentionHours, defaultRetentionHours);
    const { protocol, sinceMs, session, ...rest } = await producer(server, () => true);
    assert.deepEqual([protocol, rest], ["rtmp", {}]);
    assert.ok(sinceMs >= before && sinceMs <= Date.now());
    await sendCamera(encoder, 7000);
    // Four have begun; the third is whole when the fourth begins.
    const whole = async () => {
      const answer = await fetch(`${server.url}/v1/streams/cam/fragments`);
      const { fragments } = (await answer.json()) as { fragments: { number: string }[] };
      return fragments.map(({ number }) => number).sort();
    };
    while ((await whole()).length < 3) await turn();
    const [, , third] = await whole();
    const middle = await producer(server, (state) => state?.persisted === third);
    assert.equal(middle.session, session);
    assert.ok((middle.received ?? "") >= (third ?? "?"));
    assert.equal(middle.endedMs, undefined);
    await encoder.end();
    const after = await producer(server, (state) => state?.endedMs !== undefined);
    assert.equal(after.persisted, (await whole()).at(-1));
    assert.equal(after.error, undefined);
    assert.equal((await view(server)).live, false);
  });

  test("a WebSocket whose media cannot be read: the fault that ended it", async () => {
    await using server = await startTestServer({ createMissing: true });
    const { socket, closed } = await webSocket(server);
    socket.send(Buffer.alloc(100, 7));
    await closed;
    const { protocol, error } = await producer(server, (state) => state?.endedMs !== undefined);
    assert.equal(protocol, "websocket");
    assert.equal(error?.code, "mkv.not-matroska");
  });
});
