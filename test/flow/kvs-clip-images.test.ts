/** GetClip and GetImages by the AWS SDK, on a server that asks for keys, with real media. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  GetClipCommand,
  GetImagesCommand,
  type GetImagesCommandInput,
} from "@aws-sdk/client-kinesis-video-archived-media";
import { FAKE_START_MS } from "../support/fake-reader.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import { makeMedia } from "../support/media.ts";
import { decodeComplaints, payloadHashes } from "../support/mp4-media.ts";
import { numberedMedia, numberIn } from "../support/numbered.ts";
import { putFile } from "../support/signed-put.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

const START = FAKE_START_MS / 1000;
const BAD = "InvalidArgumentException";
const at = (seconds: number) => new Date(FAKE_START_MS + seconds * 1000);
const dir = tempDir("kvs-media");

suite("GetClip and GetImages", needs("ffmpeg"), () => {
  let scene: GuardedServer;

  const clip = async (
    from: number,
    to: number,
    more: { stream?: string; server?: boolean } = {},
  ) => {
    const range = { StartTimestamp: new Date(from * 1000), EndTimestamp: new Date(to * 1000) };
    const answer = await scene.clients.archived.send(
      new GetClipCommand({
        StreamName: more.stream ?? "cam",
        ClipFragmentSelector: {
          FragmentSelectorType: more.server ? "SERVER_TIMESTAMP" : "PRODUCER_TIMESTAMP",
          TimestampRange: range,
        },
      }),
    );
    const parts: Uint8Array[] = [];
    for await (const part of answer.Payload as unknown as AsyncIterable<Uint8Array>)
      parts.push(part);
    return { type: answer.ContentType, bytes: Buffer.concat(parts) };
  };
  const images = (input: Partial<GetImagesCommandInput>) =>
    scene.clients.archived.send(
      new GetImagesCommand({
        ...{ StreamName: "numbered", ImageSelectorType: "PRODUCER_TIMESTAMP", Format: "JPEG" },
        ...{ StartTimestamp: at(0), EndTimestamp: at(6) },
        ...input,
      }),
    );
  /** Name of the exception. */
  const refused = (call: Promise<unknown>) =>
    call.then(
      () => "taken",
      (error: Error) => error.name,
    );

  before(async () => {
    scene = await guardedServer();
    const { url, root: credentials } = scene;
    const { archive } = scene.server.parts;
    for (const [stream, file] of [
      ["cam", await makeMedia("h264-aac")],
      ["numbered", await numberedMedia()],
    ] as const) {
      await archive.create({ name: stream, retentionHours: 24 });
      const acks = await putFile({ url, stream, startMs: FAKE_START_MS, credentials }, file);
      assert.equal(acks.at(-1)?.EventType, "PERSISTED");
    }
    await archive.create({ name: "live", retentionHours: 0 });
  });
  after(async () => {
    await scene[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  });

  test("GetClip answers with the whole plain MP4", async () => {
    const { type, bytes } = await clip(START, START + 60);
    assert.equal(type, "video/mp4");
    const path = join(dir.path, "clip.mp4");
    writeFileSync(path, bytes);
    assert.deepEqual(await payloadHashes(path), await payloadHashes(await makeMedia("h264-aac")));
    assert.equal(await decodeComplaints(path), "");
    const query = `from=${FAKE_START_MS}&to=${FAKE_START_MS + 60_000}&layout=plain`;
    const native = await fetch(`${scene.url}/v1/streams/cam/clip.mp4?${query}`, {
      headers: { authorization: `Bearer ${scene.token}` },
    });
    assert.ok(Buffer.from(await native.arrayBuffer()).equals(bytes), "the native route's");
  });

  test("GetClip refuses what KVS refuses", async () => {
    const code = (...args: Parameters<typeof clip>) => refused(clip(...args));
    const future = Date.now() / 1000 + 600;
    assert.equal(await code(START + 5, START + 5), BAD);
    assert.equal(await code(START, START + 86_401), BAD);
    assert.equal(await code(future - 1000, future, { server: true }), BAD);
    assert.equal(await code(START + 100, START + 200), "ResourceNotFoundException");
    assert.equal(await code(START, START + 9, { stream: "live" }), "NoDataRetentionException");
  });

  test("GetImages has the picture of each time, NO_MEDIA behind the end, and pages of 25", async () => {
    const ask = { EndTimestamp: at(7), SamplingInterval: 200, MaxResults: 100 };
    const first = await images(ask);
    assert.equal(first.Images?.length, 25);
    const rest = await images({ ...ask, NextToken: first.NextToken });
    const all = [...(first.Images ?? []), ...(rest.Images ?? [])];
    assert.deepEqual([all.length, rest.NextToken], [35, undefined]);
    for (const [i, image] of all.entries()) {
      assert.equal(image.TimeStamp?.getTime(), FAKE_START_MS + i * 200);
      if (i >= 30) assert.equal(image.Error, "NO_MEDIA");
      else if (i % 7 === 0) {
        const path = join(dir.path, "one.jpg");
        writeFileSync(path, Buffer.from(image.ImageContent ?? "", "base64"));
        assert.equal(await numberIn(path), i * 5);
      }
    }
  });

  test("GetImages refuses what KVS refuses", async () => {
    for (const input of [
      { EndTimestamp: at(301) },
      { EndTimestamp: at(0) },
      { SamplingInterval: 199 },
      { WidthPixels: 100 },
      { FormatConfig: { JPEGQuality: "101" } },
      { NextToken: "AAAA" },
    ])
      assert.equal(await refused(images(input)), BAD, JSON.stringify(input));
    assert.equal(await refused(images({ StreamName: "live" })), "NoDataRetentionException");
    assert.equal(await refused(images({ StreamName: "none" })), "ResourceNotFoundException");
  });
});
