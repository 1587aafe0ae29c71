import assert from "node:assert/strict";
import { test } from "node:test";
import { fastify } from "fastify";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { internalRoutes, letGoQuery } from "./internal-routes.ts";
import { NodeAuth } from "./node-auth.ts";

test("a stream is asked for by the producer's identity; nodes of the version before ask, and are asked, by an RTMP encoder's address", async () => {
  const asked: string[] = [];
  const app = fastify();
  const [auth, clock] = [new NodeAuth("secret", "a"), new FakeClock()];
  const letGo = async (_stream: string, identity: string) => asked.push(identity) > 0;
  const readHere = async () => new Uint8Array();
  internalRoutes(app, { auth, clock, letGo, readHere });
  const ask = async (query: string) => {
    const url = `/internal/streams/cam/let-go${query}`;
    const authorization = auth.header({ method: "POST", path: url }, clock.now());
    const { statusCode } = await app.inject({ method: "POST", url, headers: { authorization } });
    assert.equal(statusCode, 200);
  };
  const before = (query: string) => new URLSearchParams(query).get("address");
  const rtmp = letGoQuery("rtmp from 10.0.0.7");
  await ask(rtmp);
  await ask("?address=10.0.0.7");
  await ask(letGoQuery("a key & more"));
  assert.deepEqual(asked, ["rtmp from 10.0.0.7", "rtmp from 10.0.0.7", "a key & more"]);
  assert.deepEqual([before(rtmp), before(letGoQuery("a key"))], ["10.0.0.7", null]);
  await app.close();
});
