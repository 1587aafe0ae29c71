/** What every index keeps when several use it at once; leases; moving from one index to another. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { EXPORT_KINDS, type FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { micros, millis } from "../../src/base/units.ts";
import { EVER, fill, minutes, packRow, streamInfo, TRACK_SET } from "../support/index-rows.ts";
import type { Engine } from "./index-engines.ts";

export function leaseTests(engine: Engine): void {
  suite("leases", () => {
    test("are one owner's until they run out, are let go or taken away", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const want = (node: string) => ({ stream: "cam", node, ttlMs: 100 });
      const a = { stream: "cam", node: "a", epoch: 1, untilMs: 1100 };
      assert.deepEqual(await index.takeLease(want("a"), 1000), a);
      assert.deepEqual(await index.takeLease(want("b"), 1099), a);
      assert.deepEqual(await index.takeLease(want("a"), 1050), { ...a, untilMs: 1150 });
      const b = { stream: "cam", node: "b", epoch: 2, untilMs: 1250 };
      assert.deepEqual(await index.takeLease(want("b"), 1150), b);
      assert.deepEqual(await index.lease("cam"), b);
      const c = { ...b, node: "c", epoch: 3 };
      assert.deepEqual(await index.takeLease({ ...want("c"), steal: true }, 1150), c);
      await index.freeLease("cam", "b", 2);
      assert.deepEqual(await index.leases(1249), [c]);
      assert.deepEqual(await index.leases(1250), []);
      await index.freeLease("cam", "c", 3);
      assert.equal(await index.lease("cam"), undefined);
      assert.deepEqual(await index.takeLease(want("a"), 1000), { ...a, epoch: 4 });
      assert.equal(await index.lease("dog"), undefined);
    });

    test("are prolonged where they are still the node's", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      for (const stream of ["x", "y", "z"])
        await index.takeLease({ stream, node: stream === "y" ? "b" : "a", ttlMs: 10 }, 0);
      const mine = ["z", "y", "x", "w"].map((stream) => ({ stream, epoch: 1 }));
      assert.deepEqual([...(await index.renewLeases(mine, "a", 500))].sort(), ["x", "z"]);
      assert.deepEqual(await index.renewLeases([{ stream: "x", epoch: 2 }], "a", 900), []);
      const until = (await index.leases(0)).map((lease) => [lease.stream, lease.untilMs]);
      assert.deepEqual(until, [
        ["x", 500],
        ["y", 10],
        ["z", 500],
      ]);
    });

    test("go by the index's clock", async () => {
      await using opened = await engine.open();
      const before = Date.now();
      const now = await opened.index.now();
      assert.ok(now >= before - 1 && now <= Date.now() + 1, `${now} is not now`);
    });

    test("nodes are known by what they said last", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const node = { url: "http://a:1", rtmpUrl: "rtmp://a:2", seenMs: millis(5), status: "{}" };
      await index.putNode({ id: "b", ...node });
      await index.putNode({ id: "a", ...node });
      await index.putNode({ id: "b", ...node, seenMs: millis(9), status: '{"x":1}' });
      const last = { id: "b", ...node, seenMs: 9, status: '{"x":1}' };
      assert.deepEqual(await index.nodes(), [{ id: "a", ...node }, last]);
    });

    test("a commit of an owner that was replaced writes nothing", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await fill(index, 1);
      const { epoch } = await index.takeLease({ stream: "cam", node: "a", ttlMs: 10 }, 0);
      const fence = { stream: "cam", node: "a", epoch };
      await index.commit({ rows: [packRow(1)], fences: [fence] });
      const other = { stream: "dog", node: "a", epoch: 1 };
      const both = index.commit({ rows: [packRow(2)], fences: [fence, other] });
      await assert.rejects(both, { code: "ingest.fenced" });
      await index.takeLease({ stream: "cam", node: "b", ttlMs: 10 }, 10);
      const late = index.commit({ rows: [packRow(2)], fences: [fence] });
      await assert.rejects(late, { code: "ingest.fenced" });
      await index.takeLease({ stream: "cam", node: "a", ttlMs: 10 }, 20);
      const old = index.commit({ rows: [packRow(2)], fences: [fence] });
      await assert.rejects(old, { code: "ingest.fenced" });
      assert.equal(await index.lastSequence("cam"), packRow(1).lastSequence);
    });
  });
}

export function concurrencyTests(engine: Engine): void {
  suite("several at once", () => {
    test("one of two that want a lease gets it", async () => {
      await using opened = await engine.open();
      const [one, two] = [opened.index, await opened.another()];
      for (let round = 0; round < 8; round++) {
        const stream = `cam${round}`;
        const taken = await Promise.all([
          one.takeLease({ stream, node: "a", ttlMs: 100 }, 0),
          two.takeLease({ stream, node: "b", ttlMs: 100 }, 0),
        ]);
        assert.deepEqual(taken[0], taken[1]);
        assert.deepEqual(await one.lease(stream), taken[0]);
      }
      await two.close();
    });

    test("commits of one stream and of several lose nothing", async () => {
      await using opened = await engine.open();
      const indexes = [opened.index, await opened.another()];
      for (const name of ["cam", "dog"]) await opened.index.createStream(streamInfo(name));
      const work = indexes.map(async (index, who) => {
        for (let i = 0; i < 12; i++) {
          const n = 2 * i + who;
          const own = packRow(n, { stream: who === 0 ? "cam" : "dog" });
          const both = ["dog", "cam"].map((stream) => packRow(100 + n, { stream }));
          const sets = [{ ...TRACK_SET, id: `set${i}` }, TRACK_SET];
          await index.commit({
            rows: [own, ...(who === 0 ? both : both.reverse())],
            trackSets: sets,
          });
        }
      });
      await Promise.all(work);
      for (const [who, stream] of ["cam", "dog"].entries()) {
        const numbers = Array.from({ length: 12 }, (_, i) => [
          2 * i + who,
          100 + 2 * i,
          101 + 2 * i,
        ]);
        const rows = numbers.flat().map((n) => packRow(n, { stream }));
        const extent = await opened.index.extent(stream);
        assert.equal(
          extent?.bytes,
          rows.reduce((sum, row) => sum + row.bytes, 0),
        );
        const { packs } = await opened.index.packs(stream, { by: "sequence", after: 0 });
        assert.deepEqual(
          packs.map(({ packId }) => packId).sort(),
          rows.map(({ packId }) => packId).sort(),
        );
      }
      await indexes[1]?.close();
    });

    test("who reads events from where it was misses none", async () => {
      await using opened = await engine.open();
      const writers = [opened.index, await opened.another()];
      const seen: string[] = [];
      let [last, done] = [0, false];
      const look = async () => {
        for (const { id, body } of await opened.index.events(last, 100)) {
          last = id;
          seen.push(body);
        }
      };
      const reading = (async () => {
        while (!done) await look();
      })();
      const writing = writers.map(async (index, who) => {
        for (let i = 0; i < 25; i++) {
          const event = { type: "gap", stream: "cam", atMs: millis(i) } as const;
          await index.commit({ events: [{ ...event, body: `${who} ${i}` }] });
        }
      });
      await Promise.all(writing);
      done = true;
      await reading;
      await look();
      assert.equal(new Set(seen).size, 50);
      assert.equal(seen.length, 50);
      await writers[1]?.close();
    });

    test("a hold and a removal come one after the other", async () => {
      await using opened = await engine.open();
      const [one, two] = [opened.index, await opened.another()];
      const rows = await fill(one, 10);
      for (const [n, { packId }] of rows.entries()) {
        const of = { stream: "cam", who: "ann", why: "", createdMs: millis(1), untilMs: undefined };
        const removal = { stream: "cam", packIds: [packId], cause: "user", who: "bob" } as const;
        const [removed] = await Promise.all([
          one.remove({ ...removal, atMs: millis(2) }),
          two.addHold({ id: `h${n}`, ...of, ...minutes(n, n + 1) }),
        ]);
        const there = (await one.pack("cam", packId)) !== undefined;
        assert.equal(there, removed.packIds.length === 0);
      }
      await two.close();
    });
  });
}

async function* exported(index: FragmentIndex, limit: number) {
  for (const kind of EXPORT_KINDS) {
    let after: string | undefined;
    do {
      const page = await index.exportRows(kind, after, limit);
      assert.ok(page.rows.length <= limit);
      // As it would lie in a file.
      yield { kind, rows: JSON.parse(JSON.stringify(page.rows)) as typeof page.rows };
      after = page.next;
    } while (after !== undefined);
  }
}

async function filled(index: FragmentIndex): Promise<void> {
  await fill(index, 25);
  await fill(index, 3, { stream: "dog" });
  await index.createStream(streamInfo("empty", { mediaType: "video/h264" }));
  const open = packRow(25, { sealed: false, archived: false, node: "n1" });
  const waiting = packRow(4, { stream: "dog", archived: false });
  const gap = { stream: "cam", cause: "offline", recordedMs: millis(5) } as const;
  const gaps = [1, 3].map((at) => ({ ...gap, startUs: micros(at), endUs: micros(at + 1) }));
  await index.commit({ rows: [open, waiting], gaps });
  const removal = { stream: "cam", cause: "age", who: "retention", atMs: millis(9) } as const;
  await index.remove({ ...removal, packIds: [0, 1, 2].map((n) => packRow(n).packId) });
  await index.thin(packRow(9).receivedLastMs, 99);
  const hold = { stream: "cam", who: "ann", why: "case", createdMs: millis(1) };
  await index.addHold({ id: "h1", ...hold, ...minutes(9, 10), untilMs: undefined });
  await index.addHold({ id: "h2", ...hold, ...minutes(9, 10), untilMs: millis(8) });
  const hook = { url: "http://127.0.0.1/", secret: "s", streams: "*", createdMs: millis(3) };
  await index.putHook({ id: "a", ...hook, types: ["gap"], deliveredId: 4 });
}

/** All that can be asked for. */
async function answers(index: FragmentIndex): Promise<unknown> {
  const found: unknown[] = [await index.streams(), await index.holds(undefined, undefined)];
  found.push(
    await index.audit({ limit: 99 }),
    await index.hooks(),
    await index.trackSet(TRACK_SET.id),
  );
  for (const stream of ["cam", "dog", "empty"]) {
    const { packs } = await index.packs(stream, { by: "sequence", after: 0 });
    found.push(packs, await index.extent(stream), await index.lastSequence(stream));
    found.push(await index.gaps(stream, EVER, 99), await index.chain(stream, EVER));
    for (const { packId } of packs) found.push(await index.pack(stream, packId));
  }
  found.push(await index.openPacks("n1"), await index.unarchivedSum(""));
  return found;
}

