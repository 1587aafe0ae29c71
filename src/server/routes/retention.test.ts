import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fastify } from "fastify";
import { addPacks, makeStream } from "../../../test/support/index-packs.ts";
import { type RetentionRig, retentionRig } from "../../../test/support/retention.ts";
import { SkewClock } from "../../../test/support/skew-clock.ts";
import { newStream } from "../../archive/stream-info.ts";
import { Fault } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { micros, millis } from "../../base/units.ts";
import { enforceAccess } from "../access/enforce.ts";
import { openGuard } from "../access/open-guard.ts";
import { replyFault } from "../error-reply.ts";
import type { Parts } from "../parts.ts";
import { STRICT_JSON } from "../strict-json.ts";
import { retentionRoutes } from "./retention.ts";
import { streamRoutes } from "./streams.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

type Method = "GET" | "POST" | "PATCH" | "DELETE";
interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
  readonly body: any;
}
interface Api extends AsyncDisposable {
  readonly rig: RetentionRig;
  readonly ids: readonly string[];
  call(method: Method, url: string, body?: object): Promise<Answer>;
}

/** The real routes over the real index, without an archive: `cam` with 300 packs of a minute, 1000 bytes each. */
async function api(): Promise<Api> {
  const rig = await retentionRig({ clock: new SkewClock(NOW) });
  const { index, retention } = rig;
  await makeStream(index, "cam", { retentionHours: 10 });
  const specs = Array.from({ length: 300 }, (_, i) => ({ atMs: NOW - (300 - i) * MINUTE }));
  const ids = await addPacks(index, "cam", specs);
  const archive = {
    async get(name: string) {
      const info = await index.stream(name);
      if (info === undefined) throw new Fault("stream.not-found", `there is no stream ${name}`);
      return info;
    },
    async create(options: Parameters<typeof newStream>[0]) {
      const info = newStream(options, rig.clock.now());
      await index.createStream(info);
      return info;
    },
    gaps: index.gaps.bind(index),
    extent: index.extent.bind(index),
  };
  const parts = {
    ...{ archive, retention, clock: rig.clock, log: silentLogger },
    hub: { status: () => undefined },
    ingest: { producer: () => undefined },
    pulls: { find: () => undefined },
    config: { defaultRetentionHours: 24 },
  } as unknown as Parts;
  const app = fastify({ ajv: STRICT_JSON });
  app.setErrorHandler((error, _req, reply) => replyFault(reply, error));
  enforceAccess(app, openGuard);
  streamRoutes(app, parts);
  retentionRoutes(app, parts);
  const call = async (method: Method, url: string, body?: object): Promise<Answer> => {
    const answer = await app.inject({ method, url, ...(body && { payload: body }) });
    return { status: answer.statusCode, body: answer.body === "" ? undefined : answer.json() };
  };
  const close = async () => {
    await app.close();
    await rig[Symbol.asyncDispose]();
  };
  return { rig, ids, call, [Symbol.asyncDispose]: close };
}

