/** Delivery against a real receiver. Time moves only when a test moves it. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { suite, test } from "node:test";
import { openEventIndex, type TestIndex } from "../../../test/support/event-index.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { type Receiver, startReceiver } from "../../../test/support/receiver.ts";
import { errorEvent } from "../../archive/events.ts";
import type { NewEvent } from "../../archive/index/index-events.ts";
import { silentLogger } from "../../base/logger.ts";
import { EventHead } from "./event-head.ts";
import { EventKeeper, type KeepLimits } from "./event-keeper.ts";
import { noEventMeters } from "./event-meters.ts";
import { Poster } from "./hook-request.ts";
import { Hooks } from "./hooks.ts";
import { verifyHook } from "./verify.ts";

interface Bench {
  readonly index: TestIndex;
  readonly clock: FakeClock;
  readonly hooks: Hooks;
  readonly head: EventHead;
  readonly told: NewEvent[];
  /** Writes so many events of this stream. */
  write(count: number, stream?: string): Promise<void>;
  /** Resolves when it is true. Looks again with every turn of the event loop. */
  until(check: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets time pass in steps, but not while a request is under way, until it is true. */
  passing(ms: number, check: () => boolean | Promise<boolean>): Promise<void>;
  /** Another server's hooks over the same index. */
  another(node: string): Promise<Hooks>;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function open(
  context: { after(run: () => Promise<void>): void },
  over: { limits?: Partial<KeepLimits>; allowPrivate?: boolean } = {},
): Promise<Bench> {
  const clock = new FakeClock();
  const index = await openEventIndex(clock);
  const told: NewEvent[] = [];
  const heads: EventHead[] = [];
  const all: Hooks[] = [];
  const another = async (node: string) => {
    const head = new EventHead(index, clock);
    heads.push(head);
    const common = { index, clock, log: silentLogger, meters: noEventMeters };
    const { limits = {}, allowPrivate = true } = over;
    const keeper = new EventKeeper({ ...common, limits, tell: (event) => void told.push(event) });
    const poster = new Poster({ clock, allowPrivate });
    const hooks = await Hooks.open({
      ...{ ...common, head, poster, node, allowPrivate },
      random: () => 0,
      catchUp: (hook, at) => keeper.catchUp(hook, at),
      changed: () => {},
    });
    all.push(hooks);
    context.after(async () => {
      index.away = false;
      await hooks.close();
      poster.close();
    });
    return hooks;
  };
  const until = async (check: () => boolean | Promise<boolean>) => {
    while (!(await check())) await turn();
  };
  const passing = (ms: number, check: () => boolean | Promise<boolean>) =>
    until(async () => {
      const busy = all.some((one) => one.sending);
      if (!busy) clock.advance(ms);
      return check();
    });
  const write = async (count: number, stream = "") => {
    const make = (i: number) =>
      errorEvent({ stream, code: "test", message: `event ${i}`, atMs: clock.now() });
    await index.commit({ events: Array.from({ length: count }, (_, i) => make(i)) });
    for (const head of heads) head.wake();
  };
  const hooks = await another("n1");
  const [head = assert.fail()] = heads;
  return { head, index, clock, hooks, told, write, until, passing, another };
}

const wish = (receiver: Receiver, streams = "*") => ({ url: receiver.url, types: [], streams });
const place = async ({ index }: Bench) => (await index.hooks())[0]?.deliveredId;
const idsOf = ({ received }: Receiver) => received.flatMap(({ ids }) => ids);

suite("hooks", { timeout: 30_000 }, () => {
  test("all events in order, in batches, signed, and the place moves behind them", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    const { hooks, write, until, clock } = bench;
    await write(3);
    const { secret } = await hooks.create(wish(receiver));
    await write(250);
    await until(async () => (await place(bench)) === 253);
    assert.deepEqual(
      idsOf(receiver),
      Array.from({ length: 250 }, (_, i) => i + 4),
    );
    assert.deepEqual(
      receiver.received.map(({ ids }) => ids.length),
      [100, 100, 50],
    );
    for (const { headers, body } of receiver.received) {
      const [, time = "", given] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["streambank-signature"])) ?? [];
      assert.equal(Number(time), Math.floor(clock.now() / 1000));
      assert.equal(given, createHmac("sha256", secret).update(`${time}.${body}`).digest("hex"));
      assert.ok(verifyHook(secret, headers, body, { nowMs: clock.now() }));
      assert.ok(!verifyHook(secret, headers, `${body} `, { nowMs: clock.now() }));
      assert.ok(!verifyHook("another", headers, body, { nowMs: clock.now() }));
      assert.ok(!verifyHook(secret, headers, body, { nowMs: clock.now() + 301_000 }));
    }
  });

  test("only the streams and types that it asked for", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    await bench.hooks.create({ ...wish(receiver, "door-*"), types: ["error"] });
    await bench.write(1, "yard");
    await bench.write(2, "door-1");
    await bench.index.commit({
      events: [{ type: "gap", stream: "door-1", atMs: bench.clock.now(), body: "{}" }],
    });
    await bench.write(1, "door-2");
    await bench.until(async () => (await place(bench)) === 5);
    assert.deepEqual(idsOf(receiver), [2, 3, 5]);
  });

  test("what fails is tried again with the same id and bytes, later and later, up to 5 min", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = (res) => void res.writeHead(503).end("not now");
    await bench.hooks.create(wish(receiver));
    await bench.write(1);
    const expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
    for (const [i, seconds] of expected.entries()) {
      await receiver.count(i + 1);
      await bench.until(async () => (await bench.hooks.list())[0]?.failures === i + 1);
      bench.clock.advance(seconds * 1000 - 1);
      for (let turns = 0; turns < 20; turns++) await turn();
      assert.equal(receiver.received.length, i + 1, `too early after ${i + 1} tries`);
      bench.clock.advance(1);
    }
    await receiver.count(expected.length + 1);
    assert.equal(new Set(receiver.received.map(({ delivery }) => delivery)).size, 1);
    assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1);
    await bench.until(async () => (await bench.hooks.list())[0]?.state === "retrying");
    const [view] = await bench.hooks.list();
    assert.equal(view?.lastError, "it answered 503");
    assert.equal(await place(bench), 0);
    receiver.answer = (res) => void res.writeHead(200).end();
    await bench.write(1);
    bench.clock.advance(300_000);
    await bench.until(async () => (await place(bench)) === 2);
    assert.deepEqual([...new Set(idsOf(receiver))], [1, 2]);
  });

  test("an answer that is lost means the same delivery again", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = (res) => res.destroy();
    await bench.hooks.create(wish(receiver));
    await bench.write(2);
    await receiver.count(1);
    receiver.answer = (res) => void res.writeHead(200).end();
    await bench.passing(1000, async () => (await place(bench)) === 2);
    const [first, second] = receiver.received;
    assert.equal(receiver.received.length, 2);
    assert.equal(first?.delivery, second?.delivery);
    assert.equal(first?.body, second?.body);
  });

  test("a receiver that never answers is given up after 10 s and tried again", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = () => {};
    await bench.hooks.create(wish(receiver));
    await bench.write(1);
    await receiver.count(1);
    bench.clock.advance(10_000);
    await bench.until(async () => (await bench.hooks.list())[0]?.failures === 1);
    assert.equal((await bench.hooks.list())[0]?.lastError, "no answer within 10000 ms");
    await bench.passing(500, () => receiver.received.length === 2);
  });

  test("a redirect is not followed", async (t) => {
    await using receiver = await startReceiver();
    await using other = await startReceiver();
    const bench = await open(t);
    receiver.answer = (res) => void res.writeHead(307, { location: other.url }).end();
    const { id } = await bench.hooks.create(wish(receiver));
    const { ms, ...result } = await bench.hooks.test(id);
    assert.deepEqual(result, { delivered: false, status: 307, answer: "" });
    assert.ok(ms >= 0);
    assert.equal(receiver.received.length, 1);
    assert.equal(other.received.length, 0);
  });

  test("after a restart it goes on from its place", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    await bench.hooks.create(wish(receiver));
    await bench.write(2);
    await bench.until(async () => (await place(bench)) === 2);
    receiver.answer = (res) => void res.writeHead(500).end();
    await bench.write(1);
    await receiver.count(2);
    await bench.hooks.close();
    receiver.answer = (res) => void res.writeHead(200).end();
    await bench.another("n1");
    await bench.write(1);
    await bench.until(async () => (await place(bench)) === 4);
    assert.deepEqual(
      receiver.received.map(({ ids }) => ids.join()),
      ["1,2", "3", "3,4"],
    );
  });

  test("what is written while it looks is not passed over", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    const { index } = bench;
    await bench.hooks.create(wish(receiver));
    // Numbers without events, and then one event when the look is over and its answer not there yet.
    await index.commit({
      events: [errorEvent({ code: "gone", message: "", atMs: bench.clock.now() })],
    });
    await index.purgeEvents(1, 1);
    index.meanwhile = async () => {
      // Another reader waits for it, so the head moves.
      const heard = bench.head.after(1, new AbortController().signal);
      await bench.write(1);
      await heard;
    };
    await bench.passing(1000, async () => (await place(bench)) === 2);
    assert.deepEqual(idsOf(receiver), [2]);
  });

  test("a hook that was imported with a place of another index begins with what happens now", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    await bench.write(3);
    const made = { id: "old", secret: "s", createdMs: bench.clock.now(), deliveredId: 5000 };
    await bench.index.putHook({ ...wish(receiver), ...made });
    await bench.another("n1");
    // A number that was its place once is only reached in a long time.
    await bench.until(async () => (await place(bench)) === 3);
    await bench.write(2);
    await bench.until(async () => (await place(bench)) === 5);
    assert.deepEqual(idsOf(receiver), [4, 5]);
  });

  test("of two nodes one delivers; the other takes over when the lease has run out", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    const { id } = await bench.hooks.create(wish(receiver));
    await bench.write(1);
    await bench.until(async () => (await place(bench)) === 1);
    const second = await bench.another("n2");
    await bench.write(1);
    await bench.until(async () => (await second.list())[0]?.state === "elsewhere");
    await bench.until(async () => (await place(bench)) === 2);
    assert.deepEqual(idsOf(receiver), [1, 2]);
    await bench.hooks.close();
    await bench.write(1);
    await bench.passing(1000, async () => (await place(bench)) === 3);
    assert.deepEqual(idsOf(receiver), [1, 2, 3]);
    assert.equal((await second.list())[0]?.id, id);
  });

  test("a hook that is removed while it sends is over", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = () => {};
    const { id } = await bench.hooks.create(wish(receiver));
    await bench.write(1);
    await receiver.count(1);
    await bench.hooks.delete(id);
    assert.deepEqual(await bench.hooks.list(), []);
    await bench.write(1);
    bench.clock.advance(600_000);
    await turn();
    assert.equal(receiver.received.length, 1);
    await assert.rejects(bench.hooks.delete(id), { code: "hook.not-found" });
    await assert.rejects(bench.hooks.test(id), { code: "hook.not-found" });
  });

  test("one that is too many events behind loses the oldest, and that is told", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t, { limits: { maxLagEvents: 5 } });
    receiver.answer = (res) => void res.writeHead(500).end();
    await bench.hooks.create(wish(receiver));
    await bench.write(1);
    await receiver.count(1);
    await bench.write(8);
    receiver.answer = (res) => void res.writeHead(200).end();
    await bench.passing(1000, async () => (await place(bench)) === 9);
    assert.deepEqual(idsOf(receiver), [1, 5, 6, 7, 8, 9]);
    assert.equal(bench.told.length, 1);
    const [event] = bench.told;
    const { code, fromId, toId } = JSON.parse(event?.body ?? "");
    assert.deepEqual(
      { type: event?.type, code, fromId, toId },
      { type: "error", code: "hook.behind", fromId: 1, toId: 4 },
    );
  });

  test("and one that is too many days behind", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = (res) => void res.writeHead(500).end();
    await bench.hooks.create(wish(receiver));
    await bench.write(3);
    await receiver.count(1);
    bench.clock.advance(6 * 86_400_000);
    await bench.write(2);
    await turn();
    receiver.answer = (res) => void res.writeHead(200).end();
    const before = receiver.received.length;
    bench.clock.advance(2 * 86_400_000);
    await bench.passing(1000, async () => (await place(bench)) === 5);
    const later = receiver.received.slice(before).flatMap(({ ids }) => ids);
    assert.deepEqual(later.slice(-2), [4, 5]);
    assert.equal(bench.told.length, 1);
  });

  test("an index that is away for a while costs nothing but time", async (t) => {
    await using receiver = await startReceiver();
    const bench = await open(t);
    receiver.answer = (res) => {
      bench.index.away = true;
      res.writeHead(200).end();
    };
    await bench.hooks.create(wish(receiver));
    await bench.write(1);
    await receiver.count(1);
    await turn();
    receiver.answer = (res) => void res.writeHead(200).end();
    bench.index.away = false;
    await bench.passing(500, async () => (await place(bench)) === 1);
    await bench.write(1);
    await bench.passing(500, async () => (await place(bench)) === 2);
    assert.deepEqual(idsOf(receiver), [1, 2]);
  });

  test("addresses that only this server can reach are refused", async (t) => {
    const bench = await open(t, { allowPrivate: false });
    const bad = [
      "http://127.0.0.1/",
      "http://0x7f.1/",
      "http://[::1]:80/",
      "http://[::ffff:10.0.0.1]/",
      "http://169.254.169.254/latest",
      "ftp://example.com/",
      "https://me:secret@example.com/",
      "not an address",
    ];
    for (const url of bad)
      await assert.rejects(
        bench.hooks.create({ url, types: [], streams: "*" }),
        { code: "request.bad" },
        url,
      );
    // A name is looked at when it is connected to.
    const { id } = await bench.hooks.create({
      url: "http://localhost:1/",
      types: [],
      streams: "*",
    });
    const { error = "" } = await bench.hooks.test(id);
    assert.match(error, /not an address of the public Internet/);
  });
});
