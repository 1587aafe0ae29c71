/** GetClip and GetImages as the table of operations calls them, on a real server with real media. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Fault } from "../../src/base/errors.ts";
import { ANONYMOUS } from "../../src/server/access/open-guard.ts";
import type { KvsContext } from "../../src/server/kvs/context.ts";
import { type GetClipInput, getClip } from "../../src/server/kvs/get-clip.ts";
import { type GetImagesInput, getImages } from "../../src/server/kvs/get-images.ts";
import { FAKE_START_MS } from "../support/fake-reader.ts";
import { makeMedia } from "../support/media.ts";
import { decodeComplaints, payloadHashes } from "../support/mp4-media.ts";
import { numberedMedia, numberIn } from "../support/numbered.ts";
import { cli, startTestServer } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const START = FAKE_START_MS / 1000;
const dir = tempDir("kvs-media");

suite("GetClip and GetImages", needs("ffmpeg"), () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  /** Calls whichever handler the test gives, as the table will. */
  let handler: (context: KvsContext) => Promise<unknown>;
  const front = createServer((request, response) => {
    const { parts } = server;
    const principal = ANONYMOUS;
    handler({ parts, principal, baseUrl: "", request, response }).then(
      (output) => output !== undefined && response.end(JSON.stringify(output)),
      (error) => response.writeHead(400).end(error instanceof Fault ? error.code : String(error)),
    );
  });

  const post = async (run: typeof handler) => {
    handler = run;
    const { port } = front.address() as AddressInfo;
    return fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" });
  };
  const clip = (from: number, to: number, more: { stream?: string; server?: boolean } = {}) =>
    post(async (context) => {
      const stream = await server.parts.archive.get(more.stream ?? "cam");
      const TimestampRange = { StartTimestamp: from, EndTimestamp: to };
      const FragmentSelectorType = more.server ? "SERVER_TIMESTAMP" : "PRODUCER_TIMESTAMP";
      const input: GetClipInput = {
        ClipFragmentSelector: { FragmentSelectorType, TimestampRange },
      };
      return getClip(input, { ...context, stream });
    });
  const images = async (input: Partial<GetImagesInput> & { stream?: string }) => {
    const { stream: name = "numbered", ...rest } = input;
    const answer = await post(async (context) => {
      const stream = await server.parts.archive.get(name);
      const range = { StartTimestamp: START, EndTimestamp: START + 6 };
      const ask = { ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" } as const;
      return getImages({ ...ask, ...range, ...rest }, { ...context, stream });
    });
    const text = await answer.text();
    return answer.status === 200
      ? (JSON.parse(text) as Awaited<ReturnType<typeof getImages>>)
      : text;
  };

  before(async () => {
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    server = await startTestServer();
    for (const [stream, file] of [
      ["cam", await makeMedia("h264-aac")],
      ["numbered", await numberedMedia()],
    ] as const) {
      const args = ["put", file, "--stream", stream, "--create", "--start", String(FAKE_START_MS)];
      const put = await cli([...args, "--server", server.url]);
      assert.equal(put.code, 0, put.err);
    }
    await server.parts.archive.create({ name: "live", retentionHours: 0 });
  });
  after(async () => {
    front.closeAllConnections();
    front.close();
    await server.close();
    dir[Symbol.dispose]();
  });

  test("GetClip answers with the whole plain MP4", async () => {
    const answer = await clip(START, START + 60);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "video/mp4");
    const path = join(dir.path, "clip.mp4");
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.equal(Number(answer.headers.get("content-length")), bytes.length);
    writeFileSync(path, bytes);
    assert.deepEqual(await payloadHashes(path), await payloadHashes(await makeMedia("h264-aac")));
    assert.equal(await decodeComplaints(path), "");
    const query = `from=${FAKE_START_MS}&to=${FAKE_START_MS + 60_000}&layout=plain`;
    const native = await fetch(`${server.url}/v1/streams/cam/clip.mp4?${query}`);
    assert.ok(Buffer.from(await native.arrayBuffer()).equals(bytes), "the native route's");
  });

  test("GetClip refuses what KVS refuses", async () => {
    const code = async (...args: Parameters<typeof clip>) => (await clip(...args)).text();
    const future = Date.now() / 1000 + 600;
    assert.equal(await code(START + 5, START + 5), "request.bad-time");
    assert.equal(await code(START, START + 86_401), "request.bad-time");
    assert.equal(await code(future - 1000, future, { server: true }), "request.bad-time");
    assert.equal(await code(START + 100, START + 200), "request.no-media");
    assert.equal(await code(START, START + 9, { stream: "live" }), "stream.no-retention");
  });

  test("GetImages has the picture of each time, NO_MEDIA behind the end, and pages of 25", async () => {
    const ask = { EndTimestamp: START + 7, SamplingInterval: 200, MaxResults: 100 };
    const first = await images(ask);
    assert.ok(typeof first === "object");
    assert.equal(first.Images.length, 25);
    const rest = await images({
      ...ask,
      ...(first.NextToken ? { NextToken: first.NextToken } : {}),
    });
    assert.ok(typeof rest === "object");
    const all = [...first.Images, ...rest.Images];
    assert.deepEqual([all.length, rest.NextToken], [35, undefined]);
    for (const [i, image] of all.entries()) {
      assert.equal(image.TimeStamp, START + i * 0.2);
      if (i >= 30) assert.equal(image.Error, "NO_MEDIA");
      else if (i % 7 === 0) {
        const path = join(dir.path, "one.jpg");
        writeFileSync(path, Buffer.from(image.ImageContent ?? "", "base64"));
        assert.equal(await numberIn(path), i * 5);
      }
    }
  });

  test("GetImages refuses what KVS refuses", async () => {
    assert.equal(await images({ EndTimestamp: START + 301 }), "request.bad-time");
    assert.equal(await images({ EndTimestamp: START }), "request.bad-time");
    assert.equal(await images({ SamplingInterval: 199 }), "request.bad");
    assert.equal(await images({ WidthPixels: 100 }), "request.bad");
    assert.equal(await images({ FormatConfig: { JPEGQuality: "101" } }), "request.bad");
    assert.equal(await images({ NextToken: "AAAA" }), "request.bad");
    assert.equal(await images({ stream: "live" }), "stream.no-retention");
  });
});