export function exportTests(from: Engine, to: Engine): void {
  test(`an export of ${from.name} makes ${to.name} answer the same`, async () => {
    await using source = await from.open();
    await using target = await to.open();
    await filled(source.index);
    for await (const { kind, rows } of exported(source.index, 10)) {
      await target.index.importRows(kind, rows);
      await target.index.importRows(kind, rows);
    }
    assert.deepEqual(await answers(target.index), await answers(source.index));
    assert.equal(await target.index.thin(packRow(99).receivedLastMs, 99), 16);
    const [last] = await source.index.audit({ limit: 1 });
    await target.index.addAudit({ atMs: millis(1), action: "x", stream: "", who: "" });
    assert.equal((await target.index.audit({ limit: 1 }))[0]?.id, (last?.id ?? 0) + 1);
    const bad = target.index.importRows("streams", [{ name: "x", version: 5 }]);
    await assert.rejects(bad, { code: "request.bad" });
  });
}

export function recordTests(engine: Engine): void {
  suite("records", () => {
    test("are made, changed by who knows their version, listed by kind and removed", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const put = (id: string, body: string, version?: number) =>
        index.putRecord({ kind: "key", id, body }, version);
      assert.equal(await put("b", "{}", 0), 1);
      await assert.rejects(put("b", "[]", 0), { code: "record.conflict" });
      await assert.rejects(put("b", "[]", 2), { code: "record.conflict" });
      assert.equal(await put("b", `{"a":1}`, 1), 2);
      assert.equal(await put("b", `{"a":2}`), 3);
      await assert.rejects(put("c", "{}", 1), { code: "record.conflict" });
      assert.equal(await put("a", "{}"), 1);
      await index.putRecord({ kind: "other", id: "b", body: "{}" });
      assert.deepEqual(await index.record("key", "b"), {
        ...{ kind: "key", id: "b", body: `{"a":2}`, version: 3 },
      });
      const ids = async (after: string, limit = 9) =>
        (await index.records("key", after, limit)).map(({ id }) => id);
      assert.deepEqual(await ids(""), ["a", "b"]);
      assert.deepEqual(await ids("a"), ["b"]);
      assert.deepEqual(await ids("", 1), ["a"]);
      assert.equal(await index.deleteRecord("key", "b"), true);
      assert.equal(await index.deleteRecord("key", "b"), false);
      assert.equal(await index.record("key", "b"), undefined);
      assert.equal((await index.records("other", "", 9)).length, 1);
    });

    test("of two who make or change one at once, one is told", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const both = (version: number) =>
        Promise.allSettled(
          ["x", "y"].map((body) => index.putRecord({ kind: "key", id: "a", body }, version)),
        );
      for (const version of [0, 1]) {
        const states = (await both(version)).map(({ status }) => status).sort();
        assert.deepEqual(states, ["fulfilled", "rejected"]);
        assert.equal((await index.record("key", "a"))?.version, version + 1);
      }
    });
  });

  test("what interfaces keep with a stream stays with it until it is changed", async () => {
    await using opened = await engine.open();
    const { index } = opened;
    const tags = { kvs: { tags: { a: "b" } } };
    await index.createStream({ ...streamInfo("cam"), attributes: tags }, "me");
    assert.deepEqual((await index.stream("cam"))?.attributes, tags);
    const [row] = await index.audit({ limit: 9 });
    assert.deepEqual([row?.action, row?.stream, row?.who], ["stream-created", "cam", "me"]);
    const other = { ui: { group: 1 } };
    await index.updateStream("cam", { attributes: other, version: "2" });
    assert.deepEqual((await index.stream("cam"))?.attributes, other);
    await index.updateStream("cam", { retentionHours: 48, version: "3" });
    assert.deepEqual((await index.stream("cam"))?.attributes, other);
    await index.updateStream("cam", { attributes: {}, version: "4" });
    assert.equal((await index.stream("cam"))?.attributes, undefined);
  });
}
