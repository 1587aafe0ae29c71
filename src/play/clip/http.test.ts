/** The answer over real sockets, from a plan made of plain bytes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { Fault } from "../../base/errors.ts";
import { parseRange, sendClip } from "./http.ts";
import type { ClipPlan } from "./plan.ts";

const BODY = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);

function planOf(more: Partial<ClipPlan> = {}): ClipPlan {
  return {
    ...{ size: BODY.length, etag: '"tag"', contentType: "video/mp4", fileName: "cam_x.mp4" },
    ...{ firstUs: 1_790_000_000_000_900, lastUs: 1_790_000_006_000_100, fragments: 3 },
    omittedTracks: [],
    async *chunks(
      { start, end } = { start: 0, end: BODY.length },
    ): AsyncGenerator<Uint8Array, undefined> {
      for (let at = start; at < end; at += 700) yield BODY.subarray(at, Math.min(end, at + 700));
    },
    ...more,
  };
}

suite("sendClip", () => {
  let plan = planOf();
  let over: Promise<void> | undefined;
  const server = createServer((req, res) => {
    over = sendClip(req, res, plan);
  });
  let url = "";
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = async (headers: Record<string, string> = {}, method = "GET") => {
    const response = await fetch(url, { headers, method });
    return { response, body: new Uint8Array(await response.arrayBuffer()) };
  };

  test("sends the whole clip with its length, tag, name and true extent", async () => {
    plan = planOf();
    const { response, body } = await get();
    assert.equal(response.status, 200);
    assert.deepEqual(body, BODY);
    const want = {
      "content-length": "5000",
      etag: '"tag"',
      "accept-ranges": "bytes",
      "content-type": "video/mp4",
      "content-disposition": 'attachment; filename="cam_x.mp4"',
      "cache-control": "private, no-cache",
      "x-streambank-from": "2026-09-21T14:13:20.000Z",
      "x-streambank-to": "2026-09-21T14:13:26.001Z",
    };
    for (const [name, value] of Object.entries(want))
      assert.equal(response.headers.get(name), value, name);
    assert.equal(response.headers.get("x-streambank-omitted-tracks"), null);
  });

  test("answers HEAD with the headers of GET and reads nothing", async () => {
    let asked = 0;
    plan = planOf({
      chunks: () => {
        asked++;
        return planOf().chunks();
      },
    });
    const { response, body } = await get({}, "HEAD");
    assert.equal(response.headers.get("content-length"), "5000");
    assert.equal(body.length, 0);
    const ranged = await get({ range: "bytes=0-9" }, "HEAD");
    assert.equal(ranged.response.status, 206);
    assert.equal(ranged.response.headers.get("content-length"), "10");
    assert.equal(asked, 0);
  });

  test("sends one byte range, and the whole for several or for another clip", async () => {
    plan = planOf();
    const part = await get({ range: "bytes=1000-1999" });
    assert.equal(part.response.status, 206);
    assert.equal(part.response.headers.get("content-range"), "bytes 1000-1999/5000");
    assert.deepEqual(part.body, BODY.subarray(1000, 2000));
    assert.deepEqual((await get({ range: "bytes=-7" })).body, BODY.subarray(4993));
    assert.equal((await get({ range: "bytes=0-1,4-5" })).response.status, 200);
    const headers = { range: "bytes=0-1" };
    assert.equal((await get({ ...headers, "if-range": '"tag"' })).response.status, 206);
    assert.equal((await get({ ...headers, "if-range": '"old"' })).response.status, 200);
    assert.equal((await get({ ...headers, "if-range": 'W/"tag"' })).response.status, 200);
  });

  test("answers 304 to a copy that is still true, and 416 past the end", async () => {
    plan = planOf();
    for (const tag of ['"tag"', 'W/"tag"', '"a", "tag"', "*"]) {
      const { response, body } = await get({ "if-none-match": tag });
      assert.equal(response.status, 304, tag);
      assert.equal(body.length, 0);
      assert.equal(response.headers.get("etag"), '"tag"');
    }
    assert.equal((await get({ "if-none-match": '"other"' })).response.status, 200);
    const { response, body } = await get({ range: "bytes=5000-" });
    assert.equal(response.status, 416);
    assert.equal(response.headers.get("content-range"), "bytes */5000");
    const { error } = JSON.parse(new TextDecoder().decode(body)) as { error: { code: string } };
    assert.equal(error.code, "request.range-not-satisfiable");
  });

  test("names the tracks it leaves out, whatever their codec ids hold", async () => {
    const track = {
      number: 2,
      type: "audio",
      codecId: "A_MS/ACM\r\nx: é",
      encoding: "plain",
    } as const;
    plan = planOf({ omittedTracks: [track] });
    const { response } = await get();
    assert.equal(response.headers.get("x-streambank-omitted-tracks"), "2 A_MS/ACM??x: ?");
  });

  test("cuts the connection when media goes while it is sent", async () => {
    plan = planOf({
      async *chunks(): AsyncGenerator<Uint8Array, undefined> {
        yield BODY.subarray(0, 100);
        throw new Fault("store.not-found", "retention");
      },
    });
    await assert.rejects(get());
    await over;
  });

  test("waits for a slow client, and stops reading when it goes away", async () => {
    let given = 0;
    let stopped = false;
    const piece = new Uint8Array(1 << 20);
    plan = planOf({
      size: 1e9,
      async *chunks(): AsyncGenerator<Uint8Array, undefined> {
        try {
          for (; given < 900; given++) yield piece;
        } finally {
          stopped = true;
        }
      },
    });
    const req = request(url);
    req.end();
    const [res] = await once(req, "response");
    await once(res, "readable");
    // The client reads no more; the server must have stopped by itself, far from the end.
    for (let i = 0, last = -1; last !== given || i < 50; i++) {
      last = given;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(given < 100, `${given} MB given`);
    req.on("error", () => {});
    res.on("error", () => {});
    req.destroy();
    await over;
    assert.equal(stopped, true);
  });
});

suite("parseRange", () => {
  test("reads what RFC 9110 allows of one range, and ignores the rest", () => {
    const cases = [
      ["bytes=0-0", { start: 0, end: 1 }],
      ["bytes=10-", { start: 10, end: 100 }],
      ["bytes=99-99", { start: 99, end: 100 }],
      ["bytes=50-1000", { start: 50, end: 100 }],
      ["bytes=-1", { start: 99, end: 100 }],
      ["bytes=-1000", { start: 0, end: 100 }],
      ["BYTES=1-2", { start: 1, end: 3 }],
      ["bytes=100-", "unsatisfiable"],
      ["bytes=-0", "unsatisfiable"],
      ["bytes=5-4", undefined],
      ["bytes=-", undefined],
      ["bytes=0-1,3-4", undefined],
      ["items=0-1", undefined],
      ["bytes=0x1-2", undefined],
      ["", undefined],
    ] as const;
    for (const [header, want] of cases) assert.deepEqual(parseRange(header, 100), want, header);
  });
});
