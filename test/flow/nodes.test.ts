/**
 * Several nodes over one index and one store: who records, viewers anywhere, a node that dies and one that only seemed to. Over a
 * folder that all of them see, and over PostgreSQL and S3 alone.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, suite, type TestContext, test } from "node:test";
import { realClock } from "../../src/base/clock.ts";
import { fragments } from "../../src/media/mkv/consumer.ts";
import { bytesAt, mediaUrisOf, readPlaylist, textAt } from "../support/hls-client.ts";
import { makeMedia } from "../support/media.ts";
import { NumberedCamera, NumberedViewer } from "../support/node-camera.ts";
import {
  clipped,
  folderEngines,
  LEASE_SECONDS,
  listed,
  type NodeEngines,
  own,
  place,
  startNodeEngines,
  until,
} from "../support/node-place.ts";
import { notDurable } from "../support/outcome.ts";
import { needs } from "../support/tools.ts";

const VIEWERS = 50;
/** Number of the first picture where those of the owner before are told apart. */
const FIRST = 10_000;

const rising = (numbers: readonly number[]) =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
const sorted = (texts: readonly string[]) => [...texts].sort();

/** Viewers and archive reads on a node that does not record. */
async function watched(engines: NodeEngines, t: TestContext): Promise<void> {
  using shared = await place(engines);
  await using a = await shared.here("a");
  await using b = await shared.here("b");
  await own(a.url, "cam");
  // It asks b, and is sent to a. Pictures of `own` may still be the newest: they have lower numbers.
  const camera = new NumberedCamera(b.url, "cam", realClock.now(), FIRST);
  const viewers = await Promise.all(
    Array.from({ length: VIEWERS }, () => NumberedViewer.open(b.url, "cam")),
  );
  try {
    const many = ({ numbers }: NumberedViewer) => (numbers.at(-1) ?? 0) >= FIRST + 25;
    await Promise.all(viewers.map((viewer) => viewer.until(() => many(viewer))));
    assert.equal(a.parts.ingest.sessions, 1);
    assert.equal(b.parts.ingest.sessions, 0);
    assert.equal(b.parts.nodes?.upstreamConnections, 1, "one upstream for all viewers");
    assert.equal(a.parts.hub.status("cam")?.viewers, 1);
    for (const viewer of viewers) assert.ok(rising(viewer.numbers), "no picture twice");
    await until(() => camera.persisted.length >= 2);
    const one = await clipped(b.url, camera);
    assert.ok(one.length >= 20 && rising(one), "the pack is open on a's disk, and read through b");
    const past = await NumberedViewer.open(b.url, "cam", `&from=${camera.startMs}`);
    await past.until(() => past.numbers.length >= 40);
    const expected = past.numbers.map((_, i) => FIRST + i);
    assert.deepEqual(past.numbers, expected, "from the archive of a on into live");
    past.close();
    t.diagnostic(
      `${VIEWERS} viewers on b, one upstream; ${one.length} pictures read from a's open pack`,
    );
  } finally {
    await camera.end();
    for (const viewer of viewers) viewer.close();
  }
}

/** A node is killed: its stream goes on at another, and nothing is lost once it is back. */
async function killed(engines: NodeEngines, t: TestContext): Promise<void> {
  using shared = await place(engines);
  await using a = await shared.process("a");
  await using b = await shared.here("b");
  await own(a.url, "cam");
  const camera = new NumberedCamera(b.url, "cam");
  const viewers = await Promise.all(
    Array.from({ length: VIEWERS }, () => NumberedViewer.open(b.url, "cam")),
  );
  try {
    await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.numbers.length >= 40)));
    await until(() => camera.persisted.length >= 3);
    const before = camera.persisted.length;
    const killedMs = realClock.elapsed();
    const lastSeen = viewers.map(({ numbers }) => numbers.at(-1) ?? 0);
    await a.kill();
    await until(() => camera.persisted.length > before);
    const takeover = realClock.elapsed() - killedMs;
    await Promise.all(
      viewers.map((viewer, i) =>
        viewer.until(() => (viewer.numbers.at(-1) ?? 0) > (lastSeen[i] ?? 0) + 50),
      ),
    );
    const gap = viewers.map(({ texts }) => texts.filter(({ type }) => type === "offline").length);
    assert.ok(
      viewers.every(({ closed }) => !closed),
      "viewers keep their sockets",
    );
    assert.ok(
      viewers.every(({ sequences }) =>
        sequences.every((s, i) => i === 0 || s >= (sequences[i - 1] ?? 0)),
      ),
    );
    assertRise(camera.persisted, before);
    const jumped = (viewers[0]?.sequences.at(-1) ?? 0) - (viewers[0]?.sequences[0] ?? 0);
    assert.ok(jumped >= 1_000_000, "the new owner skips ahead");

    // Until a is back its open pack cannot be read: a clip is made without it, an exact read says so.
    await until(async () => (await clipped(b.url, camera)).length > 0);
    const without = await clipped(b.url, camera);
    const packs = [...(b.parts.nodes?.lostPacks.of("cam")?.keys() ?? [])];
    assert.equal(packs.length >= 1, true);
    await assert.rejects(b.parts.archive.read(packs[0] ?? "", 0, 100), {
      code: "store.unavailable",
    });
    assert.ok((without[0] ?? 0) > 0, "the clip begins where b's media does");
    assert.equal((await fetch(`${b.url}/v1/nodes/a/lost`, { method: "POST" })).status, 200);
    const everything = { fromMs: 0, toMs: 8e15 } as never;
    const gaps = await b.parts.archive.index.gaps("cam", everything, 100);
    const lost = gaps.filter(({ cause }) => cause === "node-lost");
    assert.equal(lost.at(-1)?.detail, "a");

    camera.stop();
    assert.equal(notDurable(await camera.producer.flush(10_000)), 0);
    await using again = await shared.process("a");
    await until(async () => (await listed(b.url, "cam")).length >= camera.persisted.length);
    const found = (await listed(b.url, "cam")).map(({ number }) => number);
    for (const number of camera.persisted) assert.ok(found.includes(number), `${number} is lost`);
    const all = await clipped(b.url, camera);
    assert.equal(new Set(all).size, all.length, "no picture is stored twice");
    // Its packs are there first, then their gaps go.
    await until(async () => {
      const back = await b.parts.archive.index.gaps("cam", everything, 100);
      return back.every(({ cause }) => cause !== "node-lost");
    });
    const missing = camera.sent - all.length;
    t.diagnostic(
      `killed to PERSISTED at b: ${takeover.toFixed(0)} ms with leases of ${LEASE_SECONDS} s`,
    );
    t.diagnostic(`viewers were told offline ${Math.min(...gap)} to ${Math.max(...gap)} times`);
    t.diagnostic(
      `clip while a was away: ${without.length} pictures, afterwards ${all.length} of ${camera.sent} (${missing} in the open fragment)`,
    );
    assert.equal(await again.stop(), 0);
  } finally {
    await camera.end();
    for (const viewer of viewers) viewer.close();
  }
}

