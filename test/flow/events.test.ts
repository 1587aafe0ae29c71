/** Events, webhooks, metrics and readiness of a running server, as somebody outside sees them. */
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { putMedia } from "../support/put-media.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServerProcess, startTestServer, tempDir } from "../support/server.ts";

const SAMPLE = join(import.meta.dirname, "../../samples/camera.mkv");

interface Told {
  readonly id: number;
  readonly type: string;
  readonly stream?: string;
  readonly timeMs: number;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function push(url: string, stream: string): Promise<void> {
  const call = putMedia({ url, stream, startMs: 1_790_000_000_000 });
  await call.write(readFileSync(SAMPLE));
  call.end();
  const acks = await call.acks;
  assert.ok(acks.some(({ EventType }) => EventType === "PERSISTED"));
}

async function post(url: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Events of an open `text/event-stream`, as they come. */
async function* readStream(answer: Response): AsyncGenerator<Told> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id, type, data] = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      if (data === undefined) continue;
      const event = JSON.parse(data) as Told;
      assert.deepEqual([String(event.id), event.type], [id, type]);
      yield event;
    }
  }
}

async function metric(url: string, sample: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const line = page.split("\n").find((text) => text.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}

suite("events of a server", { timeout: 300_000 }, () => {
  test("a webhook hears of a producer that comes, and after a restart of one that went", async () => {
    using dir = tempDir("events");
    await using receiver = await startReceiver();
    const types = () =>
      receiver.received.flatMap(({ body }) =>
        (JSON.parse(body) as { events: Told[] }).events.map(({ type }) => type),
      );
    let id = "";
    {
      await using server = await startTestServer({ dataDir: dir.path, createMissing: true });
      const made = await post(`${server.url}/v1/hooks`, {
        url: receiver.url,
        types: ["stream.online", "stream.offline"],
      });
      const hook = (await made.json()) as Record<string, unknown>;
      assert.equal(made.status, 201);
      assert.match(String(hook.secret), /^whsec_[\w-]{43}$/);
      id = String(hook.id);
      const list = await (await fetch(`${server.url}/v1/hooks`)).text();
      assert.ok(list.includes(id) && !list.includes(String(hook.secret)), list);
      await push(server.url, "door");
      await receiver.count(1);
      assert.deepEqual(types(), ["stream.online"]);
    }
    await using server = await startTestServer({ dataDir: dir.path });
    await receiver.count(2);
    assert.deepEqual(types(), ["stream.online", "stream.offline"]);
    const gone = await fetch(`${server.url}/v1/hooks/${id}`, { method: "DELETE" });
    assert.equal(gone.status, 204);
    const again = await fetch(`${server.url}/v1/hooks/${id}`, { method: "DELETE" });
    assert.equal(again.status, 404);
  });

  test("a webhook hears that a stream is offline after its server was killed", async () => {
    using dir = tempDir("events");
    await using receiver = await startReceiver();
    const told = () =>
      receiver.received.flatMap(({ body }) => (JSON.parse(body) as { events: Told[] }).events);
    const flags = ["--create-missing", "--log-level", "error"];
    await using first = await startServerProcess(dir.path, flags);
    const types = ["stream.online", "stream.offline"];
    const made = await post(`${first.url}/v1/hooks`, { url: receiver.url, types });
    assert.equal(made.status, 201);
    const call = putMedia({ url: first.url, stream: "door", startMs: 1_790_000_000_000 });
    await call.write(readFileSync(SAMPLE));
    await receiver.count(1);
    call.acks.catch(() => {});
    await first.kill();
    await using second = await startServerProcess(dir.path, flags);
    await receiver.count(2);
    assert.equal(new URL(second.url).hostname, "127.0.0.1");
    const [online, ...offline] = [told()[0], told().at(-1)];
    assert.equal(online?.type, "stream.online");
    assert.equal(offline[0]?.type, "stream.offline");
    assert.equal(offline[0]?.data.reason, "server.died");
  });

  test("by poll and as a stream, which goes on after the last id it is given", async () => {
    await using server = await startTestServer({ createMissing: true });
    const live = await fetch(`${server.url}/v1/events/stream?types=stream.online`);
    assert.equal(live.headers.get("content-type"), "text/event-stream");
    const heard = readStream(live);
    await push(server.url, "door");
    await push(server.url, "yard");
    const first = (await heard.next()).value as Told;
    const second = (await heard.next()).value as Told;
    await heard.return(undefined);
    assert.deepEqual([first.stream, second.stream], ["door", "yard"]);
    assert.equal(new Date(first.timeMs).toISOString(), first.time);

    const headers = { "last-event-id": String(first.id) };
    const later = readStream(await fetch(`${server.url}/v1/events/stream`, { headers }));
    assert.deepEqual((await later.next()).value, second);
    await later.return(undefined);

    const poll = async (query: string) => {
      const answer = await fetch(`${server.url}/v1/events?${query}`);
      return (await answer.json()) as { events: Told[]; nextAfter: number; lastId: number };
    };
    const page = await poll("after=0&limit=1");
    assert.deepEqual(page, { events: [first], nextAfter: first.id, lastId: second.id });
    assert.deepEqual((await poll(`after=${first.id}`)).events, [second]);
    assert.equal((await fetch(`${server.url}/v1/events?limit=0`)).status, 400);
    assert.equal((await fetch(`${server.url}/v1/events?form=0`)).status, 400);
    assert.equal((await fetch(`${server.url}/v1/events/stream?types=x`)).status, 400);
  });

  test("hooks are made from sense only, and inside only when that is allowed", async () => {
    await using server = await startTestServer({ hooksAllowPrivate: false });
    const status = async (body: object) => (await post(`${server.url}/v1/hooks`, body)).status;
    assert.equal(await status({ url: `${server.url}/v1/streams` }), 400);
    assert.equal(await status({ url: "https://example.com/", types: ["all"] }), 400);
    assert.equal(await status({ url: "https://example.com/", streams: "a b" }), 400);
    assert.equal(await status({ url: "https://example.com/", secret: "short" }), 400);
    assert.equal(await status({ streams: "*" }), 400);
    assert.deepEqual(await (await fetch(`${server.url}/v1/hooks`)).json(), { hooks: [] });
  });

  test("metrics count what came in", async () => {
    await using server = await startTestServer({ createMissing: true });
    await push(server.url, "door");
    const value = (sample: string) => metric(server.url, `streambank_${sample}`);
    const received = await value('received_fragments_total{stream="door"}');
    assert.equal(received, 12);
    assert.equal(await value('persisted_fragments_total{stream="door"}'), received);
    assert.equal(await value("ack_seconds_count"), received);
    assert.ok((await value('received_bytes_total{stream="door"}')) > 100_000);
    assert.equal(await value("ready"), 1);
    const route = 'method="GET",route="/metrics",status="200"';
    assert.ok((await value(`http_requests_total{${route}}`)) > 0);
    // The answer's end is seen here before the server has closed the session behind it.
    while ((await value("sessions")) !== 0);
    while (
      (await value('http_requests_total{method="POST",route="/putMedia",status="200"}')) !== 1
    );
  });

  test("GET /readyz is 503 while the data folder is not ours, and 200 again", async () => {
    using dir = tempDir("ready");
    await using server = await startTestServer({ dataDir: dir.path });
    const look = async () => (await fetch(`${server.url}/readyz`)).status;
    const until = async (status: number) => {
      while ((await look()) !== status);
    };
    assert.equal(await look(), 200);
    const identity = join(dir.path, "streambank.json");
    renameSync(identity, `${identity}.away`);
    await until(503);
    const view = (await (await fetch(`${server.url}/readyz`)).json()) as {
      checks: Record<string, { state: string; reason?: string }>;
    };
    assert.equal(view.checks.dataFolder?.state, "failed");
    assert.match(String(view.checks.dataFolder?.reason), /ENOENT/);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    renameSync(`${identity}.away`, identity);
    await until(200);
  });
});
