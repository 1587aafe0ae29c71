/** Peers that mean harm, on the HTTP port: what they send is refused in words or closed, and who records beside them is not disturbed. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { RULES } from "../../src/server/access/rules.ts";
import { httpServer, mostOf } from "../../src/server/http-server.ts";
import { notDurable } from "../support/outcome.ts";
import { rawAnswer, rawPeer, statusOf } from "../support/raw-http.ts";
import { cli, startServerProcess, startTestServer, tempDir } from "../support/server.ts";

const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const CLOSE = "connection: close\r\n";
const IDLE = 10_000;

const get = (path: string, headers = "") =>
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}${CLOSE}\r\n`;

suite("hostile peers", { timeout: 300_000 }, () => {
  test("a head that is too large, too long under way, or no HTTP is refused", async () => {
    await using server = await startTestServer();
    const { port } = server;
    assert.equal(statusOf(await rawAnswer(port, get(`/${"a".repeat(20_000)}`))), 431);
    assert.equal(statusOf(await rawAnswer(port, get("/", `x: ${"a".repeat(20_000)}\r\n`))), 431);
    for (const nonsense of [
      "\u0000\u0001\u0002\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTX/1.1\r\n\r\n",
    ])
      assert.equal(statusOf(await rawAnswer(port, nonsense)), 400, JSON.stringify(nonsense));
    assert.match(await rawAnswer(port, "nonsense\r\n\r\n"), /"error":\{"code":"request\.bad"/);
    // Two lengths, or a length and chunks: what one server takes for a body another takes for a request.
    for (const both of [
      "content-length: 4\r\ncontent-length: 5\r\n",
      "content-length: 4\r\ntransfer-encoding: chunked\r\n",
    ])
      assert.equal(statusOf(await rawAnswer(port, get("/", both))), 400, both);
    // Its length in time is Node's to keep; that it is asked to is ours.
    const made = httpServer(() => {}, {
      certificates: undefined,
      maxConnections: 99,
      log: silentLogger,
    });
    assert.equal(made.headersTimeout, 20_000);
    assert.equal(made.requestTimeout, 0);
    assert.equal(made.maxHeadersCount, 100);
    assert.equal(made.maxConnections, 99);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  });

  test("a head that drips, and a connection that says nothing, are closed in time", async () => {
    const options = { certificates: undefined, maxConnections: 99, log: silentLogger, headMs: 200 };
    const server = httpServer((_req, res) => res.end("whole"), options);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    try {
      using silent = rawPeer(port);
      using slow = rawPeer(port);
      slow.send("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx:");
      for (const peer of [silent, slow]) assert.doesNotMatch(await peer.ended, /whole/);
      assert.match(await rawAnswer(port, get("/")), /whole/);
    } finally {
      server.close();
    }
  });

  test("bodies that are too large or too deep are refused on every route that takes one", async () => {
    await using server = await startTestServer();
    const deep = "[".repeat(500_000);
    const wide = `{"name":"${"a".repeat(2 << 20)}"}`;
    const keys = `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(",")}}`;
    const routes = Object.keys(RULES)
      .map((route) => route.split(" "))
      .filter(([method = "GET"]) => method !== "GET")
      .filter(([, path = ""]) => !path.startsWith("/internal") && path !== "/putMedia")
      .map(([method = "", path = ""]) => [
        method,
        path.replace(":name", "cam").replace(":id", "x"),
      ]);
    routes.push(
      ["POST", "/createStream"],
      ["POST", "/getClip"],
      ["POST", "/v1/groups/g/streams/cam/claim"],
    );
    for (const [method = "", path = ""] of routes) {
      const status = async (body: string) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(server.url + path, { method, headers, body });
        assert.match(await answer.text(), /^(?:\{.*\})?$/s, path);
        return answer.status;
      };
      const told = `${method} ${path}`;
      // Who asks to delete needs no body, and none is read into anything.
      for (const body of [deep, keys]) {
        const code = await status(body);
        assert.ok(code >= 400 && code < 500, `${told}: ${code}`);
      }
      assert.ok([413, 400].includes(await status(wide)), told);
    }
    assert.deepEqual(await (await fetch(`${server.url}/v1/streams`)).json(), { streams: [] });
  });

  test("names are names: no header, no path and no other stream comes of them", async () => {
    await using server = await startTestServer({ createMissing: true });
    const { port } = server;
    const evil = [
      ...[
        "a%0d%0aset-cookie:%20x=1",
        "a%0aX",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "a%00b",
        "..",
        ".",
      ],
      ...["a%2fb", "%ff", "%", "a%5c..%5cb", "x".repeat(300), "%E2%80%AE", "a;b", "a%0d"],
    ];
    const routes = Object.keys(RULES).filter((route) => /^GET .*:name/.test(route));
    for (const name of evil) {
      for (const route of routes) {
        const path = route.slice(4).replace(":name", name);
        const answer = await rawAnswer(port, get(`${path}?from=1&to=2&at=1`));
        const [head = ""] = answer.split("\r\n\r\n");
        const told = `${path}: ${answer.slice(0, 200)}`;
        assert.ok([400, 404, 414].includes(statusOf(answer)), told);
        assert.doesNotMatch(head, /set-cookie|^x:/im, told);
      }
      const put = `POST /putMedia HTTP/1.1\r\nhost: 127.0.0.1\r\nx-amzn-stream-name: ${name}\r\n`;
      const time =
        "x-amzn-producer-start-timestamp: 1.0\r\nx-amzn-fragment-timecode-type: RELATIVE\r\n";
      const answer = await rawAnswer(port, `${put}${time}${CLOSE}content-length: 0\r\n\r\n`);
      assert.doesNotMatch(answer, /"FragmentNumber"|^set-cookie/m, name);
      const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
      const key = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
      const socket = `GET /v1/streams/${name}/put?create=true&start=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
      const refused = await rawAnswer(port, `${socket}${upgrade}${key}\r\n`);
      assert.ok([400, 404].includes(statusOf(refused)), `${name}: ${refused.slice(0, 200)}`);
    }
    const { streams } = (await (await fetch(`${server.url}/v1/streams`)).json()) as { streams: [] };
    assert.deepEqual(streams, []);
  });

  test("no file but those of the pages is served, however it is called", async () => {
    await using server = await startTestServer();
    const paths = [
      ...[
        "/../package.json",
        "/player/../package.json",
        "/player/%2e%2e/package.json",
        "/package.json",
      ],
      ...[
        "/player/..%2fpackage.json",
        "/player%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
      ],
      ...[
        "/player/index.html%00.png",
        "/player/%00",
        "/src/server/config.ts",
        "/player/../src/server/config.ts",
      ],
      ...[
        "/src/media/../server/config.ts",
        "/player\\..\\package.json",
        "/player/%5c..%5cpackage.json",
        "/%",
      ],
      ...[
        "/.git/config",
        "/player/.",
        "/player/",
        "/data/access.key",
        "/samples/../data/index.sqlite",
      ],
    ];
    for (const path of paths) {
      const answer = await rawAnswer(server.port, get(path));
      assert.ok([400, 404].includes(statusOf(answer)), `${path}: ${answer.slice(0, 120)}`);
      assert.match(answer, /"code":"request\./, path);
    }
    const page = await rawAnswer(server.port, get("/player/index.html"));
    assert.equal(statusOf(page), 200);
    assert.match(page, /x-content-type-options: nosniff/i);
  });

  test("XML with entities is taken for what it is: no JSON", async () => {
    await using server = await startTestServer();
    const bomb =
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>';
    for (const [path, type] of [
      ["/v1/streams", "application/xml"],
      ["/v1/streams", "application/json"],
      ["/createStream", "text/xml"],
    ] as const) {
      const headers = { "content-type": type };
      const answer = await fetch(server.url + path, { method: "POST", headers, body: bomb });
      const text = await answer.text();
      assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${type}: ${answer.status}`);
      assert.ok(!text.includes("root:"), text);
    }
  });

  test("connections over the most are closed, those that are there go on, and a place that is left is taken", async () => {
    await using server = await startTestServer({ maxConnections: 16 });
    const head = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    const peers = Array.from({ length: 16 }, () => rawPeer(server.port));
    await Promise.all(peers.map((peer) => peer.answered(head)));
    const over = rawPeer(server.port);
    over.send(head);
    assert.equal(await over.ended, "");
    const [first, ...rest] = peers;
    await first?.answered(head);
    first?.[Symbol.dispose]();
    // The server hears of the end when it does.
    for (let there = false; !there; ) {
      using again = rawPeer(server.port);
      again.send(head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
      there = (await again.ended) !== "";
    }
    for (const peer of rest) peer[Symbol.dispose]();
    assert.equal(mostOf(1024), 512);
    assert.equal(mostOf(20_000), 18_500);
  });

  test("10,000 idle connections: a producer's fragments are acked, and the server answers", async () => {
    using dir = tempDir("idle");
    await using server = await startServerProcess(dir.path, ["--create-missing"]);
    const port = Number(new URL(server.url).port);
    const sockets: Socket[] = [];
    let open = 0;
    try {
      while (sockets.length < IDLE) {
        const batch = Array.from({ length: 500 }, () => connect({ port, host: "127.0.0.1" }));
        sockets.push(...batch);
        await Promise.all(
          batch.map((socket) =>
            idle(
              socket,
              () => open++,
              () => open--,
            ),
          ),
        );
      }
      assert.equal(open, IDLE);
      const put = await cli([
        "put",
        SAMPLE,
        "--stream",
        "cam",
        "--create",
        "--start",
        String(START_MS),
        "--server",
        server.url,
      ]);
      assert.equal(put.code, 0, put.err);
      const tracks = [
        {
          number: 1,
          type: "video",
          codecId: "V_TEST",
          encoding: "plain",
          video: { width: 2, height: 2 },
        },
      ] as const;
      const producer = new Producer({
        url: server.url,
        stream: "dog",
        create: true,
        tracks,
        clock: realClock,
      });
      for (let i = 0; i < 100; i++)
        producer.putFrame({
          track: 1,
          data: new Uint8Array(100),
          timestampUs: (START_MS + i * 40) * 1000,
          key: i % 25 === 0,
        });
      assert.equal(notDurable(await producer.end(20_000)), 0);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      assert.equal(open, IDLE, "they were there all the time");
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

/** Connected, and answered once: from now on it does nothing. */
function idle(socket: Socket, opened: () => void, closed: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("data", () => {
      opened();
      socket.once("close", closed);
      socket.on("error", () => {});
      resolve();
    });
    socket.write("HEAD /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  });
}