suite("several nodes over one folder", { timeout: 300_000 }, () => {
  const engines = folderEngines;

  test("viewers and archive reads on a node that does not record", (t) => watched(engines, t));

  test("redirects name the owner, and its answers to others are signed for", async () => {
    using shared = await place(engines);
    await using a = await shared.here("a");
    await using b = await shared.here("b");
    await own(a.url, "cam");
    const put = await answerOf(b.url, {
      ...{ path: "/putMedia", method: "POST" },
      headers: {
        "x-amzn-stream-name": "cam",
        "x-amzn-fragment-timecode-type": "ABSOLUTE",
        "x-amzn-producer-start-timestamp": "1790000000.000",
        "transfer-encoding": "chunked",
        expect: "100-continue",
      },
    });
    assert.deepEqual(put, { status: 307, location: `${a.url}/putMedia`, continued: false });
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const path = "/v1/streams/cam/put?timecode=ABSOLUTE";
    const key = randomBytes(16).toString("base64");
    const socket = await answerOf(b.url, {
      ...{ path, method: "GET", headers: { ...upgrade, "sec-websocket-key": key } },
    });
    assert.deepEqual(socket, { status: 307, location: `${a.url}${path}`, continued: false });
    const body = JSON.stringify({ StreamName: "cam", APIName: "PUT_MEDIA" });
    const headers = { "content-type": "application/json" };
    for (const { url } of [a, b]) {
      const answer = await fetch(`${url}/getDataEndpoint`, { method: "POST", body, headers });
      assert.deepEqual(await answer.json(), { DataEndpoint: a.url });
    }
    const unsigned = await fetch(`${a.url}/internal/packs/cam/2026/01/01/000000000001-0`);
    assert.equal(unsigned.status, 401);
  });

  test("a node that stood still past its lease is refused at the commit, and says so to its producer", {
    timeout: 300_000,
  }, async (t) => {
    using shared = await place(engines);
    await using a = await shared.process("a");
    await using b = await shared.here("b");
    await own(a.url, "cam");
    const old = new NumberedCamera(a.url, "cam");
    let fresh: NumberedCamera | undefined;
    try {
      await until(() => old.persisted.length >= 2);
      process.kill(a.pid, "SIGSTOP");
      // Another producer of the stream reaches b: it waits for the lease to run out.
      fresh = new NumberedCamera(b.url, "cam");
      const { persisted } = fresh;
      await until(() => persisted.length >= 1);
      const before = old.persisted.length;
      const connections = old.producer.stats.connections;
      process.kill(a.pid, "SIGCONT");
      await until(() => old.producer.stats.connections > connections);
      const told = old.persisted.slice(before);
      const acked = [...old.persisted, ...persisted];
      // As soon as b has heard of a again, its packs are listed.
      await until(async () => {
        const found = new Set((await listed(b.url, "cam")).map(({ number }) => number));
        return acked.every((number) => found.has(number));
      });
      t.diagnostic(`the old owner's producer heard: ${old.said.join(" | ")}`);
      t.diagnostic(`acked to it after it woke: ${told.length}, all of them found`);
      assert.equal(b.parts.nodes?.leases.holds("cam"), true);
    } finally {
      // First: a process that stands still would keep its cameras waiting.
      await a.kill();
      for (const camera of [old, fresh]) await camera?.end();
    }
  });

  test("an RTMP encoder comes to a node that does not record: handed over, and played by the other", {
    ...needs("ffmpeg"),
  }, async () => {
    using shared = await place(engines);
    await using a = await shared.here("a");
    await using b = await shared.here("b");
    const source = await makeMedia("h264-aac");
    const push = (port: number | undefined, ...more: string[]) => {
      const target = `rtmp://127.0.0.1:${port}/live/cam`;
      const args = ["-v", "error", ...more, "-i", source, "-c", "copy", "-f", "flv", target];
      return spawn("ffmpeg", args, { stdio: ["ignore", "ignore", "pipe"] });
    };
    const first = push(a.rtmpPort, "-re", "-stream_loop", "-1");
    const firstEnded = once(first, "exit");
    try {
      await until(() => a.parts.ingest.sessions === 1);
      assert.equal(a.parts.nodes?.leases.holds("cam"), true);
      // The same address: the encoder has come back, elsewhere.
      const second = push(b.rtmpPort);
      assert.deepEqual(await once(second, "exit"), [0, null]);
      await firstEnded;
      await until(() => a.parts.ingest.sessions + b.parts.ingest.sessions === 0);
      assert.equal(b.parts.nodes?.leases.holds("cam"), true);
    } finally {
      first.kill("SIGKILL");
    }
    const numbers = (await listed(b.url, "cam")).map(({ number }) => number);
    assert.ok(numbers.length >= 3);
    // The last one ends with the next one, or the connection.
    const all = numbers.slice(0, -1);
    assert.deepEqual(await getMedia(a.url, all.length), all);
    await played(a.url, b.url);
    // Another producer is at b: its stream is not let go, and the encoder hears where it is.
    const camera = new NumberedCamera(b.url, "cam");
    try {
      await until(() => camera.producer.stats.connected);
      const refused = push(a.rtmpPort);
      let said = "";
      refused.stderr.on("data", (bytes: Buffer) => {
        said += bytes.toString("utf8");
      });
      await once(refused, "close");
      assert.match(said, /cam is recorded by b: rtmp:/);
    } finally {
      await camera.end();
    }
  });
});

