/** A server that asks who everybody is: keys, signatures, sessions. Every route is in access-matrix.test.ts. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
} from "@aws-sdk/client-kinesis-video";
import { GetMediaCommand, KinesisVideoMediaClient } from "@aws-sdk/client-kinesis-video-media";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { Streambank } from "../../src/client/index.ts";
import type { NewKey } from "../../src/server/access/keys.ts";
import { notDurable } from "../support/outcome.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;

async function guarded() {
  const server = await startTestServer({ auth: "on" });
  const { rootKey } = server.parts;
  assert.ok(rootKey);
  const call = async (method: string, path: string, token?: string, body?: object) => {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const key = async (scope: object): Promise<NewKey> => {
    const made = await call("POST", "/v1/keys", rootKey.token, { name: "k", ...scope });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body as NewKey;
  };
  return { server, rootKey, call, key, [Symbol.asyncDispose]: () => server.close() };
}

async function push(url: string, stream: string, token: string | undefined, create = false) {
  const track = { number: 1, type: "video", codecId: "V_TEST", encoding: "plain" } as const;
  const producer = new Producer({
    ...{ url, stream, create, tracks: [{ ...track, video: { width: 2, height: 2 } }] },
    clock: realClock,
    ...(token === undefined ? {} : { token: async () => token }),
  });
  const refusals: string[] = [];
  producer.on((event) => {
    if (event.kind === "refused") refusals.push(event.errorCode);
  });
  for (let i = 0; i < 100; i++)
    producer.putFrame({
      track: 1,
      data: new Uint8Array(100).fill(i),
      timestampUs: (START_MS + i * 40) * 1000,
      key: i % 25 === 0,
    });
  const left = notDurable(await producer.end(3000));
  return { left, refusals };
}

suite("access", { timeout: 300_000 }, () => {
  test("keys: listed without secrets, bound to streams, time and an end, gone at once, in the audit", async () => {
    await using scene = await guarded();
    const { call, key, rootKey, server } = scene;
    for (const name of ["cam1", "cam2", "dog"])
      await call("POST", "/v1/streams", rootKey.token, { name });
    assert.equal((await push(server.url, "cam1", rootKey.token)).left, 0);
    const reader = await key({ actions: ["read"], streams: "cam*" });
    const { body } = await call("GET", "/v1/streams", reader.token);
    assert.deepEqual(
      body.streams.map(({ name }: { name: string }) => name),
      ["cam1", "cam2"],
    );
    const listed = JSON.stringify((await call("GET", "/v1/keys", rootKey.token)).body);
    assert.ok(listed.includes(reader.id) && !listed.includes(reader.secret));
    const hour = await key({
      ...{ actions: ["read"], streams: "cam1" },
      ...{ from: START_MS, to: START_MS + 3_600_000 },
    });
    const clip = (from: number, to: number) =>
      fetch(`${server.url}/v1/streams/cam1/clip.mkv?from=${from}&to=${to}`, {
        headers: { authorization: `Bearer ${hour.token}` },
      });
    assert.equal((await clip(START_MS, START_MS + 2000)).status, 200);
    assert.equal((await clip(START_MS - 1, START_MS + 2000)).status, 403);
    assert.equal((await call("GET", "/v1/streams/cam1", hour.token)).status, 403);
    const short = await key({ actions: ["read"], streams: "*", expires: realClock.now() - 1 });
    assert.equal(
      (await call("GET", "/v1/streams/dog", short.token)).body.error.code,
      "auth.expired",
    );
    assert.equal((await call("DELETE", `/v1/keys/${reader.id}`, rootKey.token)).status, 204);
    assert.equal((await call("GET", "/v1/streams/cam1", reader.token)).status, 403);
    const { audit } = (await call("GET", "/v1/audit", rootKey.token)).body;
    const said = audit.map(
      ({ action, who }: { action: string; who: string }) => `${action} ${who}`,
    );
    assert.equal(said[0], `key-removed key:${rootKey.id}`);
    assert.ok(said.includes("key-added first start"));
    assert.ok(said.includes(`stream-created key:${rootKey.id}`));
    assert.ok(!JSON.stringify(audit).includes(reader.secret));
  });

  test("pushing and watching: WebSocket, client, session tokens in addresses", async () => {
    await using scene = await guarded();
    const { call, key, rootKey, server } = scene;
    await call("POST", "/v1/streams", rootKey.token, { name: "cam" });
    const producer = await key({ actions: ["produce"], streams: "cam" });
    assert.equal((await push(server.url, "cam", producer.token)).left, 0);
    assert.ok((await push(server.url, "cam", undefined)).left > 0);
    const reader = await key({ actions: ["read"], streams: "cam" });
    assert.ok((await push(server.url, "cam", reader.token)).left > 0);
    const bank = new Streambank({ url: server.url, token: reader.token });
    for await (const item of bank.stream("cam").frames({ from: START_MS }))
      if (item.kind === "frame") break;
    for await (const fragment of bank.stream("cam").consume({ from: "earliest" })) {
      assert.ok(fragment.frames.length > 0);
      break;
    }
    const session = await call("POST", "/v1/session", reader.token, {
      ...{ actions: ["read"], streams: "cam", seconds: 60 },
    });
    assert.equal(session.status, 201);
    const { token } = session.body as { token: string };
    assert.equal(
      (await call("GET", `/v1/session?token=${token}`)).body.id,
      `session:key:${reader.id}`,
    );
    const clip = `/v1/streams/cam/clip.mkv?from=${START_MS}&to=${START_MS + 1000}&token=${token}`;
    assert.equal((await fetch(server.url + clip)).status, 200, "a page's link");
    const more = { actions: ["manage"], streams: "cam" };
    assert.equal((await call("POST", "/v1/session", reader.token, more)).status, 403);
    const wider = { actions: ["read"], streams: "cam*" };
    assert.equal((await call("POST", "/v1/session", reader.token, wider)).status, 403);
    const none = new Streambank({ url: server.url, token: `${reader.id}.no` });
    await assert.rejects(none.streams(), { code: "auth.denied", status: 403 });
  });

  test("the AWS SDK signs with a key; wrong secrets and other clocks are refused in KVS's words", async () => {
    await using scene = await guarded();
    const { server, rootKey, call } = scene;
    const config = { endpoint: server.url, region: "eu-west-1", maxAttempts: 1 };
    const client = (secretAccessKey: string, accessKeyId = rootKey.id, off = 0) =>
      new KinesisVideoClient({
        ...{ ...config, systemClockOffset: off },
        credentials: { accessKeyId, secretAccessKey },
      });
    const good = client(rootKey.secret);
    await good.send(new CreateStreamCommand({ StreamName: "cam", DataRetentionInHours: 24 }));
    const describe = new DescribeStreamCommand({ StreamName: "cam" });
    assert.equal((await good.send(describe)).StreamInfo?.StreamName, "cam");
    await assert.rejects(client("wrong").send(describe), { name: "InvalidSignatureException" });
    await assert.rejects(client("x", "AKIAOTHER").send(describe), {
      name: "AccessDeniedException",
    });
    await assert.rejects(client(rootKey.secret, rootKey.id, 20 * 60_000).send(describe), {
      name: "RequestExpired",
    });
    const scoped = await scene.key({ actions: ["read"], streams: "dog" });
    await assert.rejects(client(scoped.secret, scoped.id).send(describe), {
      name: "AccessDeniedException",
    });
    assert.equal((await push(server.url, "cam", rootKey.token)).left, 0);
    const media = new KinesisVideoMediaClient({
      ...config,
      credentials: { accessKeyId: rootKey.id, secretAccessKey: rootKey.secret },
    });
    const answer = await media.send(
      new GetMediaCommand({ StreamName: "cam", StartSelector: { StartSelectorType: "EARLIEST" } }),
    );
    for await (const part of answer.Payload as unknown as AsyncIterable<Uint8Array>) {
      assert.equal(Buffer.from(part).readUInt32BE(0), 0x1a45dfa3);
      break;
    }
    (answer.Payload as unknown as { destroy(): void }).destroy();
    const refused = await call("POST", "/describeStream", undefined, { StreamName: "cam" });
    assert.equal(refused.status, 403);
  });

  test("an address that guesses is told to wait", async () => {
    await using scene = await guarded();
    const codes = new Set<string>();
    for (let i = 0; i < 25; i++)
      codes.add((await scene.call("GET", "/v1/streams", `AKSBGUESS.${i}`)).body.error.code);
    assert.deepEqual(codes, new Set(["auth.denied", "auth.limited"]));
  });

  test("the root key is shown once, and works after a restart", async () => {
    using dir = tempDir("root");
    await using first = await startServerProcess(dir.path, ["--auth", "on"]);
    const [, token = ""] = /Token +(AKSB\S+)/.exec(first.said()) ?? [];
    const list = (url: string) =>
      fetch(`${url}/v1/keys`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await list(first.url)).status, 200);
    await first.stop();
    await using second = await startServerProcess(dir.path, ["--auth", "on"]);
    assert.ok(!second.said().includes("AKSB"));
    assert.equal((await list(second.url)).status, 200);
  });
});
