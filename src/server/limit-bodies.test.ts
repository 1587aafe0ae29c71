import assert from "node:assert/strict";
import { request } from "node:http";
import { suite, test } from "node:test";
import { fastify } from "fastify";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { rawPeer } from "../../test/support/raw-http.ts";
import { BODY_MS, limitBodies } from "./limit-bodies.ts";

async function scene() {
  const clock = new FakeClock();
  const app = fastify({ forceCloseConnections: true });
  limitBodies(app, clock);
  let begun = 0;
  const waiting: (() => void)[] = [];
  app.addHook("onRequest", async () => {
    begun++;
    for (const wake of waiting.splice(0)) wake();
  });
  app.post("/json", async ({ body }) => body);
  app.register((scope, _options, ready) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_req, _payload, done) => done(null));
    scope.post("/putMedia", (req, reply) => {
      reply.hijack();
      req.raw.resume().once("end", () => reply.raw.end("all of it"));
    });
    ready();
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as { port: number };
  const started = async (count: number) => {
    while (begun < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { clock, port, started, [Symbol.asyncDispose]: () => app.close() };
}

const post = (path: string) =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;

suite("the deadline of bodies", () => {
  test("a body that drips is refused and its connection closed, with a length or in chunks", async () => {
    await using s = await scene();
    for (const [i, head] of [
      "content-length: 100\r\n",
      "transfer-encoding: chunked\r\n",
    ].entries()) {
      using peer = rawPeer(s.port);
      peer.send(`${post("/json")}${head}\r\n${i === 0 ? "{" : "1\r\n{\r\n"}`);
      await s.started(i + 1);
      s.clock.advance(BODY_MS - 1);
      peer.send(i === 0 ? " " : "1\r\n \r\n");
      s.clock.advance(1);
      const answer = await peer.ended;
      assert.match(answer, /^HTTP\/1\.1 408 /);
      assert.match(answer, /request\.too-slow/);
    }
    assert.equal(s.clock.pendingTimers, 0);
  });

  test("one that has come is not timed any more, and media has no deadline", async () => {
    await using s = await scene();
    const url = `http://127.0.0.1:${s.port}`;
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/json`, { method: "POST", headers, body: "{}" });
    assert.equal(await answer.text(), "{}");
    assert.equal(s.clock.pendingTimers, 0);
    const media = request(`${url}/putMedia`, { method: "POST", headers });
    media.write("a");
    await s.started(2);
    s.clock.advance(BODY_MS * 100);
    const done = new Promise<string>((resolve, reject) => {
      media.once("error", reject);
      media.once("response", (res) => {
        let text = "";
        res.on("data", (piece: Buffer) => {
          text += piece.toString();
        });
        res.once("end", () => resolve(text));
      });
    });
    media.end("b");
    assert.equal(await done, "all of it");
  });
});
