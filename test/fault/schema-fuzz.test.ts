/**
 * Every operation of KVS and every route of `/v1` with bodies and queries that fit its tables, that nearly fit, and that nobody would
 * send: an answer each time, in its own form, with a code, never 500. The seed is printed; STREAMBANK_SEED asks for another one.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import fc, { type Arbitrary } from "fast-check";
import { Fault } from "../../src/base/errors.ts";
import { INPUTS, type OperationName, pathOf } from "../../src/server/kvs/model.ts";
import { check } from "../../src/server/kvs/shapes.ts";
import { type GuardedServer, guardedServer } from "../support/guarded-server.ts";
import {
  type JsonSchema,
  nearly,
  ofSchema,
  ofStructure,
  wild,
  wildText,
} from "../support/schema-values.ts";
import { putFile } from "../support/signed-put.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const START_MS = 1_790_000_000_000;
const SEED = Number(process.env.STREAMBANK_SEED ?? 20_261_201);
/** For each route; those that start ffmpeg or work a password out get fewer. */
const RUNS = 20;
const FEW = 3;
const DEAR = /image|thumbnail|sources\/test|\/v1\/users|password|sign-in/i;
/** Nobody waits longer for the first byte of a refusal, ms. */
const LONGEST_MS = 20_000;
const OPERATIONS = Object.keys(INPUTS) as OperationName[];

const near = (ms: number) => START_MS + ms;
const times = fc.oneof(
  fc.integer({ min: -10_000, max: 20_000 }).map(near),
  fc.constantFrom(0, -1, 2 ** 53, START_MS + 0.5, "2026-09-21T14:13:20Z", "now", ""),
);
/** What is there, most of the time; addresses lead to no other machine. */
const BY_NAME = {
  StreamName: fc.oneof({ weight: 4, arbitrary: fc.constant("cam") }, wildText),
  name: fc.oneof(fc.constantFrom("cam", "other", "ann"), wildText),
  Fragments: fc.array(fc.stringMatching(/^[0-9]{1,60}$/), { minLength: 1, maxLength: 5 }),
  Uri: fc.constantFrom("http://127.0.0.1:1/", "s3://bucket", "file:///etc/passwd", "x:y"),
  url: fc.constantFrom("rtsp://127.0.0.1:1/x", "http://127.0.0.1:1/", "file:///etc/passwd", ""),
  ...{ from: times, to: times, at: times, until: times },
  StartTimestamp: fc.integer({ min: -10, max: 20 }).map((s) => START_MS / 1000 + s),
  EndTimestamp: fc.integer({ min: -10, max: 20 }).map((s) => START_MS / 1000 + s),
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

interface Operation {
  readonly parameters?: readonly { in: string; name: string; schema: JsonSchema }[];
  readonly requestBody?: { content: { "application/json": { schema: JsonSchema } } };
}

suite(`whatever is sent (seed ${SEED})`, { timeout: 120_000 }, () => {
  let scene: GuardedServer;

  before(async () => {
    scene = await guardedServer();
    const { archive } = scene.server.parts;
    await archive.create({ name: "cam", retentionHours: 24 });
    const put = { url: scene.url, stream: "cam", startMs: START_MS, credentials: scene.root };
    await putFile(put, SAMPLE);
  });
  after(() => scene[Symbol.asyncDispose]());

  /** The answer's head; its body only where it is a refusal. */
  async function ask({ method, path, body }: Asked) {
    const gone = new AbortController();
    const late = AbortSignal.timeout(LONGEST_MS);
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(scene.url + path, {
      ...{ method, redirect: "manual" },
      headers: { authorization: `Bearer ${scene.token}`, ...type },
      signal: AbortSignal.any([gone.signal, late]),
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const { status, headers } = response;
    const text = status >= 400 ? await response.text() : "";
    gone.abort();
    return { status, kind: headers.get("x-amzn-errortype"), text };
  }

  /** Says what is wrong with an answer of KVS. */
  async function kvsAnswer(asked: Asked): Promise<void> {
    const { status, kind, text } = await ask(asked);
    if (status < 400) return;
    const said = `${status} ${kind} ${text}`;
    assert.ok(status < 500 || status === 503, said);
    assert.match(kind ?? "", /^[A-Z]\w+$/, said);
    assert.equal(typeof JSON.parse(text).Message, "string", said);
  }

  async function ownAnswer(asked: Asked): Promise<void> {
    const { status, text } = await ask(asked);
    if (status < 400) return;
    const said = `${status} ${text}`;
    assert.ok(status < 500 || status === 503, said);
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    assert.match(error.code, /^[a-z]+\.[a-z-]+$/, said);
    assert.ok(error.message.length > 0, said);
  }

  const run = (property: fc.IAsyncProperty<[Asked]>, numRuns: number) =>
    fc.assert(property, { seed: SEED, numRuns, endOnFailure: true });

  test("the tables of KVS take what they allow, and say request.bad to what they do not", () => {
    for (const name of OPERATIONS) {
      const fitting = ofStructure(INPUTS[name]);
      fc.assert(
        fc.property(fitting, (input) => check(INPUTS[name], input, "")),
        { seed: SEED, numRuns: 100 },
      );
      fc.assert(
        fc.property(fc.oneof(nearly(fitting), wild), (input) => {
          try {
            check(INPUTS[name], input, "");
          } catch (error) {
            assert.ok(error instanceof Fault && error.code === "request.bad", String(error));
          }
        }),
        { seed: SEED, numRuns: 100 },
      );
    }
  });

  test("to an operation of KVS is answered in KVS's way", async () => {
    for (const name of OPERATIONS) {
      const fitting = ofStructure(INPUTS[name], BY_NAME);
      const body = fc.oneof(fitting, nearly(fitting), wild, wildText);
      const asked = body.map((one) => ({ method: "POST", path: pathOf(name), body: one }));
      await run(fc.asyncProperty(asked, kvsAnswer), DEAR.test(name) ? FEW : RUNS);
    }
  });

  test("to a route of our own is answered in ours", async () => {
    const document = await (await fetch(`${scene.url}/v1/openapi.json`)).json();
    const { paths } = document as { paths: Record<string, Record<string, Operation>> };
    const all = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, one]) => requestOf(method.toUpperCase(), path, one)),
    );
    assert.ok(all.length > 55, `${all.length} routes`);
    for (const [path, asked] of all)
      await run(fc.asyncProperty(asked, ownAnswer), DEAR.test(path) ? FEW : RUNS);
    // It is still there.
    assert.equal((await ask({ method: "GET", path: "/healthz" })).status, 200);
  });
});

