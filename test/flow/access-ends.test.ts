/** What is open with a key ends when the key is removed, at once and by every way in: pushes, a clip half loaded, events. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { guardedServer } from "../support/guarded-server.ts";
import { notDurable } from "../support/outcome.ts";
import { RtmpEncoder } from "../support/rtmp-encoder.ts";
import { signedPut } from "../support/signed-put.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));
/** More than sockets hold of what nobody reads. */
const FRAMES = 24;
const FRAME_BYTES = 1 << 20;

async function record(url: string, token: string): Promise<void> {
  const video = { width: 2, height: 2 };
  const track = { number: 1, type: "video", codecId: "V_TEST", encoding: "plain", video } as const;
  const producer = new Producer({
    ...{ url, stream: "long", create: true, tracks: [track], clock: realClock },
    token: async () => token,
  });
  for (let i = 0; i < FRAMES; i++)
    producer.putFrame({
      ...{ track: 1, data: new Uint8Array(FRAME_BYTES).fill(i), key: true },
      timestampUs: (START_MS + i * 1000) * 1000,
    });
  assert.equal(notDurable(await producer.end(30_000)), 0);
}

/** An answer whose body nobody has read yet. */
async function opened(url: string, token: string): Promise<IncomingMessage> {
  const asked = request(url, { headers: { authorization: `Bearer ${token}` } });
  asked.on("error", () => {});
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(answer.statusCode, 200);
  // It may be cut off before anybody reads.
  answer.on("error", () => {});
  return answer;
}

/** Reads on: how many bytes came, and whether that was all. */
async function rest(answer: IncomingMessage): Promise<{ bytes: number; whole: boolean }> {
  let bytes = 0;
  answer.on("data", (piece: Buffer) => {
    bytes += piece.length;
  });
  if (!answer.closed) await new Promise<void>((resolve) => answer.once("close", () => resolve()));
  return { bytes, whole: answer.complete };
}

suite("a key that is removed", { timeout: 60_000 }, () => {
  test("ends PutMedia, an RTMP push, a clip half loaded and a stream of events", async () => {
    await using scene = await guardedServer({ rtmpPort: 0 });
    const { server, url } = scene;
    await record(url, scene.token);
    await server.parts.archive.create({ name: "cam", retentionHours: 24 });
    await server.parts.archive.create({ name: "pushed", retentionHours: 24 });
    const key = await scene.key({ actions: ["produce", "read", "manage"], streams: "*" });
    const token = `${key.accessKeyId}.${key.secretAccessKey}`;

    const put = await signedPut({ url, stream: "cam", startMs: START_MS, credentials: key });
    await put.write(SAMPLE.subarray(0, SAMPLE.length / 2));
    await put.until((acks) => acks.some((one) => one.EventType === "PERSISTED"));
    const ended = put.acks.then(
      (acks) => acks.at(-1)?.EventType,
      () => "cut off",
    );
    const encoder = await RtmpEncoder.publish({
      ...{ port: server.rtmpPort ?? 0, name: `pushed?key=${token}` },
    });
    const clip = await opened(
      `${url}/v1/streams/long/clip.mkv?from=${START_MS}&to=${START_MS + 60_000}`,
      token,
    );
    const size = Number(clip.headers["content-length"]);
    assert.ok(size > FRAMES * FRAME_BYTES);
    const events = await opened(`${url}/v1/events/stream`, token);

    const removed = await fetch(`${url}/v1/keys/${key.accessKeyId}`, {
      ...{ method: "DELETE", headers: { authorization: `Bearer ${scene.token}` } },
    });
    assert.equal(removed.status, 204);
    assert.match((await ended) ?? "", /^(ERROR|cut off)$/);
    await encoder.closed;
    const { bytes, whole } = await rest(clip);
    assert.ok(!whole && bytes < size, `${bytes} of ${size} bytes came`);
    assert.equal((await rest(events)).whole, false);
    // What was pushed until then is kept.
    const stored = await fetch(`${url}/v1/streams/cam/fragments`, {
      headers: { authorization: `Bearer ${scene.token}` },
    });
    assert.ok(((await stored.json()) as { fragments: object[] }).fragments.length > 0);
  });
});
