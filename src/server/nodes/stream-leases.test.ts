import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { LeaseTable } from "../../../test/support/lease-table.ts";
import type { Clock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { IndexTime } from "./index-time.ts";
import { LEASE_TIMES, OWNER_SKIP, StreamLeases } from "./stream-leases.ts";

/** Everything that only waits for promises has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp() {
  const clock = new FakeClock();
  const table = new LeaseTable(clock);
  const said: string[] = [];
  /** With a clock of its own it is a process that stands still, or is gone, while the others go on. */
  const node = (name: string, own: Clock = clock) =>
    new StreamLeases({
      ...{ index: table, clock: own, log: silentLogger, node: name, times: LEASE_TIMES },
      time: new IndexTime(table, own),
      taken: (stream, skip) => void said.push(`${name} takes ${stream} ${skip}`),
      dropped: async (stream) => void said.push(`${name} drops ${stream}`),
      lost: async (stream) => void said.push(`${name} loses ${stream}`),
    });
  /** In steps of a second, so that renewals under way are answered. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(Math.min(1000, left));
      await settled();
    }
  };
  return { clock, table, said, node, pass };
}

suite("stream leases", () => {
  test("a stream belongs to one node as long as that renews it", async () => {
    const { node, said, pass } = setUp();
    const [a, b] = [node("a"), node("b")];
    const release = await a.use("cam");
    await pass(60_000);
    assert.equal((await b.take("cam")).node, "a");
    await assert.rejects(b.use("cam"), { code: "ingest.busy" });
    assert.deepEqual(said, ["a takes cam 0"]);
    assert.deepEqual(a.fence("cam"), { stream: "cam", node: "a", epoch: 1 });
    release();
  });

  test("is freed a while after its last session, when its pack is sealed", async () => {
    const { node, said, pass } = setUp();
    const [a, b] = [node("a"), node("b")];
    const [first, second] = [await a.use("cam"), await a.use("cam")];
    first();
    await pass(LEASE_TIMES.idleMs + 1000);
    assert.equal((await b.take("cam")).node, "a");
    second();
    await pass(LEASE_TIMES.idleMs - 1000);
    assert.equal((await b.take("cam")).node, "a");
    await pass(1000);
    assert.equal((await b.take("cam")).node, "b");
    assert.deepEqual(said, ["a takes cam 0", "a drops cam", `b takes cam ${OWNER_SKIP}`]);
  });

  test("a node that cannot reach the index gives up before its lease ends, and not at once", async () => {
    const { node, said, pass, table } = setUp();
    const a = node("a");
    await a.use("cam");
    table.down = true;
    await pass(LEASE_TIMES.ttlMs - LEASE_TIMES.marginMs - 1000);
    assert.deepEqual(said, ["a takes cam 0"]);
    await pass(1000);
    assert.deepEqual(said, ["a takes cam 0", "a loses cam", "a drops cam"]);
    assert.deepEqual(
      a.fence("cam")?.epoch,
      1,
      "what still comes of it is refused by its old epoch",
    );
  });

  test("a node that stood still past its lease has lost it when it goes on", async () => {
    const { node, said, pass } = setUp();
    const own = new FakeClock();
    const [a, b] = [node("a", own), node("b")];
    await a.use("cam");
    const late = LEASE_TIMES.ttlMs + 1000;
    await pass(late);
    assert.equal((await b.take("cam")).node, "b");
    assert.deepEqual(a.fence("cam")?.epoch, 1);
    own.advance(late);
    assert.equal(a.holds("cam"), false);
    await settled();
    assert.deepEqual(said.slice(1).sort(), [
      "a drops cam",
      "a loses cam",
      `b takes cam ${OWNER_SKIP}`,
    ]);
    assert.deepEqual(b.fence("cam"), { stream: "cam", node: "b", epoch: 2 });
  });

  test("lets go by word only when nobody pushes", async () => {
    const { node } = setUp();
    const [a, b] = [node("a"), node("b")];
    const release = await a.use("cam");
    assert.equal(await a.letGo("cam"), false);
    release();
    assert.equal(await a.letGo("cam"), true);
    assert.equal((await b.take("cam")).node, "b");
    assert.equal(await a.letGo("cam"), true, "what is not ours is let go");
  });

  test("numbers go on where the owner has not changed, and skip where it has", async () => {
    const { node, said } = setUp();
    const [a, b] = [node("a"), node("b")];
    for (const one of [a, a, b, a]) {
      await one.take("cam");
      await one.letGo("cam");
    }
    const takes = said.filter((line) => line.includes("takes"));
    assert.deepEqual(takes, [
      "a takes cam 0",
      "a takes cam 0",
      `b takes cam ${OWNER_SKIP}`,
      `a takes cam ${OWNER_SKIP}`,
    ]);
  });

  test("recovery may go on only where no other node has recorded since", async () => {
    const { node, pass } = setUp();
    const crashed = node("a", new FakeClock());
    await crashed.take("cam");
    await crashed.take("other");
    const b = node("b");
    await pass(LEASE_TIMES.ttlMs + 1000);
    await b.take("other");
    const again = node("a");
    assert.equal((await again.reclaim("cam"))?.epoch, 1);
    assert.equal(await again.reclaim("other"), undefined);
    assert.equal(await again.reclaim("new"), undefined);
    await b.letGo("other");
    assert.equal(await again.reclaim("other"), undefined, "had and freed by another");
  });

  test("a node that stops frees what it has", async () => {
    const { node } = setUp();
    const [a, b] = [node("a"), node("b")];
    await a.use("cam");
    await a.close();
    assert.equal((await b.take("cam")).node, "b");
    await assert.rejects(a.take("cam"), { code: "server.closing" });
  });
});
