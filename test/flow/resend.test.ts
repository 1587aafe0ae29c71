/** Media that is sent again: acks were lost, a producer came back, somebody ran the same command twice. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { oracleBlocks, oracleFrames } from "../support/ebml-oracle.ts";
import { makeMedia } from "../support/media.ts";
import { type Ack, putMedia } from "../support/put-media.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;

const numbersOf = (acks: readonly Ack[]) =>
  acks.filter((a) => a.EventType === "PERSISTED").map((a) => a.FragmentNumber ?? "");

async function push(url: string, file: Uint8Array, startMs = START): Promise<readonly Ack[]> {
  const call = putMedia({ url, stream: "cam", startMs });
  await call.write(file);
  call.end();
  return call.acks;
}

async function fragmentsOf(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/streams/cam/fragments`);
  const { fragments } = (await answer.json()) as { fragments: { number: string }[] };
  return fragments.map(({ number }) => number).sort();
}

/** Resolves when no producer is connected any more: what the last one sent is decided. */
async function offline(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/v1/streams/cam`);
    if (!((await answer.json()) as { live: boolean }).live) return;
  }
}

async function framesOf(url: string) {
  const range = `from=${START - 1000}&to=${START + 60_000}`;
  const answer = await fetch(`${url}/v1/streams/cam/clip.mkv?${range}`);
  return oracleFrames(new Uint8Array(await answer.arrayBuffer()));
}

suite("sent again", needs("ffmpeg"), () => {
  test("the same fragments are stored once, and acked with the numbers they have", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("short-groups"));
    const first = numbersOf(await push(server.url, file));
    const second = numbersOf(await push(server.url, file));
    assert.ok(first.length > 10);
    assert.deepEqual(second.toSorted(), first.toSorted());
    assert.deepEqual(await fragmentsOf(server.url), first.toSorted());
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
  });

  test("two connections that send the same at once store it once", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("short-groups"));
    const acks = await Promise.all([push(server.url, file), push(server.url, file)]);
    const stored = await fragmentsOf(server.url);
    for (const one of acks) assert.deepEqual(numbersOf(one).toSorted(), stored);
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
  });

  test("a connection that broke in a fragment leaves its beginning; sent again, only the rest is stored", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("h264-aac"));
    for (const part of [0.4, 0.45, 0.2, 0.9]) {
      const call = putMedia({ url: server.url, stream: "cam", startMs: START });
      await call.write(file.subarray(0, Math.floor(file.length * part)));
      await call.until((acks) => acks.length > 0);
      call.cut();
      await offline(server.url);
    }
    const acks = await push(server.url, file);
    const timecodes = acks
      .filter((a) => a.EventType === "PERSISTED")
      .map((a) => a.FragmentTimecode);
    assert.equal(new Set(timecodes).size, 3);
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
    assert.ok((await fragmentsOf(server.url)).length > 3);
  });

  test("the beginning may be decided after the whole: it is not stored beside it", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("h264-aac"));
    const dead = putMedia({ url: server.url, stream: "cam", startMs: START });
    await dead.write(file.subarray(0, Math.floor(file.length * 0.5)));
    await dead.until((acks) => acks.filter((a) => a.EventType === "BUFFERING").length > 1);
    await push(server.url, file);
    dead.cut();
    await offline(server.url);
    assert.equal((await fragmentsOf(server.url)).length, 3);
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
  });

  test("a clip that starts in such a rest reaches back to its key frame", async () => {
    await using server = await startTestServer({ createMissing: true });
    const file = readFileSync(await makeMedia("h264-aac"));
    const call = putMedia({ url: server.url, stream: "cam", startMs: START });
    await call.write(file.subarray(0, Math.floor(file.length * 0.5)));
    await call.until((acks) => acks.filter((a) => a.EventType === "BUFFERING").length > 1);
    call.cut();
    await offline(server.url);
    await push(server.url, file);
    const answer = await fetch(`${server.url}/v1/streams/cam/fragments`);
    const { fragments } = (await answer.json()) as {
      fragments: { producerMs: number; seekable: boolean }[];
    };
    const rest = fragments.find(({ seekable }) => !seekable);
    assert.ok(rest, "a rest was stored");
    const at = rest.producerMs + 1;
    const clip = await fetch(`${server.url}/v1/streams/cam/clip.mkv?from=${at}&to=${at + 100}`);
    const [first] = oracleBlocks(new Uint8Array(await clip.arrayBuffer()));
    assert.equal(first?.key, true);
    assert.ok(first.payload.length > 100, "a picture");
  });

  test("media of the same time that is not the same is kept beside it", async () => {
    await using server = await startTestServer({ createMissing: true });
    const [a, b] = [await makeMedia("h264-aac"), await makeMedia("video-only")];
    await push(server.url, readFileSync(a));
    await push(server.url, readFileSync(b));
    assert.equal((await fragmentsOf(server.url)).length, 6);
  });

  test("after kill -9 a producer that sends everything again loses nothing and doubles nothing", async () => {
    using dir = tempDir("resend");
    const file = readFileSync(await makeMedia("short-groups"));
    await using killed = await startServerProcess(dir.path, ["--create-missing"]);
    const call = putMedia({ url: killed.url, stream: "cam", startMs: START });
    await call.write(file.subarray(0, Math.floor(file.length / 2)));
    await call.until((acks) => numbersOf(acks).length >= 5);
    await killed.kill();
    call.cut();
    await using server = await startServerProcess(dir.path);
    const acked = numbersOf(await push(server.url, file));
    for (const number of numbersOf(call.seen)) assert.ok(acked.includes(number), number);
    assert.equal(new Set(acked).size, acked.length);
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
    await server.stop();
  });
});
