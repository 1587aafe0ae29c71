/**
 * Byte for byte what clients of KVS that npm does not have put on the wire, on a server that asks for keys: the C and C++ SDKs and
 * kvssink, the Go client, the embedded C client, both Java ones. Requests are written to a socket as they are.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { CreateStreamCommand } from "@aws-sdk/client-kinesis-video";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import type { Credentials } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";
import {
  acksOf,
  count,
  cPut,
  cSdk,
  ended,
  endOfFragment,
  PutCall,
  putHead,
  raw,
} from "../support/wire.ts";

async function fragmentsOf({ url, token }: GuardedServer) {
  const list = await fetch(`${url}/v1/streams/cam/fragments`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await list.json()) as { fragments: { producerMs: number; number: string }[] }).fragments;
}

/** Fragments of that file. */
const GROUPS = 25;

/** Up to the last Cluster's end, as a camera sends it: nothing behind it tells that it is over. */
async function clusters(): Promise<Buffer> {
  const file = readFileSync(await makeMedia("short-groups"));
  return file.subarray(0, file.lastIndexOf(Buffer.from("1c53bb6b", "hex")));
}

suite("clients of KVS on the wire", { timeout: 300_000, ...needs("ffmpeg") }, () => {
  test("kvssink's way on one endpoint: describe, create, tag, endpoint, put", async () => {
    await using scene = await guardedServer();
    const { port } = scene.server;
    const call = async (path: string, json: string) =>
      raw(port, await cSdk(scene.root, path, json));
    const missing = await call("/describeStream", '{\n\t"StreamName": "cam"\n}');
    assert.equal(missing.status, 404);
    assert.equal(missing.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
    assert.ok(missing.headers.get("x-amzn-requestid"));
    const create = `{\n\t"DeviceName": "Kinesis_Video_Device",\n\t"StreamName": "cam",\n\t"MediaType": "video/h264",\n\t"DataRetentionInHours": 2\n}`;
    const made = await call("/createStream", create);
    assert.equal(made.status, 200);
    const { StreamARN } = JSON.parse(made.body) as { StreamARN: string };
    const tag = `{\n\t"StreamARN": "${StreamARN}",\n\t"Tags": {\n\t\t"a": "b"\n\t}\n}`;
    const tagged = await call("/tagStream", tag);
    assert.deepEqual([tagged.status, tagged.body], [200, "{}"]);
    const described = await call("/describeStream", '{\n\t"StreamName": "cam"\n}');
    const { StreamInfo } = JSON.parse(described.body);
    assert.equal(StreamInfo.Status, "ACTIVE");
    assert.equal(StreamInfo.DataRetentionInHours, 2);
    assert.equal(typeof StreamInfo.CreationTime, "number");
    // Its JSON reader has room for 100 tokens: objects, keys and values.
    const tokens = 2 + 2 * Object.keys(StreamInfo).length + 1;
    assert.ok(tokens < 100, `${tokens} tokens`);
    const endpoint = await call(
      "/getDataEndpoint",
      '{\n\t"StreamName": "cam",\n\t"APIName": "PUT_MEDIA"\n}',
    );
    // It puts /putMedia behind it as it is.
    assert.equal(JSON.parse(endpoint.body).DataEndpoint, `http://127.0.0.1:${port}`);
    const put = new PutCall(port, await cPut(scene.root, "1795404383.3"));
    // The answer begins before the first byte of the body.
    await put.until(() => put.head.startsWith("HTTP/1.1 200"));
    const file = await clusters();
    for (let at = 0; at < file.length; at += 10_000) put.send(file.subarray(at, at + 10_000));
    await put.until(() => count(put, "PERSISTED") > 0);
    const open = () => count(put, "BUFFERING") - count(put, "RECEIVED");
    await put.until(() => count(put, "BUFFERING") === GROUPS && open() === 1);
    put.send(endOfFragment());
    // The last fragment is acked without another Cluster and without the body's end.
    await put.until(() => open() === 0 && count(put, "PERSISTED") === count(put, "BUFFERING"));
    assert.ok(put.chunks.every((chunk) => chunk.endsWith("\n") && chunk.length < 1024));
    put.end();
    await ended(put);
    put.socket.destroy();
    // `.3` is 3 ms.
    assert.equal((await fragmentsOf(scene))[0]?.producerMs, 1_795_404_383_003);
  });

  test("every client's way to sign a body without an end", async () => {
    await using scene = await guardedServer();
    const { root: credentials, server } = scene;
    const { StreamARN } = await scene.clients.control.send(
      new CreateStreamCommand({ StreamName: "cam", DataRetentionInHours: 24 }),
    );
    const file = readFileSync(await makeMedia("short-groups"));
    const host = `127.0.0.1:${server.port}`;
    const relative = { "x-amzn-fragment-timecode-type": "RELATIVE" };
    const chunked = ["transfer-encoding: chunked"];
    const ways: Record<string, Promise<string[]>> = {
      "C, with a port and decimals": putHead({
        ...{ credentials, hopByHop: true },
        headers: {
          ...{ host, connection: "keep-alive", "transfer-encoding": "chunked" },
          ...{ ...relative, "x-amzn-producer-start-timestamp": "1795404000.000" },
          "x-amzn-stream-name": "cam",
        },
      }),
      "embedded C waits for 100 Continue": putHead({
        ...{ credentials, more: [...chunked, "expect: 100-continue"] },
        headers: {
          ...{ host, ...relative, "x-amzn-producer-start-timestamp": "1795404100.250" },
          "x-amzn-stream-name": "cam",
        },
      }),
      "Go: by ARN, with a query": putHead({
        ...{ credentials, more: chunked, query: { "X-Amz-Expires": "600" } },
        target: "/putMedia?X-Amz-Expires=600",
        headers: {
          ...{ host, ...relative, "x-amzn-producer-start-timestamp": "1795404200" },
          "x-amzn-stream-arn": StreamARN ?? "",
        },
      }),
      "Java v1: absolute form, an ISO time, a word for a hash": putHead({
        ...{ credentials, more: chunked, target: `http://${host}/putMedia` },
        headers: {
          ...{ host, ...relative, "x-amzn-stream-name": "cam" },
          "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
          "x-amzn-producer-start-timestamp": "2026-11-23T03:25:00.500Z",
        },
      }),
      "Java's producer: UNSIGNED-PAYLOAD": putHead({
        ...{ credentials, more: chunked },
        headers: {
          ...{ host, ...relative, "x-amzn-stream-name": "cam" },
          "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
          "x-amzn-producer-start-timestamp": "1795404400.750",
        },
      }),
    };
    for (const [way, head] of Object.entries(ways)) {
      const call = new PutCall(server.port, await head);
      if (way.includes("100"))
        await call.until(() => call.head.startsWith("HTTP/1.1 100 Continue"));
      call.send(file);
      call.end();
      await ended(call);
      const kinds = new Set(acksOf(call).map(({ EventType }) => EventType));
      assert.deepEqual(kinds, new Set(["BUFFERING", "RECEIVED", "PERSISTED"]), way);
      call.socket.destroy();
    }
    const starts = (await fragmentsOf(scene)).map(({ producerMs }) => producerMs);
    for (const start of [0, 100_250, 200_000, 300_500, 400_750])
      assert.ok(starts.includes(1_795_404_000_000 + start), `${start}`);
  });

  test("a token's rotation: two connections, each with its own session, overlap; both are kept", async () => {
    await using scene = await guardedServer();
    await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
    const file = await clusters();
    const session = async () => {
      const answer = await fetch(`${scene.url}/v1/session`, {
        method: "POST",
        headers: { authorization: `Bearer ${scene.token}`, "content-type": "application/json" },
        body: JSON.stringify({ actions: ["produce"], streams: "cam", seconds: 60 }),
      });
      return ((await answer.json()) as { credentials: Credentials }).credentials;
    };
    const [one, two] = [await session(), await session()];
    const half = Math.floor(file.length / 2);
    const first = new PutCall(scene.server.port, await cPut(one, "1795404000.0"));
    first.send(file.subarray(0, half));
    await first.until(() => acksOf(first).length > 2);
    const second = new PutCall(scene.server.port, await cPut(two, "1795404100.0"));
    second.send(file.subarray(0, half));
    await second.until(() => acksOf(second).length > 2);
    first.send(file.subarray(half));
    // The old one ends its last fragment, and closes when that is PERSISTED.
    first.send(endOfFragment());
    await first.until(() => count(first, "PERSISTED") === GROUPS);
    first.end();
    await ended(first);
    second.send(file.subarray(half));
    second.end();
    await ended(second);
    assert.equal(count(first, "PERSISTED"), count(second, "PERSISTED"));
    const fragments = await fragmentsOf(scene);
    assert.equal(fragments.length, count(first, "PERSISTED") + count(second, "PERSISTED"));
    for (const call of [first, second]) call.socket.destroy();
  });

  test("after an ERROR the producer sends again, or goes on behind it: everything is there once", async () => {
    using dir = tempDir("resend");
    const file = readFileSync(await makeMedia("short-groups"));
    const half = Math.floor(file.length / 2);
    const ids: (number | undefined)[] = [];
    const persisted = new Set<string | undefined>();
    const note = (call: PutCall) => {
      for (const ack of acksOf(call)) {
        if (ack.EventType === "PERSISTED") persisted.add(ack.FragmentNumber);
        if (ack.EventType === "ERROR") ids.push(ack.ErrorId);
      }
      call.socket.destroy();
    };
    let credentials: Credentials | undefined;
    {
      await using scene = await guardedServer({ dataDir: dir.path });
      credentials = scene.root;
      await scene.server.parts.archive.create({ name: "cam", retentionHours: 24 });
      // Damaged: 4006, "skip" in the SDK's table.
      const damaged = new PutCall(scene.server.port, await cPut(credentials, "1795404000.0"));
      // Whole Clusters, and what is no element.
      damaged.send(file.subarray(0, file.lastIndexOf(Buffer.from("1f43b675", "hex"), half)));
      damaged.send(Buffer.alloc(20_000));
      await damaged.until(() => count(damaged, "ERROR") === 1);
      await ended(damaged);
      note(damaged);
      // The server stops: 5000, "resend".
      const stopped = new PutCall(scene.server.port, await cPut(credentials, "1795404000.0"));
      stopped.send(file.subarray(0, half));
      await stopped.until(() => count(stopped, "BUFFERING") > 10);
      const over = ended(stopped);
      await scene.server.close();
      await over;
      note(stopped);
    }
    assert.deepEqual(ids, [4006, 5000]);
    await using scene = await guardedServer({ dataDir: dir.path, credentials });
    const again = new PutCall(scene.server.port, await cPut(credentials, "1795404000.0"));
    again.send(file);
    again.end();
    await ended(again);
    note(again);
    assert.equal(count(again, "ERROR"), 0);
    const fragments = await fragmentsOf(scene);
    const starts = fragments.map(({ producerMs }) => producerMs);
    assert.equal(new Set(starts).size, starts.length, "none twice");
    for (const { number } of fragments) persisted.delete(number);
    assert.deepEqual([...persisted], [], "what was PERSISTED is there");
  });

  test("what is wrong with a request is said in KVS's words", async () => {
    await using scene = await guardedServer();
    const { port } = scene.server;
    const refused = async (path: string, json: string) => {
      const { status, headers } = await raw(port, await cSdk(scene.root, path, json));
      return `${status} ${headers.get("x-amzn-errortype")}`;
    };
    const bad = "400 InvalidArgumentException";
    for (const [path, json, expected] of [
      ["/createStream", "{", "400 SerializationException"],
      ["/createStream", "[]", bad],
      ["/createStream", '{"StreamName":"a b"}', bad],
      ["/createStream", `{"StreamName":"${"x".repeat(257)}"}`, bad],
      ["/createStream", '{"StreamName":"a","DataRetentionInHours":-1}', bad],
      ["/createStream", '{"StreamName":"a","DataRetentionInHours":87601}', bad],
      ["/createStream", '{"StreamName":"a","DataRetentionInHours":"24"}', bad],
      ["/createStream", '{"StreamName":"a","MediaType":"video"}', bad],
      ["/createStream", '{"StreamName":"a","Tags":{"b":1}}', bad],
      ["/describeStream", '{"StreamARN":"arn:aws:s3:::a"}', bad],
      ["/getDataEndpoint", '{"StreamName":"a","APIName":"GET_ALL"}', bad],
      ["/listStreams", '{"MaxResults":0}', bad],
      ["/getMedia", '{"StreamName":"a"}', bad],
      ["/getMediaForFragmentList", '{"StreamName":"a","Fragments":[]}', bad],
      ["/createSignalingChannel", "{}", bad],
      ["/deleteStream", '{"StreamName":"a"}', bad],
      ["/describeStream", '{"StreamName":null}', bad],
      ["/listFragments", '{"StreamName":"a","NextToken":"!"}', bad],
      ["/describeStream", '{"StreamName":"a"}', "404 ResourceNotFoundException"],
    ] as const)
      assert.equal(await refused(path, json), expected, `${path} ${json.slice(0, 60)}`);
    const long = "x".repeat((1 << 20) + 1);
    const { status } = await raw(
      port,
      await cSdk(scene.root, "/createStream", `{"StreamName":"${long}"}`),
    );
    assert.equal(status, 400);
  });
});