suite("changing a stream", () => {
  test("the preview says what goes, PATCH changes, the sweep takes that", async () => {
    await using server = await api();
    const { call, rig } = server;
    const said = await call("POST", "/v1/streams/cam/retention/preview", { retentionHours: 2 });
    assert.equal(said.status, 200);
    const { packs, bytes, from, to, complete } = said.body;
    assert.deepEqual(
      { packs, bytes, from, to, complete },
      {
        packs: 180,
        bytes: 180_000,
        from: NOW - 300 * MINUTE,
        to: NOW - 120 * MINUTE,
        complete: true,
      },
    );
    const change = {
      retentionHours: 2,
      retentionBytes: 10_000_000,
      mediaType: "video/h264",
      who: "me",
    };
    const { status, body } = await call("PATCH", "/v1/streams/cam", change);
    assert.equal(status, 200);
    assert.deepEqual(
      [body.retentionHours, body.retentionBytes, body.mediaType],
      [2, 10_000_000, "video/h264"],
    );
    assert.notEqual(body.version, "1");
    await rig.retention.sweeper.sweepNow();
    const after = await call("GET", "/v1/streams/cam");
    assert.equal(after.body.bytes, 120_000);
    const { audit } = (await call("GET", "/v1/audit?stream=cam")).body;
    assert.deepEqual(
      audit.map((row: { action: string; who: string }) => `${row.action} ${row.who}`),
      ["removed retention", "stream-changed me", "stream-created server"],
    );
    assert.equal(audit[0].packs, 180);
    assert.deepEqual([audit[0].from, audit[0].to], [NOW - 300 * MINUTE, NOW - 120 * MINUTE]);
  });

  test("with an old version it is refused and nothing changes", async () => {
    await using server = await api();
    const { call } = server;
    const { body } = await call("PATCH", "/v1/streams/cam", { retentionHours: 5, version: "1" });
    const again = await call("PATCH", "/v1/streams/cam", { retentionHours: 1, version: "1" });
    assert.deepEqual([again.status, again.body.error.code], [409, "stream.version-mismatch"]);
    const now = await call("GET", "/v1/streams/cam");
    assert.deepEqual([now.body.retentionHours, now.body.version], [5, body.version]);
  });

  test("a new stream may have a bound", async () => {
    await using server = await api();
    const made = await server.call("POST", "/v1/streams", {
      name: "gate",
      retentionBytes: 5_000_000,
    });
    assert.deepEqual(
      [made.status, made.body.retentionHours, made.body.retentionBytes],
      [201, 24, 5_000_000],
    );
  });

  const wrong: readonly (readonly [Method, string, object])[] = [
    ["PATCH", "/v1/streams/cam", { retentionHors: 5 }],
    ["PATCH", "/v1/streams/cam", { retentionHours: null }],
    ["PATCH", "/v1/streams/cam", { retentionHours: false }],
    ["PATCH", "/v1/streams/cam", { retentionHours: "5" }],
    ["PATCH", "/v1/streams/cam", { retentionHours: 87_601 }],
    ["PATCH", "/v1/streams/cam", { retentionBytes: -1 }],
    ["PATCH", "/v1/streams/cam", { version: "1" }],
    ["PATCH", "/v1/streams/cam", {}],
    ["POST", "/v1/streams", { name: "gate", retentionHour: 5 }],
    ["POST", "/v1/streams/cam/retention/preview", { hours: 5 }],
    ["POST", "/v1/streams/cam/delete-range", { from: 0 }],
    ["POST", "/v1/streams/cam/delete-range", { from: 0, to: 1, confirm: true }],
    ["POST", "/v1/streams/cam/holds", { from: 0, to: 9, why: "", who: "me" }],
    ["POST", "/v1/streams/cam/holds", { from: 0, to: 9, who: "me" }],
    ["POST", "/v1/streams/cam/holds", { from: 0, to: 9, why: "y", who: "me", until: 5 }],
    ["POST", "/v1/retention/confirm-clock", {}],
    ["GET", "/v1/audit?before=x", {}],
    ["GET", "/v1/holds?ended=maybe", {}],
    ["GET", "/v1/streams/cam/gaps?cause=age", {}],
  ];
  test("what is misspelt or of another type is refused and changes nothing", async () => {
    await using server = await api();
    for (const [method, url, body] of wrong) {
      const answer = await server.call(method, url, method === "GET" ? undefined : body);
      assert.deepEqual(
        [answer.status, answer.body.error?.code],
        [400, "request.bad"],
        url + JSON.stringify(body),
      );
    }
    const { body } = await server.call("GET", "/v1/streams/cam");
    assert.deepEqual([body.version, body.retentionHours], ["1", 10]);
    const { audit } = (await server.call("GET", "/v1/audit")).body;
    assert.deepEqual(
      audit.map(({ action }: { action: string }) => action),
      ["stream-created"],
    );
  });

  test("streams that are not there are 404 everywhere", async () => {
    await using server = await api();
    const calls: readonly (readonly [Method, string, object?])[] = [
      ["PATCH", "/v1/streams/moon", { retentionHours: 1 }],
      ["POST", "/v1/streams/moon/retention/preview", {}],
      ["POST", "/v1/streams/moon/delete-range", { from: 0, to: 1 }],
      ["POST", "/v1/streams/moon/holds", { from: 0, to: 1, why: "y", who: "w" }],
      ["GET", "/v1/streams/moon/holds"],
      ["GET", "/v1/streams/moon/gaps"],
    ];
    for (const [method, url, body] of calls)
      assert.equal((await server.call(method, url, body)).status, 404, `${method} ${url}`);
  });
});

