/** A key that is bound to a window of time: every kind of file that HLS and DASH have, and routes that do not look at a query. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { cli, startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

interface Item {
  readonly producerMs: number;
  readonly durationMs: number;
}

async function scene() {
  const dir = tempDir("windows");
  const server = await startTestServer({ auth: "on" });
  const root = server.parts.rootKey?.token ?? "";
  const tokenFile = join(dir.path, "token");
  writeFileSync(tokenFile, root);
  const args = ["put", SAMPLE, "--stream", "cam", "--create", "--start", String(START_MS)];
  const create = await fetch(`${server.url}/v1/streams`, {
    method: "POST",
    headers: { authorization: `Bearer ${root}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "cam", retentionHours: 24 }),
  });
  assert.equal(create.status, 201);
  const pushing = args.filter((one) => one !== "--create");
  const done = await cli([...pushing, "--server", server.url, "--token-file", tokenFile]);
  assert.equal(done.code, 0, done.err);
  const get = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${server.url}/v1/streams/cam${path}`, { headers });
    return { status: answer.status, text: await answer.text() };
  };
  const key = async (from: number, to: number): Promise<string> => {
    const answer = await fetch(`${server.url}/v1/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${root}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "w", actions: ["read"], streams: "cam", from, to }),
    });
    return ((await answer.json()) as { token: string }).token;
  };
  const { fragments } = JSON.parse((await get("/fragments", root)).text) as { fragments: Item[] };
  const close = async () => {
    await server.close();
    dir[Symbol.dispose]();
  };
  return { get, key, root, fragments, [Symbol.asyncDispose]: close };
}

suite("a key with a window of time", () => {
  test("loads the fragments that touch it and no other, whatever its query says", async () => {
    await using s = await scene();
    assert.ok(s.fragments.length >= 3);
    const [first, last] = [s.fragments[0], s.fragments.at(-1)];
    assert.ok(first !== undefined && last !== undefined);
    const [from, to] = [first.producerMs, first.producerMs + first.durationMs - 100];
    const end = last.producerMs + last.durationMs;
    const token = await s.key(from, to);
    const own = `from=${from}&to=${to}`;
    const all = `from=${from}&to=${end}`;
    for (const list of ["/hls/index.m3u8", "/hls/v.m3u8", "/hls/av.m3u8", "/dash/manifest.mpd"]) {
      assert.equal((await s.get(`${list}?${own}`, token)).status, 200, list);
      for (const query of ["", `?${all}`, `?from=${from}`, `?${own}&clock=server`])
        assert.equal((await s.get(list + query, token)).status, 403, list + query);
    }
    const playlist = (await s.get(`/hls/v.m3u8?${all}`, s.root)).text;
    const segments = playlist.split("\n").filter((line) => line.endsWith(".m4s"));
    assert.equal(segments.length, s.fragments.length);
    const times = s.fragments.map(({ producerMs }) => `v-t${producerMs * 1000}.m4s`);
    for (const files of [segments, times])
      for (const [i, file] of files.entries()) {
        assert.equal((await s.get(`/hls/${file}`, s.root)).status, 200, file);
        for (const query of ["", `?${own}`]) {
          const { status } = await s.get(`/hls/${file}${query}`, token);
          assert.equal(status, i === 0 ? 200 : 404, file + query);
        }
      }
    const [, init = ""] = /URI="(init[^"]+)"/.exec(playlist) ?? [];
    assert.equal((await s.get(`/hls/${init}`, token)).status, 200);
    assert.equal((await s.get(`/hls/gap.m4s?${own}`, token)).status, 200);
    assert.equal((await s.get(`/hls/v-1.0.m4s?${own}`, token)).status, 403, "a live part");
  });

  test("gets nothing from routes that do not look at the query", async () => {
    await using s = await scene();
    const [from, to] = [START_MS, START_MS + 1000];
    const token = await s.key(from, to);
    for (const path of ["", "/endpoint", "/holds"])
      for (const query of ["", `?from=${from}&to=${to}`, `?at=${from}`])
        assert.equal((await s.get(path + query, token)).status, 403, path + query);
    for (const path of ["/fragments", "/coverage", "/gaps", "/clip.mkv"]) {
      assert.equal((await s.get(`${path}?from=${from}&to=${to}`, token)).status, 200, path);
      assert.equal((await s.get(`${path}?from=${from}&to=${to + 1}`, token)).status, 403, path);
      // Times of pictures, which these do not know.
      assert.equal((await s.get(`${path}?at=${from}`, token)).status, 403, path);
    }
    const twice = `/clip.mkv?from=${from}&to=${to}&from=${from - 1000}`;
    assert.equal((await s.get(twice, token)).status, 403);
  });
});
