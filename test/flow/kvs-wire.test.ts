/**
 * Byte for byte what clients of KVS that npm does not have put on the wire: the C and C++ SDKs and kvssink, the Go client, the embedded
 * C client, Java v1. Requests are written to a socket as they are.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { suite, test } from "node:test";
import { makeMedia } from "../support/media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One request as it is; the answer when the connection has ended or the body is whole. */
async function raw(port: number, text: string | Uint8Array): Promise<Answer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const bytes: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    bytes.push(piece);
    const answer = parse(Buffer.concat(bytes).toString("latin1"));
    if (answer === undefined) continue;
    socket.destroy();
    return answer;
  }
  throw new Error("the connection ended without an answer");
}

function parse(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.split(":")[0]?.toLowerCase() ?? "", line.replace(/^[^:]*:\s*/, "")]),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers.get("content-length"))) return undefined;
  return { status: Number(first.split(" ")[1]), headers, body };
}

/** A control plane call as the C SDK makes it: Host without a port, JSON with tabs. */
function cSdk(path: string, json: string): string {
  return [
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Accept: */*",
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/kinesisvideo/aws4_request, SignedHeaders=host;user-agent;x-amz-date, Signature=00",
    "content-type: application/json",
    "user-agent: AWS-SDK-KVS/3.6.0 GCC/12.2.0 Linux/6.1 x86_64",
    "X-Amz-Date: 20261123T120000Z",
    `Content-Length: ${Buffer.byteLength(json)}`,
    "",
    json,
  ].join("\r\n");
}

/** Sends a head, then `bytes` in HTTP chunks; gives every HTTP chunk of the answer as it comes. */
class PutCall {
  readonly socket: Socket;
  readonly chunks: string[] = [];
  #text = "";
  #wake: () => void = () => {};

  constructor(port: number, head: readonly string[]) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.write(`${head.join("\r\n")}\r\n\r\n`);
    this.socket.on("data", (piece) => {
      this.#text += piece.toString("latin1");
      this.#split();
      this.#wake();
    });
    this.socket.on("close", () => this.#wake());
    this.socket.on("error", () => {});
  }

  get head(): string {
    return this.#text;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(`${bytes.length.toString(16)}\r\n`);
    this.socket.write(bytes);
    this.socket.write("\r\n");
  }

  end(): void {
    this.socket.write("0\r\n\r\n");
  }

  async until(done: () => boolean): Promise<void> {
    while (!done() && !this.socket.destroyed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    assert.ok(done(), this.#text.slice(0, 500));
  }

  /** Whole HTTP chunks behind the answer's head. */
  #split(): void {
    const start = this.#text.indexOf("\r\n\r\n", this.#text.indexOf("HTTP/1.1 200"));
    if (start < 0) return;
    let at = start + 4;
    this.chunks.length = 0;
    for (;;) {
      const line = this.#text.indexOf("\r\n", at);
      const size = Number.parseInt(this.#text.slice(at, line), 16);
      if (line < 0 || Number.isNaN(size) || this.#text.length < line + 4 + size) return;
      if (size > 0) this.chunks.push(this.#text.slice(line + 2, line + 2 + size));
      at = line + 4 + size;
      if (size === 0) return;
    }
  }
}

const acksOf = (call: PutCall) =>
  call.chunks.map((chunk) => JSON.parse(chunk) as { EventType: string; FragmentTimecode?: number });

suite("clients of KVS on the wire", { timeout: 60_000, ...needs("ffmpeg") }, () => {
  test("the C SDK's way to a stream: describe, create, tag, endpoint", async () => {
    await using server = await startTestServer();
    const { port } = server;
    const missing = await raw(port, cSdk("/describeStream", '{\n\t"StreamName": "cam"\n}'));
    assert.equal(missing.status, 404);
    assert.equal(missing.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
    assert.ok(missing.headers.get("x-amzn-requestid"));
    const create = `{\n\t"DeviceName": "Kinesis_Video_Device",\n\t"StreamName": "cam",\n\t"MediaType": "video/h264",\n\t"DataRetentionInHours": 2\n}`;
    const made = await raw(port, cSdk("/createStream", create));
    assert.equal(made.status, 200);
    const { StreamARN } = JSON.parse(made.body) as { StreamARN: string };
    const tag = `{\n\t"StreamARN": "${StreamARN}",\n\t"Tags": {\n\t\t"a": "b"\n\t}\n}`;
    const tagged = await raw(port, cSdk("/tagStream", tag));
    assert.deepEqual([tagged.status, tagged.body], [200, "{}"]);
    const described = await raw(port, cSdk("/describeStream", '{\n\t"StreamName": "cam"\n}'));
    const { StreamInfo } = JSON.parse(described.body);
    assert.equal(StreamInfo.Status, "ACTIVE");
    assert.equal(StreamInfo.DataRetentionInHours, 2);
    assert.equal(typeof StreamInfo.CreationTime, "number");
    // Its JSON reader has room for 100 tokens: objects, keys and values.
    const tokens = 2 + 2 * Object.keys(StreamInfo).length + 1;
    assert.ok(tokens < 100, `${tokens} tokens`);
    const endpoint = await raw(
      port,
      cSdk("/getDataEndpoint", '{\n\t"StreamName": "cam",\n\t"APIName": "PUT_MEDIA"\n}'),
    );
    // It puts /putMedia behind it as it is.
    assert.equal(JSON.parse(endpoint.body).DataEndpoint, `http://127.0.0.1:${port}`);
  });

  test("the C SDK's PutMedia: unpadded milliseconds, any content type, one ack per HTTP chunk, the end-of-fragment tag", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("short-groups"));
    const call = new PutCall(server.port, [
      "POST /putMedia HTTP/1.1",
      "Host: 127.0.0.1",
      "Accept: */*",
      "connection: keep-alive",
      "content-type: application/json",
      "transfer-encoding: chunked",
      "user-agent: AWS-SDK-KVS/3.6.0 GCC/12.2.0",
      "x-amzn-fragment-acknowledgment-required: 1",
      "x-amzn-fragment-timecode-type: RELATIVE",
      "x-amzn-producer-start-timestamp: 1795404383.3",
      "x-amzn-stream-name: cam",
    ]);
    for (let at = 0; at < file.length; at += 10_000) call.send(file.subarray(at, at + 10_000));
    const before = () => acksOf(call).filter(({ EventType }) => EventType === "PERSISTED").length;
    await call.until(() => before() > 0);
    // Tags > Tag > SimpleTag with its name and an empty string, sizes of 8 bytes, as the SDK writes it.
    const name = Buffer.from("AWS_KINESISVIDEO_END_OF_FRAGMENT");
    const element = (id: string, payload: Buffer) => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE((1n << 56n) | BigInt(payload.length));
      return Buffer.concat([Buffer.from(id, "hex"), size, payload]);
    };
    const simple = Buffer.concat([element("45a3", name), element("4487", Buffer.alloc(0))]);
    const tags = element("1254c367", element("7373", element("67c8", simple)));
    const received = () => acksOf(call).filter(({ EventType }) => EventType === "RECEIVED").length;
    const begun = () => acksOf(call).filter(({ EventType }) => EventType === "BUFFERING").length;
    await call.until(() => begun() > 0 && received() === begun() - 1);
    call.send(tags);
    // The last fragment is acked without another Cluster and without the body's end.
    await call.until(() => received() === begun() && before() === begun());
    assert.ok(call.chunks.every((chunk) => chunk.endsWith("\n") && chunk.length < 1024));
    call.end();
    await call.until(() => call.socket.destroyed || /\r\n0\r\n\r\n$/.test(call.head));
    call.socket.destroy();
    const list = await fetch(`${server.url}/v1/streams/cam/fragments`);
    const { fragments } = (await list.json()) as { fragments: { producerMs: number }[] };
    // `.3` is 3 ms.
    assert.equal(fragments[0]?.producerMs, 1_795_404_383_003);
  });

  test("embedded C waits for 100 Continue; Go names the stream by its ARN; Java v1 writes the absolute form", async () => {
    await using server = await startTestServer();
    const made = await raw(
      server.port,
      cSdk("/createStream", '{"StreamName":"cam","DataRetentionInHours":24}'),
    );
    const { StreamARN } = JSON.parse(made.body) as { StreamARN: string };
    const file = readFileSync(await makeMedia("short-groups"));
    const call = new PutCall(server.port, [
      `POST http://127.0.0.1:${server.port}/putMedia?X-Amz-Expires=600 HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      "expect: 100-continue",
      "transfer-encoding: chunked",
      "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "x-amzn-fragment-timecode-type: RELATIVE",
      "x-amzn-producer-start-timestamp: 1795404383",
      `x-amzn-stream-arn: ${StreamARN}`,
    ]);
    await call.until(() => call.head.startsWith("HTTP/1.1 100 Continue\r\n\r\n"));
    call.send(file);
    call.end();
    await call.until(() => /\r\n0\r\n\r\n$/.test(call.head));
    const kinds = new Set(acksOf(call).map(({ EventType }) => EventType));
    assert.deepEqual(kinds, new Set(["BUFFERING", "RECEIVED", "PERSISTED"]));
    call.socket.destroy();
  });

  test("two connections at a token's rotation: what both send is kept, in order", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("short-groups"));
    const head = (start: number) => [
      "POST /putMedia HTTP/1.1",
      "Host: 127.0.0.1",
      "transfer-encoding: chunked",
      "x-amzn-fragment-timecode-type: RELATIVE",
      `x-amzn-producer-start-timestamp: ${start}.000`,
      "x-amzn-stream-name: cam",
    ];
    const first = new PutCall(server.port, head(1_795_404_000));
    const half = Math.floor(file.length / 2);
    first.send(file.subarray(0, half));
    await first.until(() => acksOf(first).length > 2);
    const second = new PutCall(server.port, head(1_795_404_100));
    second.send(file.subarray(0, half));
    await second.until(() => acksOf(second).length > 2);
    first.send(file.subarray(half));
    first.end();
    await first.until(() => /\r\n0\r\n\r\n$/.test(first.head));
    second.send(file.subarray(half));
    second.end();
    await second.until(() => /\r\n0\r\n\r\n$/.test(second.head));
    const persisted = (call: PutCall) =>
      acksOf(call).filter(({ EventType }) => EventType === "PERSISTED").length;
    assert.ok(persisted(first) > 3);
    assert.equal(persisted(first), persisted(second));
    const list = await fetch(`${server.url}/v1/streams/cam/fragments`);
    const { fragments } = (await list.json()) as { fragments: object[] };
    assert.equal(fragments.length, persisted(first) + persisted(second));
    for (const call of [first, second]) call.socket.destroy();
  });

  test("what is wrong with a request is said in KVS's words", async () => {
    await using server = await startTestServer();
    const refused = async (path: string, json: string) => {
      const { status, headers, body } = await raw(server.port, cSdk(path, json));
      assert.equal(typeof (JSON.parse(body) as { Message?: string }).Message, "string");
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
    const { status } = await raw(server.port, cSdk("/createStream", `{"StreamName":"${long}"}`));
    assert.equal(status, 400);
  });
});
