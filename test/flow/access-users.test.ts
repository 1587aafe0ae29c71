/** People: made, changed, removed; signing in and out; what ends when; what is written down, and what never is. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { WebSocket } from "ws";
import { realClock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/server/config.ts";
import { startServer } from "../../src/server/start.ts";
import { CHEAP, cli, tempDir } from "../support/server.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Every line as it would be written. */
function recordingLogger(lines: string[], base: Fields = {}): Logger {
  const say = (event: string, fields: Fields = {}) =>
    void lines.push(JSON.stringify({ ...base, event, ...fields }));
  return {
    ...{ info: say, warn: say, error: say },
    child: (fields) => recordingLogger(lines, { ...base, ...fields }),
  };
}

async function guarded() {
  const dir = tempDir("users");
  const lines: string[] = [];
  const defaults = readConfig({ flags: {}, env: {} });
  const ports = { httpPort: 0, rtmpPort: 0 };
  const server = await startServer({
    config: { ...defaults, ...ports, dataDir: dir.path, auth: "on" },
    ...{ clock: realClock, log: recordingLogger(lines), passwordCost: CHEAP },
  });
  const { rootKey } = server.parts;
  assert.ok(rootKey);
  const call = async (method: string, path: string, headers: object, body?: object) => {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(server.url + path, {
      ...{ method, headers: { ...type, ...headers }, redirect: "manual" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text.startsWith("{") ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, json };
  };
  return {
    ...{ server, dir, lines, rootKey, call },
    root: { authorization: `Bearer ${rootKey.token}` },
    /** A page's headers after signing in. */
    async signIn(body: object) {
      const answer = await call("POST", "/v1/sign-in", {}, body);
      assert.equal(answer.status, 200, JSON.stringify(answer.json));
      const set = answer.headers.get("set-cookie") ?? "";
      assert.match(set, /; Max-Age=43\d{3}; Path=\/; HttpOnly; SameSite=Strict$/);
      return { cookie: set.split(";")[0] ?? "", "sec-fetch-site": "same-origin" };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      dir[Symbol.dispose]();
    },
  };
}

suite("users", { timeout: 300_000 }, () => {
  test("sign in, do what the role may, and no more; password, role and sign-out end it; no secret is written down", async () => {
    await using scene = await guarded();
    const { call, root, signIn, lines, server, rootKey } = scene;
    const [first, second] = ["first-password-1", "second-password-2"];
    const ann = { name: "ann", password: first, role: "viewer", streams: "cam*" };
    assert.equal(
      (await call("POST", "/v1/users", root, { ...ann, password: "short" })).status,
      400,
    );
    assert.equal((await call("POST", "/v1/users", root, ann)).status, 201);
    assert.equal((await call("POST", "/v1/users", root, ann)).json.error.code, "user.exists");
    const { users } = (await call("GET", "/v1/users", root)).json;
    const shown = ["name", "role", "streams", "createdMs", "changedMs"];
    assert.deepEqual(Object.keys(users[0]).sort(), shown.sort());
    await call("POST", "/v1/streams", root, { name: "cam1" });

    const page = await signIn({ name: "ann", password: first });
    const me = (await call("GET", "/v1/session", page)).json;
    assert.equal(me.id, "user:ann");
    assert.deepEqual(
      [me.actions, me.streams, me.server, me.signedIn],
      [["read"], "cam*", false, true],
    );
    assert.equal((await call("GET", "/v1/streams/cam1", page)).status, 200);
    assert.equal((await call("DELETE", "/v1/streams/cam1", page)).status, 403);
    // The cookie from elsewhere: of another port, of another site, of a program.
    for (const site of ["same-site", "cross-site", undefined]) {
      const { cookie } = page;
      const headers = site === undefined ? { cookie } : { cookie, "sec-fetch-site": site };
      const body = { actions: ["read"], streams: "cam1" };
      assert.equal((await call("POST", "/v1/session", headers, body)).status, 403, String(site));
    }
    const token = (await call("POST", "/v1/session", page, { actions: ["read"], streams: "cam1" }))
      .json.token as string;
    const byToken = () => call("GET", `/v1/streams/cam1?token=${token}`, {});
    assert.equal((await byToken()).status, 200);
    // A cookie's token is for cookies alone.
    const [, inCookie = ""] = page.cookie.split("=");
    assert.equal((await call("GET", `/v1/streams/cam1?token=${inCookie}`, {})).status, 403);

    // Signed out: the cookie is worth nothing, and neither is what was made with it.
    const other = await signIn({ name: "ann", password: first });
    assert.equal((await call("POST", "/v1/sign-out", page)).status, 204);
    assert.equal((await call("GET", "/v1/session", page)).status, 401);
    assert.equal((await byToken()).status, 401);
    assert.equal((await call("GET", "/v1/session", other)).status, 200, "another browser stays");
    // A new password ends it, and so does another role.
    await call("PATCH", "/v1/users/ann", root, { password: second });
    assert.equal((await call("GET", "/v1/session", other)).status, 401);
    const old = await call("POST", "/v1/sign-in", {}, { name: "ann", password: first });
    assert.equal(old.json.error.code, "auth.denied");
    const third = await signIn({ name: "ann", password: second });
    await call("PATCH", "/v1/users/ann", root, { role: "operator" });
    assert.equal((await call("GET", "/v1/session", third)).status, 401);
    const operator = await signIn({ name: "ann", password: second });
    assert.equal((await call("DELETE", "/v1/streams/cam1", operator)).status, 204);
    assert.equal((await call("GET", "/v1/users", operator)).status, 403);
    // Removed.
    assert.equal((await call("DELETE", "/v1/users/ann", root)).status, 204);
    assert.equal((await call("GET", "/v1/session", operator)).status, 401);

    // A key is good for a sign-in too; a page of elsewhere signs nobody in.
    const byKey = await signIn({ key: rootKey.token });
    assert.equal((await call("GET", "/v1/keys", byKey)).status, 200);
    const foreign = { origin: "http://evil.example" };
    assert.equal((await call("POST", "/v1/sign-in", foreign, { key: rootKey.token })).status, 403);
    // A password in the place of the name, and a key in an address: refused, and in no log and no audit.
    assert.equal(
      (await call("POST", "/v1/sign-in", {}, { name: second, password: "x" })).status,
      403,
    );
    const inAddress = await call("GET", `/v1/streams?token=${rootKey.token}`, {});
    assert.match(inAddress.json.error.message, /only a session's token may stand in an address/);
    const answered = await call("GET", "/nowhere", {});
    assert.equal(answered.status, 404);

    const { audit } = (await call("GET", "/v1/audit", root)).json;
    const actions = new Set(audit.map(({ action }: { action: string }) => action));
    for (const action of [
      ...["user-added", "user-changed", "user-removed", "signed-in", "sign-in-failed"],
      ...["signed-out", "session-made", "key-added"],
    ])
      assert.ok(actions.has(action), action);
    const secrets = [first, second, rootKey.secret, token, inCookie];
    const written = JSON.stringify(audit) + lines.join("\n");
    for (const secret of secrets) assert.ok(!written.includes(secret), `written down: ${secret}`);
    assert.ok(server.port > 0);
  });

  test("change their own password: with the old one, as often as sign-ins; all else they have open ends", async () => {
    await using scene = await guarded();
    const { call, root, signIn, rootKey } = scene;
    const [first, second] = ["first-password-1", "second-password-2"];
    await call("POST", "/v1/users", root, { name: "ann", password: first, role: "viewer" });
    const [here, there] = [
      await signIn({ name: "ann", password: first }),
      await signIn({ name: "ann", password: first }),
    ];
    const change = (headers: object, password: string, newPassword: string) =>
      call("POST", "/v1/password", headers, { password, newPassword });
    assert.equal((await change({}, first, second)).status, 401);
    assert.equal((await change(root, rootKey.token, second)).json.error.code, "auth.denied");
    assert.equal(
      (await change({ cookie: here.cookie }, first, second)).status,
      403,
      "a page of elsewhere",
    );
    assert.equal((await change(here, first, "short")).json.error.code, "request.bad");
    assert.equal((await change(here, first, first)).json.error.code, "request.bad");
    assert.equal((await change(here, "wrong-password", second)).json.error.code, "auth.denied");
    assert.equal((await call("GET", "/v1/session", there)).status, 200);

    const changed = await change(here, first, second);
    assert.deepEqual([changed.status, changed.json.id], [200, "user:ann"]);
    for (const old of [here, there])
      assert.equal((await call("GET", "/v1/session", old)).status, 401);
    const cookie = changed.headers.get("set-cookie")?.split(";")[0] ?? "";
    assert.equal((await call("GET", "/v1/session", { ...here, cookie })).status, 200);
    assert.equal(
      (await call("POST", "/v1/sign-in", {}, { name: "ann", password: first })).status,
      403,
    );
    await signIn({ name: "ann", password: second });
    const { audit } = (await call("GET", "/v1/audit", root)).json;
    type Row = Readonly<Record<string, string>>;
    const rows = audit.map(({ action, who }: Row) => `${action} ${who}`);
    assert.ok(rows.includes("user-changed user:ann"), rows.join());
    assert.ok(rows.includes("sign-in-failed user:ann"), rows.join());
  });

  test("pages send who is nobody to sign in, the page to sign in itself comes; other files too", async () => {
    await using scene = await guarded();
    const { call, signIn, rootKey } = scene;
    for (const [path, next] of [
      ["/", "%2F"],
      ["/player/webcam.html?x=1", "%2Fplayer%2Fwebcam.html%3Fx%3D1"],
    ]) {
      const answer = await call("GET", path ?? "", {});
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.get("location"), `/player/sign-in.html?next=${next}`);
    }
    for (const path of ["/player/sign-in.html", "/player/src/sign-in-page.ts", "/player/icon.svg"])
      assert.equal((await call("GET", path, {})).status, 200, path);
    const page = await signIn({ key: rootKey.token });
    assert.equal((await call("GET", "/", page)).status, 200);
  });

  test("the command line: add, list, set, remove", async () => {
    await using scene = await guarded();
    const { server, dir, rootKey, signIn } = scene;
    const [token, password] = [join(dir.path, "token"), join(dir.path, "password")];
    writeFileSync(token, `${rootKey.token}\n`);
    writeFileSync(password, "a-long-password\n");
    const at = ["--server", server.url, "--token-file", token];
    const add = ["users", "add", "bob", "--role", "admin", "--password-file", password, ...at];
    const added = await cli(add);
    assert.equal(added.code, 0, added.err);
    assert.match(added.out, /^bob\tadmin\t\*\t/);
    await signIn({ name: "bob", password: "a-long-password" });
    const set = await cli(["users", "set", "bob", "--role", "viewer", "--streams", "a*", ...at]);
    assert.match(set.out, /^bob\tviewer\ta\*\t/);
    const removed = await cli(["users", "remove", "bob", ...at]);
    assert.equal(removed.code, 0, removed.err);
    const refused = await cli(["users", "list", "--server", server.url]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /auth\.required/);
  });
});

suite("what is open when who opened it goes", { timeout: 300_000 }, () => {
  test("put, tail and GetMedia of a removed key end, and its sessions; a tail goes on with a fresh token, and ends without", async () => {
    await using scene = await guarded();
    const { call, root, server } = scene;
    await call("POST", "/v1/streams", root, { name: "cam" });
    const wish = { name: "k", actions: ["read", "produce"], streams: "cam" };
    const key = (await call("POST", "/v1/keys", root, wish)).json;
    const bearer = { authorization: `Bearer ${key.token}` };
    const short = async (seconds: number) =>
      (await call("POST", "/v1/session", bearer, { actions: ["read"], streams: "cam", seconds }))
        .json.token as string;
    const open = (path: string, headers = {}) =>
      listening(new WebSocket(server.url.replace("http", "ws") + path, { headers }));

    const put = await open("/v1/streams/cam/put", bearer);
    const byKey = await open("/v1/streams/cam/tail", bearer);
    const bySession = await open(`/v1/streams/cam/tail?token=${await short(600)}`);
    const media = await fetch(`${server.url}/getMedia`, {
      ...{ method: "POST", headers: bearer },
      body: JSON.stringify({ StreamName: "cam", StartSelector: { StartSelectorType: "NOW" } }),
    });
    assert.equal(media.status, 200);
    const mediaEnded = media.arrayBuffer().then(
      () => "whole",
      () => "cut off",
    );

    // A token that ends at once, and a fresh one in time: told, then followed by the next.
    const renewed = await open(`/v1/streams/cam/tail?token=${await short(2)}`);
    await renewed.said("access");
    const fresh = await short(600);
    renewed.socket.send(JSON.stringify({ type: "token", token: fresh }));
    await renewed.said("access", 2);
    const left = await open(`/v1/streams/cam/tail?token=${await short(1)}`);
    assert.equal(await left.closed, 4401);
    assert.match(left.texts.join(), /auth\.expired/);
    const bad = await open(`/v1/streams/cam/tail?token=${fresh}`);
    bad.socket.send(JSON.stringify({ type: "token", token: `${key.id}.wrong` }));
    assert.equal(await bad.closed, 4401);

    assert.equal((await call("DELETE", `/v1/keys/${key.id}`, root)).status, 204);
    for (const [name, one] of Object.entries({ put, byKey, bySession, renewed }))
      assert.equal(await one.closed, 4401, name);
    assert.equal(await mediaEnded, "cut off");
    const after = await call("GET", `/v1/streams/cam?token=${fresh}`, {});
    assert.equal(after.json.error.code, "auth.denied");
  });
});

async function listening(socket: WebSocket) {
  const texts: string[] = [];
  let changed = () => {};
  socket.on("message", (data: Buffer, binary) => {
    if (!binary) texts.push(data.toString("utf8"));
    changed();
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  /** When so many texts of this type have come. */
  const said = async (type: string, count = 1) => {
    const come = () => texts.filter((text) => text.includes(`"type":"${type}"`)).length >= count;
    while (!come())
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
  };
  return { socket, texts, closed, said };
}
