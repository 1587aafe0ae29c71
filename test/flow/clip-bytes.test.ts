/** Clips over HTTP with a real client (curl): ranges, ETag, HEAD, and the same bytes twice. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { makeMedia } from "../support/media.ts";
import { random } from "../support/random.ts";
import { run } from "../support/run.ts";
import { cli, startTestServer, tempDir } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START = 1_790_000_000_000;

suite("a clip over HTTP", needs("ffmpeg"), () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  const dir = tempDir("curl");
  const url = (format: string) =>
    `${server.url}/v1/streams/cam/clip.${format}?from=${START}&to=${START + 60_000}`;

  before(async () => {
    server = await startTestServer();
    const source = await makeMedia("h264-aac");
    const args = ["put", source, "--stream", "cam", "--create", "--start", String(START)];
    const put = await cli([...args, "--server", server.url]);
    assert.equal(put.code, 0, put.err);
  });
  after(async () => {
    await server.close();
    dir[Symbol.dispose]();
  });

  async function curl(args: readonly string[]): Promise<Buffer> {
    const path = join(dir.path, "out");
    await run("curl", ["-sS", "-o", path, ...args]);
    return readFileSync(path);
  }

  for (const format of ["mkv", "mp4"]) {
    test(`of ${format} gives the same bytes and ETag twice, and HEAD the same headers`, async () => {
      const first = await fetch(url(format));
      const second = await fetch(url(format));
      const head = await fetch(url(format), { method: "HEAD" });
      const bytes = Buffer.from(await first.arrayBuffer());
      assert.ok(bytes.equals(Buffer.from(await second.arrayBuffer())));
      for (const name of ["etag", "content-length", "content-type", "accept-ranges"]) {
        assert.ok(first.headers.get(name), name);
        assert.equal(first.headers.get(name), second.headers.get(name), name);
        assert.equal(first.headers.get(name), head.headers.get(name), name);
      }
      assert.equal(Number(head.headers.get("content-length")), bytes.length);
      assert.equal((await head.arrayBuffer()).byteLength, 0);
      const etag = first.headers.get("etag") ?? "";
      const again = await fetch(url(format), { headers: { "if-none-match": etag } });
      assert.equal(again.status, 304);
    });

    test(`of ${format}: bytes N to M by curl equal the same bytes of the whole`, async () => {
      const whole = await curl([url(format)]);
      const next = random(7);
      for (let i = 0; i < 60; i++) {
        const from = Math.floor(next() * whole.length);
        const to = Math.min(whole.length - 1, from + Math.floor(next() ** 3 * whole.length));
        const part = await curl(["-r", `${from}-${to}`, url(format)]);
        assert.ok(part.equals(whole.subarray(from, to + 1)), `${from}-${to} of ${whole.length}`);
      }
      const tail = await curl(["-r", "-500", url(format)]);
      assert.ok(tail.equals(whole.subarray(-500)));
    });

    test(`of ${format}: a range past the end is 416 and says how long the clip is`, async () => {
      const head = await fetch(url(format), { method: "HEAD" });
      const length = Number(head.headers.get("content-length"));
      const past = await fetch(url(format), { headers: { range: `bytes=${length}-` } });
      assert.equal(past.status, 416);
      assert.equal(past.headers.get("content-range"), `bytes */${length}`);
      await past.arrayBuffer();
    });
  }
});
