/** Every way in, every kind of caller: the table is test/support/guard-table.ts, and it has to be whole. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { WebSocket } from "ws";
import { realClock } from "../../src/base/clock.ts";
import { asFault } from "../../src/base/errors.ts";
import { fromAddress } from "../../src/ingest/push-access.ts";
import { buildApp } from "../../src/server/app.ts";
import { kvsError } from "../../src/server/kvs/errors.ts";
import { NOT_BUILT, type OperationName, pathOf } from "../../src/server/kvs/model.ts";
import { HANDLERS } from "../../src/server/kvs/operations.ts";
import type { Parts } from "../../src/server/parts.ts";
import {
  NOT_BUILT_ROW,
  OPERATIONS,
  PASS,
  ROLES,
  ROUTES,
  type RoleName,
  type Row,
  SESSION_ROUTE,
  SOCKETS,
} from "../support/guard-table.ts";
import { startTestServer, tempDir } from "../support/server.ts";

const HOUR = { fromMs: 1_790_000_000_000, toMs: 1_790_003_600_000 };
/** What a refusal is called in the native API, and in KVS's. */
const REFUSED = /^auth\./;
const REFUSED_KVS = new Set(
  ["MissingAuthenticationToken", "AccessDeniedException", "RequestExpired"].concat([
    "InvalidSignatureException",
    "NotAuthorizedException",
    "ThrottlingException",
  ]),
);

type Headers = Readonly<Record<string, string>>;

/** What each role brings. */
async function credentials({ directory, signIns, rootKey, sessions }: Parts) {
  assert.ok(directory && signIns && rootKey);
  const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
  const key = async (scope: object) => {
    const wish = { name: "k", actions: ["read"], streams: "cam*", ...scope } as const;
    return bearer((await directory.keys.create(wish, "test")).token);
  };
  const cookie = async (role: "viewer" | "operator" | "admin"): Promise<Headers> => {
    const caller = { who: "test", address: role };
    const password = randomBytes(12).toString("hex");
    await directory.users.create({ name: role, role, streams: "*", password }, caller);
    const { token } = await signIns.withPassword(role, password, role);
    return { cookie: `streambank_session=${token}`, "sec-fetch-site": "same-origin" };
  };
  const data = { actions: ["read"], id: "test" };
  const expiresMs = realClock.now() + 600_000;
  return {
    none: {},
    wrong: bearer(`${rootKey.id}.wrong`),
    expired: await key({ expiresMs: realClock.now() - 1 }),
    other: await key({ actions: ["manage"], streams: "dog*" }),
    produce: await key({ actions: ["produce"] }),
    read: await key({}),
    windowed: await key(HOUR),
    manage: await key({ actions: ["manage"] }),
    session: bearer(sessions.issue({ purpose: "api", stream: "cam", expiresMs, data })),
    viewer: await cookie("viewer"),
    operator: await cookie("operator"),
    admin: await cookie("admin"),
  } satisfies Record<RoleName, Headers>;
}

/** A viewer and an operator are of all streams, so of what the server reads too. */
const SERVER_READS = new Set(["GET /metrics", "GET /v1/groups/:group"]);

function passes(route: string, { pass }: Row, role: RoleName): boolean {
  if (SERVER_READS.has(route) && (role === "viewer" || role === "operator")) return true;
  // Creating one of all streams is what an operator is for; so are lists of holds, cameras and retention.
  return (PASS[pass] as readonly RoleName[]).includes(role);
}

let address = 0;
/** Guesses are counted by address: everybody has one of their own. */
function nextAddress(): string {
  address++;
  return `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`;
}