suite("several nodes over PostgreSQL and S3", {
  ...needs("ceph", "postgresql"),
  timeout: 300_000,
}, () => {
  let engines: NodeEngines;
  before(async () => {
    engines = await startNodeEngines();
  });
  after(() => engines?.[Symbol.asyncDispose]());

  test("viewers and archive reads on a node that does not record", (t) => watched(engines, t));
  test("a node is killed: its stream goes on at another, and nothing is lost once it is back", (t) =>
    killed(engines, t));
});

/** Fragment numbers by GetMedia from the beginning, so many. */
async function getMedia(url: string, count: number): Promise<string[]> {
  const body = JSON.stringify({
    ...{ StreamName: "cam", StartSelector: { StartSelectorType: "EARLIEST" } },
  });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/getMedia`, { method: "POST", body, headers });
  assert.equal(answer.status, 200);
  const numbers: string[] = [];
  for await (const { fragmentNumber } of fragments(answer.body ?? assert.fail("no body"))) {
    numbers.push(fragmentNumber ?? "");
    if (numbers.length === count) break;
  }
  return numbers;
}

/** What came in the last hour by HLS is the same at both. */
async function played(...urls: readonly [string, string]): Promise<void> {
  const from = realClock.now() - 3_600_000;
  const both = urls.map(async (url) => {
    const master = `${url}/v1/streams/cam/hls/index.m3u8?from=${from}`;
    const variant = new URL(mediaUrisOf(await textAt(master))[0] ?? "", master);
    const playlist = readPlaylist(await textAt(variant));
    return Promise.all(playlist.segments.map(({ uri }) => bytesAt(new URL(uri, variant))));
  });
  const [there = [], here = []] = await Promise.all(both);
  assert.ok(there.length >= 3);
  assert.equal(here.length, there.length);
  assert.ok(there.every((bytes, i) => bytes.equals(here[i] ?? Buffer.alloc(0))));
}

/** Every number after the change is above all before it, and none is there twice. What is sent again keeps its first number. */
function assertRise(numbers: readonly string[], before: number): void {
  const last = sorted(numbers.slice(0, before)).at(-1) ?? "";
  assert.ok(
    numbers.slice(before).every((number) => number > last),
    "numbers rise over the change",
  );
  assert.equal(new Set(numbers).size, numbers.length);
}

interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
}

/** The answer to a request whose body is never sent. */
function answerOf(url: string, options: Asked) {
  return new Promise<{ status: number; location: string; continued: boolean }>(
    (resolve, reject) => {
      let continued = false;
      const out = request(url, options);
      out.on("continue", () => {
        continued = true;
      });
      out.on("error", reject);
      out.on("response", (answer) => {
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location ?? "",
          continued,
        });
        out.destroy();
      });
      if (options.headers.upgrade === undefined) out.flushHeaders();
      else out.end();
    },
  );
}
