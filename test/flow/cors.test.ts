/** Pages of other sites: what a foreign page in a browser gets of a server that asks nobody who they are, and what a listed one does. */
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { suite, test } from "node:test";
import WebSocket from "ws";
import { openBrowser } from "../support/browser.ts";
import { cli, startTestServer } from "../support/server.ts";
import { needs } from "../support/tools.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

/** A web server of somebody else. */
async function foreignSite() {
  const server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/html" }).end("<title>elsewhere</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  // Of another site than 127.0.0.1, as a browser sees it.
  return { url: `http://localhost:${port}`, [Symbol.asyncDispose]: close };
}

/** Runs in the page: tries everything, tells what came of it. */
const TRY = `async (server) => {
  const said = {};
  const attempt = async (name, run) => {
    said[name] = await run().catch((error) => "nothing: " + error.name);
  };
  const read = (path, init) => async () => (await (await fetch(server + path, init)).text()).slice(0, 40);
  const json = { "content-type": "application/json" };
  await attempt("list", read("/v1/streams"));
  await attempt("endpoint", read("/v1/streams/cam/endpoint"));
  await attempt("clip", read("/v1/streams/cam/clip.mkv?from=${START_MS}&to=${START_MS + 1000}"));
  await attempt("hls", read("/v1/streams/cam/hls/index.m3u8?from=${START_MS}&token=x"));
  await attempt("dash", read("/v1/streams/cam/dash/manifest.mpd?from=${START_MS}&token=x"));
  await attempt("create", read("/v1/streams", { method: "POST", headers: json, body: '{"name":"made"}' }));
  await attempt("kvs", read("/createStream", { method: "POST", mode: "no-cors", body: '{"StreamName":"kvs"}' }));
  await attempt("session", read("/v1/session", { method: "POST", headers: json, body: '{"actions":["manage"],"streams":"*"}' }));
  const socket = (path) => () => new Promise((resolve, reject) => {
    const ws = new WebSocket(server.replace("http", "ws") + path);
    ws.onopen = () => resolve("open");
    ws.onerror = () => reject(new Error("refused"));
  });
  await attempt("tail", socket("/v1/streams/cam/tail?format=frames"));
  await attempt("put", socket("/v1/streams/pushed/put?create=true&start=${START_MS}"));
  await attempt("script", () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.onload = () => resolve("loaded");
    script.onerror = () => reject(new Error("refused"));
    script.src = server + "/v1/streams";
    document.head.append(script);
  }));
  await attempt("delete", read("/v1/streams/cam", { method: "DELETE" }));
  return said;
}`;

async function camera() {
  const server = await startTestServer();
  const args = ["put", SAMPLE, "--stream", "cam", "--create", "--start", String(START_MS)];
  const done = await cli([...args, "--server", server.url]);
  assert.equal(done.code, 0, done.err);
  return server;
}

async function names(url: string): Promise<string[]> {
  const { streams } = (await (await fetch(`${url}/v1/streams`)).json()) as {
    streams: { name: string }[];
  };
  return streams.map(({ name }) => name);
}

