/** Media that is sent again: acks were lost, a producer came back, somebody ran the same command twice. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { oracleFrames } from "../support/ebml-oracle.ts";
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
    const killed = await startServerProcess(dir.path, ["--create-missing"]);
    const call = putMedia({ url: killed.url, stream: "cam", startMs: START });
    await call.write(file.subarray(0, Math.floor(file.length / 2)));
    await call.until((acks) => numbersOf(acks).length >= 5);
    await killed.kill();
    call.cut();
    const server = await startServerProcess(dir.path);
    const acked = numbersOf(await push(server.url, file));
    for (const number of numbersOf(call.seen)) assert.ok(acked.includes(number), number);
    assert.equal(new Set(acked).size, acked.length);
    assert.deepEqual(await framesOf(server.url), oracleFrames(file));
    await server.stop();
  });
});