async function ask(
  app: FastifyInstance,
  method: string,
  { path = "", body }: Row,
  headers: Headers,
) {
  const answer = await app.inject({
    ...{ method: method as "GET", url: path, remoteAddress: nextAddress() },
    headers: { host: "localhost", ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  const type = answer.headers["x-amzn-errortype"];
  if (type !== undefined) return { refused: REFUSED_KVS.has(String(type)), said: String(type) };
  const isJson = String(answer.headers["content-type"]).includes("json") && answer.body !== "";
  const { error } = isJson ? (answer.json() as { error?: { code: string } }) : {};
  return { refused: REFUSED.test(error?.code ?? ""), said: error?.code ?? answer.statusCode };
}

/** The status that a handshake is refused with; 101 when it is not. */
function handshake(url: string, headers: Headers): Promise<number> {
  const origin = new URL(url).origin.replace(/^ws/, "http");
  const socket = new WebSocket(url, { headers: { ...headers, origin } });
  return new Promise((resolve) => {
    socket.once("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.once("error", () => {});
    socket.once("open", () => {
      socket.terminate();
      resolve(101);
    });
  });
}

suite("who may do what", { timeout: 300_000 }, () => {
  test("every route and operation, for every role, as the table says; none is in no row", async () => {
    using dir = tempDir("matrix");
    const clusterKeyFile = join(dir.path, "cluster.key");
    writeFileSync(clusterKeyFile, randomBytes(32).toString("hex"));
    const node = { node: "a", clusterKeyFile, sharedDir: join(dir.path, "shared") };
    await using server = await startTestServer({ auth: "on", ...node, dataDir: dir.path });
    const { parts } = server;
    const app = buildApp(parts);
    await app.ready();
    const roles = await credentials(parts);
    const wrong: string[] = [];
    const check = (name: string, row: Row, role: RoleName, { refused, said }: Asked) => {
      if (refused === passes(name, row, role)) wrong.push(`${name} as ${role}: ${said}`);
    };

    const kvs = new Map((Object.keys(HANDLERS) as OperationName[]).map((n) => [pathOf(n), n]));
    const notBuilt = new Set(NOT_BUILT);
    const missing: string[] = [];
    let asked = 0;
    // What ends a sign-in comes last.
    const routes = [...app.knownRoutes].sort((a, b) => Number(ends(a)) - Number(ends(b)));
    for (const route of routes) {
      const [method = "", pattern = ""] = route.split(" ");
      const operation = kvs.get(pattern);
      const row = SESSION_ROUTE.test(route)
        ? ({ pass: "nobody" } as const)
        : notBuilt.has(pattern)
          ? NOT_BUILT_ROW
          : operation === undefined
            ? ROUTES[route]
            : OPERATIONS[operation];
      if (row === undefined) missing.push(route);
      if (row === undefined || pattern === "/putMedia") continue;
      const path = row.path ?? pattern.replace(":name", "cam").replace(/:\w+/, "none");
      for (const role of ROLES) {
        check(route, row, role, await ask(app, method, { ...row, path }, roles[role]));
        asked++;
      }
    }
    assert.deepEqual(missing, [], "routes that are in no row");
    const known = new Set(app.knownRoutes);
    assert.deepEqual(
      Object.keys(ROUTES).filter((route) => !known.has(route)),
      [],
      "rows of no route",
    );
    assert.deepEqual(wrong, []);
    assert.ok(asked > 1000, `${asked} questions`);
    await app.close();
  });

  test("what is no route: PutMedia, WebSockets, RTMP's keys", async () => {
    await using server = await startTestServer({ auth: "on" });
    const { parts, url } = server;
    const roles = await credentials(parts);
    const wrong: string[] = [];
    for (const role of ROLES) {
      const headers = {
        ...{ "x-amzn-stream-name": "cam", "x-amzn-fragment-timecode-type": "ABSOLUTE" },
        ...{ "x-amzn-producer-start-timestamp": "1790000000", ...roles[role] },
      };
      const answer = await fetch(`${url}/putMedia`, { method: "POST", headers, body: "x" });
      const refused = REFUSED_KVS.has(answer.headers.get("x-amzn-errortype") ?? "");
      if (refused === passes("putMedia", { pass: "produce" }, role))
        wrong.push(`putMedia as ${role}: ${answer.status} ${await answer.text()}`);
      for (const [name, row] of Object.entries(SOCKETS)) {
        if (name === "rtmp") continue;
        const status = await handshake(url.replace("http", "ws") + row.path, roles[role]);
        const isRefused = status === 401 || status === 403;
        // A page tells its token after the handshake; before it there is nothing else it could do.
        const expected = role === "none" && row.pass === "produce" ? true : passes(name, row, role);
        if (isRefused === expected) wrong.push(`${name} as ${role}: ${status}`);
      }
      const { authorization }: Headers = roles[role];
      const token = authorization?.replace("Bearer ", "");
      if (role === "viewer" || role === "operator" || role === "admin") continue;
      const allowed = mayPush(parts, token);
      if (allowed !== passes("rtmp", SOCKETS.rtmp, role)) wrong.push(`rtmp as ${role}`);
    }
    assert.deepEqual(wrong, []);
  });
});

interface Asked {
  readonly refused: boolean;
  readonly said: string | number;
}

function ends(route: string): boolean {
  return route === "POST /v1/sign-out";
}

/** What an encoder's key is asked with (src/ingest/rtmp/connection.ts). */
function mayPush({ access }: Parts, token: string | undefined): boolean {
  try {
    access.check("cam", token, fromAddress(nextAddress()));
    return true;
  } catch (error) {
    assert.match(asFault(error).code, REFUSED);
    assert.ok(kvsError(asFault(error)).status >= 400);
    return false;
  }
}
