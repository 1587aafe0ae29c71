/** `streambank/client` and its consumers against a real server: each fragment once and in order, over restarts and other consumers. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import {
  type ApiError,
  type ConsumedFragment,
  type LiveItem,
  Streambank,
  type StreamHandle,
} from "../../src/client/consumer.ts";
import { notDurable } from "../support/outcome.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;

/** A camera that is as fast as it is asked to be: 25 pictures a second by its clock, a fragment every 50. */
class Camera {
  readonly producer: Producer;
  #made = 0;

  constructor(url: string, stream: string) {
    const video = { width: 2, height: 2 };
    const track = {
      number: 1,
      type: "video",
      codecId: "V_TEST",
      encoding: "plain",
      video,
    } as const;
    this.producer = new Producer({ url, stream, tracks: [track], clock: realClock, create: true });
  }

  put(count: number): void {
    for (const end = this.#made + count; this.#made < end; this.#made++)
      this.producer.putFrame({
        track: 1,
        data: new Uint8Array(500).fill(this.#made),
        timestampUs: (START_MS + this.#made * 40) * 1000,
        key: this.#made % 50 === 0,
      });
  }

  async end(): Promise<void> {
    assert.equal(notDurable(await this.producer.end()), 0);
  }
}

/** Reads until so many fragments have come. */
async function take(
  stream: StreamHandle,
  count: number,
  options: Parameters<StreamHandle["consume"]>[0],
): Promise<ConsumedFragment[]> {
  const out: ConsumedFragment[] = [];
  for await (const fragment of stream.consume(options)) {
    out.push(fragment);
    if (out.length === count) break;
  }
  return out;
}

const tokens = (list: readonly { token: string }[]) => list.map(({ token }) => token);

suite("the client", { timeout: 300_000 }, () => {
  test("streams, settings, fragments, coverage, clips, holds; refusals have their code", async () => {
    await using server = await startTestServer();
    const bank = new Streambank({ url: `${server.url}/` });
    const made = await bank.createStream("door", { retentionHours: 48 });
    assert.equal(made.retentionHours, 48);
    await assert.rejects(bank.createStream("door"), { code: "stream.exists", status: 409 });
    const door = bank.stream("door");
    assert.equal(
      (await door.change({ retentionHours: 72, version: made.version })).retentionHours,
      72,
    );
    await assert.rejects(door.change({ retentionHours: 24, version: made.version }), {
      code: "stream.version-mismatch",
    });
    const camera = new Camera(server.url, "door");
    camera.put(200);
    await camera.end();
    const listed: string[] = [];
    for await (const { number } of door.fragments()) listed.push(number);
    assert.ok(listed.length >= 3);
    assert.deepEqual(listed, [...listed].sort());
    const { ranges } = await door.coverage({ resolution: 1000 });
    assert.equal(ranges.length, 1);
    assert.equal(ranges[0]?.fragments, listed.length);
    const clip = await door.clip({ from: START_MS, to: START_MS + 60_000, format: "mkv" });
    const bytes = (await clip.arrayBuffer()).byteLength;
    assert.equal(bytes, Number(clip.headers.get("content-length")));
    const hold = await door.hold({ from: START_MS, to: START_MS + 1000, why: "theft", who: "ann" });
    assert.deepEqual(
      (await door.holds()).map(({ id }) => id),
      [hold.id],
    );
    await assert.rejects(door.delete(), { code: "stream.held" });
    assert.deepEqual(
      (await bank.streams()).map(({ name }) => name),
      ["door"],
    );
    const nobody = new Streambank({ url: "http://127.0.0.1:9" });
    await assert.rejects(
      nobody.streams(),
      (error: ApiError) => error.passing && error.status === 0,
    );
  });

  test("fragments: from the earliest, after a token, from a time; over a server that is killed", async () => {
    using dir = tempDir("client");
    await using first = await startServerProcess(dir.path, ["--create-missing"]);
    const port = new URL(first.url).port;
    const camera = new Camera(first.url, "cam");
    camera.put(300);
    await camera.producer.flush();
    const bank = new Streambank({ url: first.url });
    const cam = bank.stream("cam");
    const listed: string[] = [];
    for await (const { number } of cam.fragments()) listed.push(number);
    const all = await take(cam, listed.length, { from: "earliest" });
    assert.deepEqual(tokens(all), listed);
    assert.deepEqual(
      all.map(({ fragmentNumber }) => fragmentNumber),
      listed,
    );
    assert.ok(all.every(({ frames }) => frames.length > 0));
    const after = await take(cam, 2, { from: { after: listed[1] ?? "" } });
    assert.deepEqual(tokens(after), listed.slice(2, 4));
    const producerMs = all[2]?.producerMs ?? 0;
    assert.deepEqual(tokens(await take(cam, 1, { from: { producerMs } })), listed.slice(2, 3));
    await assert.rejects(take(bank.stream("none"), 1, {}), { status: 404 });
    // It reads on while the server dies and comes back, and the camera goes on.
    const told: unknown[] = [];
    const reading = take(cam, listed.length + 4, {
      from: "earliest",
      lost: (error) => told.push(error),
    });
    await first.kill();
    await using second = await startServerProcess(dir.path, ["--http-port", port]);
    camera.put(300);
    await camera.end();
    const read = await reading;
    assert.equal(new Set(tokens(read)).size, read.length);
    const later: string[] = [];
    for await (const { number } of new Streambank({ url: second.url }).stream("cam").fragments())
      later.push(number);
    assert.deepEqual(tokens(read), later.slice(0, read.length));
  });

  test("frames as they arrive", async () => {
    await using server = await startTestServer({ createMissing: true });
    const camera = new Camera(server.url, "cam");
    camera.put(60);
    await camera.producer.flush();
    const items: LiveItem[] = [];
    const stop = new AbortController();
    const bank = new Streambank({ url: server.url });
    for await (const item of bank.stream("cam").frames({ from: START_MS, signal: stop.signal })) {
      items.push(item);
      if (items.filter(({ kind }) => kind === "frame").length === 50) stop.abort();
    }
    const frames = items.filter((item) => item.kind === "frame").slice(0, 50);
    assert.equal(items.find(({ kind }) => kind === "config" || kind === "frame")?.kind, "config");
    assert.ok(frames[0]?.join && frames[0].key && frames[0].payload.length > 0);
    const times = frames.map(({ timeUs }) => timeUs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.equal(times[0], START_MS * 1000);
    await camera.end();
  });

  test("a group: another consumer goes on where the first had come to", async () => {
    await using server = await startTestServer({ createMissing: true });
    const camera = new Camera(server.url, "cam");
    camera.put(300);
    await camera.end();
    const bank = new Streambank({ url: server.url });
    const listed: string[] = [];
    for await (const { number } of bank.stream("cam").fragments()) listed.push(number);
    const readBy = async (consumer: string, count: number, fail = false): Promise<string[]> => {
      const stop = new AbortController();
      const seen: string[] = [];
      const options = { group: "g", consumer, from: "earliest", ttlMs: 1000 } as const;
      await bank.group({ ...options, signal: stop.signal }).run((_, { token }) => {
        if (seen.length === count) {
          stop.abort();
          if (fail) throw new Error("this one is not done");
          return;
        }
        seen.push(token);
      });
      return seen;
    };
    assert.deepEqual(await readBy("a", 2, true), listed.slice(0, 2));
    const [place] = await bank.groupPlaces("g");
    assert.equal(place?.token, listed[1]);
    assert.equal(place?.consumer, undefined);
    assert.deepEqual(await readBy("b", 2), listed.slice(2, 4));
  });
});
