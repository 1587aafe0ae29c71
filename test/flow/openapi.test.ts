/** The API's description: valid, whole, and true of what the server answers. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { buildApp } from "../../src/server/app.ts";
import { notDurable } from "../support/outcome.ts";
import { startTestServer } from "../support/server.ts";

const START_MS = 1_790_000_000_000;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, object>> }>
  >;
}

suite("the API's description", { timeout: 300_000 }, () => {
  test("is valid OpenAPI 3.1, has every route there is, and its page needs nothing else", async () => {
    await using server = await startTestServer({ auth: "on" });
    const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as Document;
    const result = await new Validator().validate({ ...document });
    assert.deepEqual(result.errors ?? [], []);
    assert.equal(result.valid, true);
    const app = buildApp(server.parts);
    await app.ready();
    const there = [...app.knownRoutes].filter((route) => {
      const [, path = ""] = route.split(" ");
      // Of `/v1/…` KVS has some, too.
      return path.startsWith("/v1/") && !/alexa|ice-server/.test(path);
    });
    const said = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
      ),
    );
    const sockets = ["GET /v1/streams/:name/put", "GET /v1/streams/:name/tail"];
    assert.deepEqual(said.sort(), [...there, ...sockets].sort());
    const ids = Object.values(document.paths).flatMap((m) =>
      Object.values(m).map((o) => o.operationId),
    );
    assert.equal(new Set(ids).size, ids.length, "ids are unique");
    await app.close();
    const page = await fetch(`${server.url}/v1/docs`);
    const html = await page.text();
    for (const path of Object.keys(document.paths))
      assert.ok(html.includes(`<code>${path}</code>`), path);
    assert.doesNotMatch(html, /<script|src=|@import|https?:/);
  });

  test("what the server answers is what it says", async () => {
    await using server = await startTestServer({ auth: "on" });
    const { rootKey } = server.parts;
    assert.ok(rootKey);
    const authorization = `Bearer ${rootKey.token}`;
    const document = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as Document;
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, "doc");
    const asked = new Set<string>();
    /** Asks, and holds the answer against the description. */
    const ask = async (
      method: string,
      pattern: string,
      options: { query?: string; body?: object; id?: string } = {},
    ) => {
      const { query = "", body, id = "cam" } = options;
      const path = pattern.replace(/\{\w+\}/, id).replace(/\{\w+\}/, "cam");
      const answer = await fetch(server.url + path + query, {
        method,
        headers: {
          authorization,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const operation = document.paths[pattern]?.[method.toLowerCase()];
      assert.ok(operation, `${method} ${pattern}`);
      const status = String(answer.status);
      assert.ok(operation.responses[status], `${method} ${pattern} answers ${status}: ${text}`);
      if (text === "") return undefined;
      const pointer = [pattern.replaceAll("~", "~0").replaceAll("/", "~1"), method.toLowerCase()];
      const json = `doc#/paths/${pointer.join("/")}/responses/${status}/content/application~1json/schema`;
      const check = ajv.getSchema(json.replaceAll("{", "%7B").replaceAll("}", "%7D"));
      assert.ok(check, json);
      const value = JSON.parse(text) as { readonly [name: string]: string };
      assert.ok(
        check(value),
        `${method} ${pattern}: ${ajv.errorsText(check.errors)}\n${text.slice(0, 500)}`,
      );
      asked.add(`${method} ${pattern}`);
      return value;
    };
    const S = "/v1/streams/{name}";
    await ask("POST", "/v1/streams", {
      body: { name: "cam", retentionHours: 24, mediaType: "video/h264" },
    });
    assert.equal(await record(server.url, rootKey.token), 0);
    const range = `?from=${START_MS}&to=${START_MS + 10_000}`;
    await ask("GET", "/v1/streams");
    await ask("GET", S);
    await ask("PATCH", S, { body: { retentionHours: 48 } });
    await ask("GET", `${S}/endpoint`);
    const page = await ask("GET", `${S}/fragments`, { query: `${range}&limit=2` });
    const { fragments } = page as unknown as { readonly fragments: readonly { number: string }[] };
    await ask("GET", `${S}/coverage`, { query: range });
    await ask("GET", `${S}/coverage`, { query: `${range}&buckets=4` });
    await ask("GET", `${S}/gaps`);
    await ask("POST", `${S}/retention/preview`, { body: { retentionHours: 1 } });
    const hold = await ask("POST", `${S}/holds`, {
      body: { from: START_MS, to: START_MS + 1000, why: "w", who: "me" },
    });
    await ask("GET", `${S}/holds`);
    await ask("GET", "/v1/holds");
    await ask("DELETE", "/v1/holds/{id}", { id: hold?.id ?? "" });
    await ask("POST", `${S}/delete-range`, { body: { from: START_MS, to: START_MS + 1 } });
    await ask("GET", "/v1/retention");
    await ask("PUT", `${S}/source`, { body: { url: "rtsp://127.0.0.1:1/x" } });
    await ask("GET", `${S}/source`);
    await ask("GET", "/v1/sources");
    await ask("DELETE", `${S}/source`);
    const hook = await ask("POST", "/v1/hooks", { body: { url: "http://127.0.0.1:1/h" } });
    await ask("GET", "/v1/hooks");
    await ask("POST", "/v1/hooks/{id}/test", { id: hook?.id ?? "" });
    await ask("DELETE", "/v1/hooks/{id}", { id: hook?.id ?? "" });
    await ask("GET", "/v1/events");
    await ask("GET", "/v1/nodes");
    const PLACE = "/v1/groups/{group}/streams/{name}";
    await ask("POST", `${PLACE}/claim`, { id: "g", body: { consumer: "c", ttlMs: 5000 } });
    await ask("PUT", `${PLACE}/checkpoint`, {
      id: "g",
      body: { consumer: "c", token: fragments[0]?.number },
    });
    await ask("GET", "/v1/groups/{group}", { id: "g" });
    await ask("POST", `${PLACE}/release`, { id: "g", body: { consumer: "c" } });
    await ask("DELETE", PLACE, { id: "g" });
    const key = await ask("POST", "/v1/keys", {
      body: { name: "k", actions: ["read"], streams: "*" },
    });
    await ask("GET", "/v1/keys");
    await ask("DELETE", "/v1/keys/{id}", { id: key?.id ?? "" });
    await ask("POST", "/v1/users", {
      body: { name: "ann", password: "a-long-password", role: "viewer" },
    });
    await ask("GET", "/v1/users");
    await ask("PATCH", "/v1/users/{user}", { id: "ann", body: { role: "admin" } });
    await ask("POST", "/v1/sign-in", { body: { name: "ann", password: "a-long-password" } });
    await ask("DELETE", "/v1/users/{user}", { id: "ann" });
    await ask("GET", "/v1/server");
    await ask("GET", "/v1/server/history");
    await ask("GET", "/v1/session");
    await ask("POST", "/v1/session", { body: { actions: ["read"], streams: "cam" } });
    await ask("POST", "/v1/sign-out");
    await ask("GET", "/v1/audit", { query: "?limit=5" });
    await ask("DELETE", S);
    assert.ok(asked.size >= 36, `${asked.size} answers were held against it`);
  });
});

async function record(url: string, token: string): Promise<number> {
  const track = { number: 1, type: "video", codecId: "V_TEST", encoding: "plain" } as const;
  const producer = new Producer({
    ...{ url, stream: "cam", tracks: [{ ...track, video: { width: 2, height: 2 } }] },
    ...{ clock: realClock, token: async () => token },
  });
  for (let i = 0; i < 100; i++)
    producer.putFrame({
      ...{ track: 1, data: new Uint8Array(100).fill(i), key: i % 25 === 0 },
      timestampUs: (START_MS + i * 40) * 1000,
    });
  return notDurable(await producer.end(10_000));
}