/** Anything that may be asked of a route. */
function requestOf(method: string, path: string, operation: Operation): [string, Arbitrary<Asked>] {
  const { parameters = [], requestBody } = operation;
  const query = parameters.filter((one) => one.in === "query");
  const places = fc.tuple(
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => place(method, path, name)),
  );
  const values = fc.record(
    Object.fromEntries(query.map(({ name, schema }) => [name, queryValue(name, schema)])),
    { requiredKeys: [] },
  );
  const fitting = requestBody && ofSchema(requestBody.content["application/json"].schema, BY_NAME);
  const body =
    fitting === undefined ? fc.constant(undefined) : fc.oneof(fitting, nearly(fitting), wild);
  const asked = fc.tuple(places, values, body).map(([at, given, sent]) => {
    let i = 0;
    const there = path.replace(/\{\w+\}/g, () =>
      encodeURIComponent((at[i++] ?? "").toWellFormed()),
    );
    const search = new URLSearchParams(given as Record<string, string>);
    return { method, path: `${there}?${search}`, ...(sent === undefined ? {} : { body: sent }) };
  });
  return [path, asked];
}

function place(method: string, path: string, name: string | undefined): Arbitrary<string> {
  // The stream, and who asks, have to be there for the next one.
  const there = method === "DELETE" && path === "/v1/streams/{name}" ? "none" : "cam";
  if (name === "name")
    return fc.oneof(
      { weight: 4, arbitrary: fc.constant(there) },
      wildText.filter((text) => text !== "cam"),
    );
  if (name === "file")
    return fc.oneof(fc.constantFrom("index.m3u8", "v.m3u8", "a.m3u8", "1-1.m4s"), wildText);
  return fc.oneof(fc.constant("none"), wildText);
}

function queryValue(name: string, schema: JsonSchema): Arbitrary<string> {
  const fitting = name in BY_NAME ? times : ofSchema(schema);
  return fc.oneof({ weight: 3, arbitrary: fitting.map(String) }, wildText);
}
