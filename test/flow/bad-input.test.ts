/** Bad input gets a clear error; other streams go on and nothing stored is lost. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { makeMedia } from "../support/media.ts";
import { putMedia } from "../support/put-media.ts";
import { startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;

async function errorOf(response: Response): Promise<{ status: number; code: string; at?: number }> {
  const body = (await response.json()) as { error: { code: string; message: string; at?: number } };
  assert.ok(body.error.message.length > 0);
  return { status: response.status, ...body.error };
}

async function create(url: string, name: string): Promise<Response> {
  return fetch(`${url}/v1/streams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, retentionHours: 24 }),
  });
}

suite("bad input", needs("ffmpeg"), () => {
  test("an unknown route, stream or parameter is named in a JSON error", async () => {
    await using server = await startTestServer();
    const get = async (path: string) => errorOf(await fetch(`${server.url}${path}`));
    assert.equal((await get("/v1/nothing")).code, "request.no-route");
    assert.equal((await get("/v1/streams/none")).code, "stream.not-found");
    assert.equal((await get("/v1/streams/none/fragments")).status, 404);
    await create(server.url, "cam");
    assert.equal((await get("/v1/streams/cam/fragments?limt=3")).code, "request.bad");
    assert.equal((await get("/v1/streams/cam/clip.mp4?from=2&to=1")).code, "request.bad-time");
    assert.equal(
      (await get("/v1/streams/cam/clip.mp4?from=tomorrow&to=1")).code,
      "request.bad-time",
    );
    assert.equal((await get("/v1/streams/cam/clip.mp4?from=1&to=2")).code, "request.no-media");
  });

  test("a stream name outside the rule is refused, also as a path", async () => {
    await using server = await startTestServer();
    for (const name of ["a b", "..%2f", "é", "x".repeat(257), ".", ".."])
      assert.equal((await create(server.url, name)).status, 400, name);
    const again = await create(server.url, "cam");
    assert.equal(again.status, 201);
    assert.equal((await errorOf(await create(server.url, "cam"))).code, "stream.exists");
  });

  test("bytes that are not Matroska get ERROR 4006 and leave other streams alone", async () => {
    await using server = await startTestServer();
    await create(server.url, "good");
    await create(server.url, "bad");
    const file = readFileSync(await makeMedia("h264-aac"));
    const half = file.subarray(0, file.length >> 1);
    const good = putMedia({ url: server.url, stream: "good", startMs: START });
    void good.write(half);
    const bad = putMedia({ url: server.url, stream: "bad", startMs: START });
    void bad.write(Buffer.from("this is not a camera".repeat(100)));
    bad.end();
    const refused = await bad.acks;
    assert.equal(refused.at(-1)?.EventType, "ERROR");
    assert.equal(refused.at(-1)?.ErrorId, 4006);
    void good.write(file.subarray(half.length));
    good.end();
    const acks = await good.acks;
    assert.equal(acks.filter((a) => a.EventType === "ERROR").length, 0);
    const persisted = acks.filter((a) => a.EventType === "PERSISTED");
    assert.ok(persisted.length >= 2);
    const list = await fetch(`${server.url}/v1/streams/good/fragments`);
    const { fragments } = (await list.json()) as { fragments: { number: string }[] };
    assert.deepEqual(
      fragments.map((f) => f.number).sort(),
      persisted.map((a) => a.FragmentNumber).sort(),
    );
  });

  test("an upload cut mid-frame keeps every fragment that was PERSISTED before it", async () => {
    await using server = await startTestServer();
    await create(server.url, "cam");
    const file = readFileSync(await makeMedia("h264-aac"));
    const put = putMedia({ url: server.url, stream: "cam", startMs: START });
    void put.write(file.subarray(0, Math.floor(file.length * 0.8)));
    await put.until((acks) => acks.some((a) => a.EventType === "PERSISTED"));
    const before = put.seen.filter((a) => a.EventType === "PERSISTED").map((a) => a.FragmentNumber);
    put.cut();
    const list = await fetch(`${server.url}/v1/streams/cam/fragments`);
    const { fragments } = (await list.json()) as { fragments: { number: string }[] };
    for (const number of before) assert.ok(fragments.some((f) => f.number === number));
  });
});