suite("holds", () => {
  test("are made, listed, obeyed and ended", async () => {
    await using server = await api();
    const { call, rig, ids } = server;
    const asked = { from: new Date(NOW - 300 * MINUTE).toISOString(), to: NOW - 290 * MINUTE };
    const made = await call("POST", "/v1/streams/cam/holds", {
      ...asked,
      why: "case 7",
      who: "me",
    });
    assert.equal(made.status, 201);
    const { id, ...rest } = made.body;
    const range = { from: NOW - 300 * MINUTE, to: NOW - 290 * MINUTE };
    assert.deepEqual(rest, { stream: "cam", ...range, why: "case 7", who: "me", createdMs: NOW });
    for (const url of ["/v1/holds", "/v1/streams/cam/holds"])
      assert.deepEqual((await call("GET", url)).body, { holds: [made.body] });
    const all = { from: 0, to: NOW, who: "me" };
    const done = await call("POST", "/v1/streams/cam/delete-range", all);
    assert.deepEqual([done.body.packs, done.body.left.held.packs], [290, 10]);
    const first = await rig.index.pack("cam", ids[0] ?? "");
    assert.equal(first?.archived, true);
    const ended = await call("DELETE", `/v1/holds/${id}?who=you`);
    assert.deepEqual([ended.status, ended.body.untilMs], [200, NOW]);
    assert.deepEqual((await call("GET", "/v1/holds")).body, { holds: [] });
    assert.equal((await call("GET", "/v1/holds?ended=true")).body.holds.length, 1);
    assert.equal((await call("DELETE", "/v1/holds/none")).status, 404);
  });
});

test("gaps are what was written down, with their cause", async () => {
  await using server = await api();
  const { call, rig } = server;
  const at = { startUs: micros(5_000_500), endUs: micros(6_000_500) };
  const gap = {
    stream: "cam",
    ...at,
    cause: "error",
    detail: "mkv.bad-block",
    recordedMs: millis(9),
  } as const;
  await rig.index.commit({ gaps: [gap] });
  const told = { from: 5000, to: 6001, cause: "error", detail: "mkv.bad-block", recordedMs: 9 };
  const url = "/v1/streams/cam/gaps";
  assert.deepEqual((await call("GET", url)).body, { gaps: [told], more: false });
  assert.equal((await call("GET", `${url}?limit=1`)).body.more, true);
  assert.deepEqual((await call("GET", `${url}?from=7000`)).body.gaps, []);
});

test("the audit is paged, newest first", async () => {
  await using server = await api();
  for (let hours = 1; hours <= 5; hours++)
    await server.call("PATCH", "/v1/streams/cam", { retentionHours: hours });
  const seen: string[] = [];
  let url = "/v1/audit?limit=2";
  for (;;) {
    const { audit, next } = (await server.call("GET", url)).body;
    seen.push(...audit.map(({ detail }: { detail: string }) => detail));
    if (next === undefined) break;
    url = `/v1/audit?limit=2&before=${next}`;
  }
  assert.equal(seen.pop(), '{"retentionHours":10,"retentionBytes":0}', "it was made");
  assert.deepEqual(
    seen,
    [5, 4, 3, 2, 1].map((n) => `{"retentionHours":${n}}`),
  );
});

test("the sweeper's state: its last run, why it is paused, and the operator's word", async () => {
  await using server = await api();
  const { call, rig } = server;
  await rig.retention.sweeper.sweepNow();
  const fine = (await call("GET", "/v1/retention")).body;
  assert.deepEqual([fine.last.packs, fine.paused, fine.deleteFailures], [0, undefined, 0]);
  rig.clock.jump(YEAR);
  await rig.retention.sweeper.sweepNow();
  const { paused } = (await call("GET", "/v1/retention")).body;
  assert.equal(paused.kind, "ahead");
  assert.match(paused.reason, /^the clock says .*; the clock went ahead by 365 days$/);
  assert.ok(paused.untilMs > NOW + YEAR);
  const after = await call("POST", "/v1/retention/confirm-clock", { who: "me" });
  assert.deepEqual([after.status, after.body.paused], [200, undefined]);
});