suite("pages of other sites", { timeout: 300_000 }, () => {
  test("get nothing and change nothing, in a browser", needs("chromium"), async () => {
    await using server = await camera();
    await using site = await foreignSite();
    await using browser = await openBrowser();
    await browser.page.goto(site.url);
    const said = (await browser.page.evaluate(`(${TRY})("${server.url}")`)) as object;
    const got = Object.entries(said).filter(
      // A request whose answer is hidden "succeeds" with an empty one.
      ([name, text]) =>
        !(text as string).startsWith("nothing: ") && !(name === "kvs" && text === ""),
    );
    assert.deepEqual(got, []);
    assert.equal(Object.keys(said).length, 12);
    assert.deepEqual(await names(server.url), ["cam"]);
    // The same page from the server itself can do all of it.
    await browser.page.goto(`${server.url}/player/webcam.html`);
    const own = (await browser.page.evaluate(`(${TRY})("${server.url}")`)) as Record<
      string,
      string
    >;
    assert.match(own.list ?? "", /streams/);
    assert.equal(own.tail, "open");
    assert.equal(own.put, "open");
    assert.ok((await names(server.url)).includes("made"));
  });

  test("that are listed may do everything, after asking", async () => {
    await using server = await startTestServer({ corsOrigins: ["https://wall.example"] });
    const origin = "https://wall.example";
    const ask = (from: string, method: string) =>
      fetch(`${server.url}/v1/streams`, {
        method: "OPTIONS",
        headers: {
          origin: from,
          "access-control-request-method": method,
          "access-control-request-headers": "authorization,content-type",
        },
      });
    const asked = await ask(origin, "POST");
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get("access-control-allow-origin"), origin);
    assert.match(asked.headers.get("access-control-allow-methods") ?? "", /\bDELETE\b/);
    assert.equal(asked.headers.get("access-control-allow-headers"), "authorization,content-type");
    const refused = await ask("https://evil.example", "POST");
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
    const create = (from: string, name: string) =>
      fetch(`${server.url}/v1/streams`, {
        method: "POST",
        headers: { origin: from, "content-type": "application/json" },
        body: JSON.stringify({ name }),
      });
    assert.equal((await create(origin, "cam")).status, 201);
    const foreign = await create("https://evil.example", "dog");
    assert.equal(foreign.status, 403);
    assert.match(await foreign.text(), /request\.foreign-page/);
    assert.deepEqual(await names(server.url), ["cam"]);
    // Also what is written without the framework has the headers.
    const kvs = await fetch(`${server.url}/describeStream`, {
      method: "POST",
      headers: { origin },
      body: '{"StreamName":"none"}',
    });
    assert.equal(kvs.status, 404);
    assert.equal(kvs.headers.get("access-control-allow-origin"), origin);
  });

  test("a WebSocket of a foreign page is refused before the handshake; programs say no origin", async () => {
    await using server = await camera();
    const open = (path: string, headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const ws = new WebSocket(server.url.replace("http", "ws") + path, { headers });
        ws.once("open", () => {
          ws.terminate();
          resolve(101);
        });
        ws.once("unexpected-response", (req, res) => {
          resolve(res.statusCode ?? 0);
          req.destroy();
        });
        ws.once("error", reject);
      });
    for (const path of [
      "/v1/streams/cam/tail?format=frames",
      `/v1/streams/cam/put?start=${START_MS}`,
    ]) {
      assert.equal(await open(path, {}), 101, path);
      assert.equal(await open(path, { origin: server.url }), 101, path);
      assert.equal(await open(path, { origin: "https://evil.example" }), 403, path);
      assert.equal(await open(path, { host: "evil.example" }), 421, path);
    }
  });

  test("a name that is made to mean this machine gets nothing", async () => {
    await using server = await startTestServer();
    const status = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const { port } = server;
        const out = request({ port, host: "127.0.0.1", path: "/v1/streams", headers: { host } });
        out.once("response", (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        });
        out.once("error", reject);
        out.end();
      });
    assert.equal(await status("evil.example:80"), 421);
    assert.equal(await status(`localhost:${server.port}`), 200);
  });

  test("an address with a session's own token may be read by any page, one with anything else in it not", async () => {
    await using server = await startTestServer({ auth: "on" });
    const token = server.parts.rootKey?.token ?? "";
    const call = (path: string, body: object) =>
      fetch(server.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await call("/v1/streams", { name: "cam" });
    const made = await call("/v1/session", { actions: ["read"], streams: "cam" });
    const session = ((await made.json()) as { token: string }).token;
    const openTo = async (query: string, headers: Record<string, string> = {}) => {
      const url = `${server.url}/v1/streams/cam/hls/index.m3u8?from=1&to=2&${query}`;
      const answer = await fetch(url, { headers: { origin: "https://evil.example", ...headers } });
      return answer.headers.get("access-control-allow-origin");
    };
    assert.equal(await openTo(`token=${session}`), "*");
    assert.equal(await openTo(`token=${session}x`), null);
    assert.equal(await openTo("token=x", { authorization: `Bearer ${token}` }), null);
    assert.equal(await openTo(`token=${token}`), null, "a key is no session");
  });
});
