/** TLS on every port: push, tail and addresses over it, and a new certificate under open connections. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { connect } from "node:tls";
import { WebSocket } from "ws";
import { Producer } from "../../producer-sdk/src/producer.ts";
import { realClock } from "../../src/base/clock.ts";
import { Streambank } from "../../src/client/index.ts";
import { notDurable } from "../support/outcome.ts";
import { cli, startTestServer, tempDir } from "../support/server.ts";
import { CERTIFICATES, trustFixtures } from "../support/trust.ts";

const [FIRST, SECOND] = CERTIFICATES;
const TRACK = { number: 1, type: "video", codecId: "V_TEST", encoding: "plain" } as const;
const START_MS = 1_790_000_000_000;
const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");
const print = (pem: string) => new X509Certificate(readFileSync(pem)).fingerprint256;

/** The fingerprint of what a port shows to who comes now. */
function shown(port: number | undefined): Promise<string> {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1" });
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "none");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

async function scene() {
  trustFixtures();
  const dir = tempDir("tls-files");
  const [tlsCert, tlsKey] = [join(dir.path, "cert.pem"), join(dir.path, "key.pem")];
  const use = (cert: string, key: string) => {
    copyFileSync(cert, tlsCert);
    copyFileSync(key, tlsKey);
  };
  use(FIRST.tlsCert, FIRST.tlsKey);
  const over = { tlsCert, tlsKey, rtmpsPort: 0, createMissing: true };
  const server = await startTestServer(over);
  const { certificates, url } = server;
  assert.ok(certificates);
  return {
    ...{ server, url, certificates, use },
    /** As its clock would: once to see it, once to be sure. */
    look() {
      certificates.look();
      certificates.look();
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      dir[Symbol.dispose]();
    },
  };
}

suite("TLS", { timeout: 300_000 }, () => {
  test("a new certificate is shown to whoever comes next, while open connections go on; a bad one is not taken", async () => {
    await using s = await scene();
    const { port, rtmpsPort } = s.server;
    for (const each of [port, rtmpsPort]) assert.equal(await shown(each), print(FIRST.tlsCert));
    const tracks = [{ ...TRACK, video: { width: 2, height: 2 } }];
    const producer = new Producer({
      url: s.url,
      stream: "cam",
      create: true,
      tracks,
      clock: realClock,
    });
    let [put, persisted] = [0, 0];
    producer.on((event) => {
      if (event.kind === "persisted") persisted++;
    });
    const frames = (count: number) => {
      for (let i = 0; i < count; i++, put++) {
        const timestampUs = (START_MS + put * 40) * 1000;
        producer.putFrame({ track: 1, data: new Uint8Array(99), timestampUs, key: put % 25 === 0 });
      }
    };
    frames(60);
    await until(() => persisted > 0);
    const ws = new WebSocket(`${s.url.replace("https", "wss")}/v1/streams/cam/tail?format=frames`);
    let seen = 0;
    ws.on("message", (_data, isBinary) => {
      if (isBinary) seen++;
    });
    await once(ws, "open");
    frames(30);
    await until(() => seen > 0);

    s.use(SECOND.tlsCert, SECOND.tlsKey);
    s.look();
    for (const each of [port, rtmpsPort]) assert.equal(await shown(each), print(SECOND.tlsCert));
    const [seenBefore, persistedBefore] = [seen, persisted];
    frames(120);
    await until(() => seen > seenBefore && persisted > persistedBefore);
    assert.equal(ws.readyState, WebSocket.OPEN);

    s.use(FIRST.tlsCert, SECOND.tlsKey);
    s.look();
    for (const each of [port, rtmpsPort]) assert.equal(await shown(each), print(SECOND.tlsCert));
    assert.equal((await fetch(`${s.url}/healthz`)).status, 200);
    ws.terminate();
    assert.equal(notDurable(await producer.end(5000)), 0);
  });

  test("every address that the server tells is https; a peer without TLS is dropped alone", async () => {
    await using s = await scene();
    assert.match(s.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    await assert.rejects(fetch(s.url.replace("https", "http")));
    const args = ["put", SAMPLE, "--stream", "cam", "--create", "--start", String(START_MS)];
    const path = CERTIFICATES[0].tlsCert;
    const put = await cli([...args, "--server", s.url], undefined, { NODE_EXTRA_CA_CERTS: path });
    assert.equal(put.code, 0, put.err);
    const post = async (operation: string, body: object) => {
      const answer = await fetch(`${s.url}/${operation}`, {
        method: "POST",
        body: JSON.stringify({ StreamName: "cam", ...body }),
      });
      return (await answer.json()) as Record<string, string>;
    };
    const { DataEndpoint } = await post("getDataEndpoint", { APIName: "GET_MEDIA" });
    assert.equal(DataEndpoint, s.url);
    const endpoint = await (await fetch(`${s.url}/v1/streams/cam/endpoint`)).json();
    assert.equal((endpoint as { url: string }).url, s.url);
    const TimestampRange = { StartTimestamp: START_MS / 1000, EndTimestamp: START_MS / 1000 + 60 };
    const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange };
    const hls = await post("getHLSStreamingSessionURL", {
      ...{ PlaybackMode: "ON_DEMAND", HLSFragmentSelector: selector },
    });
    const address = hls.HLSStreamingSessionURL ?? "";
    assert.ok(address.startsWith(`${s.url}/hls/v1/`), JSON.stringify(hls));
    assert.equal((await fetch(address)).status, 200);
    const bank = new Streambank({ url: s.url });
    for await (const item of bank.stream("cam").frames({ from: START_MS }))
      if (item.kind === "frame") break;
  });
});

/** Resolves when this has become true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
