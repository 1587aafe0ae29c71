import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openDirectIndex } from "../../../test/support/archives.ts";
import {
  addPacks,
  countingIndex,
  makeStream,
  type PackSpec,
} from "../../../test/support/index-packs.ts";
import { type RetentionRig, retentionRig } from "../../../test/support/retention.ts";
import { SizeStore } from "../../../test/support/size-store.ts";
import { SkewClock } from "../../../test/support/skew-clock.ts";
import { millis } from "../../base/units.ts";
import type { FragmentIndex } from "../index/fragment-index.ts";
import type { AuditRow } from "../index/index-ledger.ts";
import { objectKey } from "../pack-id.ts";
import { END_OF_TIME_MS } from "./policy.ts";
import type { RemovedMedia } from "./removed.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** One pack a minute, the last one ends at `NOW`; oldest first. */
function minutes(count: number, over: Partial<PackSpec> = {}): PackSpec[] {
  return Array.from({ length: count }, (_, i) => ({ atMs: NOW - (count - i) * MINUTE, ...over }));
}

async function left(index: FragmentIndex, stream = "cam"): Promise<string[]> {
  const query = { stream, receivedBeforeMs: END_OF_TIME_MS, limit: 1_000_000 };
  return (await index.oldPacks(query)).map(({ packId }) => packId);
}

function hold(rig: RetentionRig, fromMs: number, toMs: number, untilMs?: number) {
  const until = untilMs === undefined ? {} : { untilMs };
  return rig.retention.holds.add({
    stream: "cam",
    fromMs,
    toMs,
    who: "me",
    why: "case 7",
    ...until,
  });
}

function clockAtNow(): SkewClock {
  return new SkewClock(NOW);
}

suite("by age", () => {
  test("what is older than the retention goes in batches, with audit and gap, and is told", async () => {
    const told: RemovedMedia[] = [];
    const removed = (media: RemovedMedia) => told.push(media);
    await using rig = await retentionRig({ clock: clockAtNow(), batch: 7, removed });
    const { index, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 1 });
    const ids = await addPacks(index, "cam", minutes(100));
    const done = await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), ids.slice(40));
    assert.deepEqual([done.packs, done.bytes], [40, 40_000]);
    const audit = await index.audit({ stream: "cam", limit: 100 });
    assert.ok(
      audit.every(
        ({ action, cause, who }) => action === "removed" && cause === "age" && who === "retention",
      ),
    );
    assert.equal(
      audit.reduce((sum, row) => sum + (row.packs ?? 0), 0),
      40,
    );
    const range = { fromMs: millis(0), toMs: millis(NOW) };
    const gaps = await index.gaps("cam", range, 10);
    assert.deepEqual(
      gaps.map(({ startUs, endUs, cause }) => [startUs / 1000, endUs / 1000, cause]),
      [[NOW - 100 * MINUTE, NOW - 60 * MINUTE, "age"]],
    );
    const facts = ({ startUs, endUs, packs, bytes }: RemovedMedia | AuditRow) => [
      startUs,
      endUs,
      packs,
      bytes,
    ];
    assert.deepEqual(told.map(facts), audit.toReversed().map(facts));
    assert.ok(
      told.every(({ stream, cause, atMs }) => stream === "cam" && cause === "age" && atMs === NOW),
    );
  });

  test("a changed retention holds for what is stored already; 0 takes everything", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 10 });
    const ids = await addPacks(index, "cam", minutes(300));
    await retention.sweeper.sweepNow();
    assert.equal((await left(index)).length, 300);
    await retention.change("cam", { retentionHours: 2, who: "me" });
    await retention.sweeper.sweepNow("cam");
    assert.deepEqual(await left(index), ids.slice(180));
    await retention.change("cam", { retentionHours: 10, who: "me" });
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), ids.slice(180));
    await retention.change("cam", { retentionHours: 0, who: "me" });
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), []);
  });

  test("open packs and those not in the object store yet stay until they are archived", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 1 });
    const old = { atMs: NOW - 9 * HOUR };
    await addPacks(index, "cam", [{ ...old, state: "open" }, { ...old, state: "sealed" }, old]);
    assert.equal((await retention.sweeper.sweepNow()).packs, 1);
  });
});

suite("by size", () => {
  test("the oldest go until the bound is kept, held ones are stepped over", async () => {
    await using rig = await retentionRig({ clock: clockAtNow(), batch: 3 });
    const { index, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 87_600, retentionBytes: 10_500 });
    const ids = await addPacks(index, "cam", minutes(20));
    // The second and third.
    await hold(rig, NOW - 19 * MINUTE, NOW - 17 * MINUTE);
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), [...ids.slice(1, 3), ...ids.slice(12)]);
    const causes = (await index.audit({ limit: 100 })).map(({ cause }) => cause);
    assert.ok(causes.includes("size") && !causes.includes("age"));
  });

  test("a bound that held packs alone exceed is not kept, and nothing else is left", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 87_600, retentionBytes: 1 });
    const ids = await addPacks(index, "cam", minutes(20));
    await hold(rig, NOW - 5 * MINUTE, NOW);
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), ids.slice(15));
  });
});

suite("for space", () => {
  /** Objects in the store for packs of two streams, one older than the other by a minute. */
  async function full(rig: RetentionRig): Promise<{ cam: string[]; gate: string[] }> {
    const { index, store } = rig;
    await makeStream(index, "cam", { retentionHours: 87_600 });
    await makeStream(index, "gate", { retentionHours: 87_600 });
    const cam = await addPacks(
      index,
      "cam",
      minutes(200).filter((_, i) => i % 2 === 0),
    );
    const gate = await addPacks(
      index,
      "gate",
      minutes(200).filter((_, i) => i % 2 === 1),
    );
    for (const id of [...cam, ...gate]) store.objects.set(objectKey(id), 1000);
    return { cam, gate };
  }

  test("the oldest of all streams go until the floor is free, counting what is on its way", async () => {
    const store = new SizeStore();
    store.total = 250_000;
    await using rig = await retentionRig({ clock: clockAtNow(), store, floorBytes: 60_000 });
    const { cam, gate } = await full(rig);
    // 50,000 are free: ten packs, five of each.
    await rig.retention.sweeper.sweepNow();
    assert.deepEqual(await left(rig.index, "cam"), cam.slice(5));
    assert.deepEqual(await left(rig.index, "gate"), gate.slice(5));
    assert.equal(store.objects.size, 200, "objects have their grace");
    await rig.retention.sweeper.sweepNow();
    assert.equal((await left(rig.index, "cam")).length, 95, "and are not made up for twice");
    rig.clock.advance(61_000);
    await rig.retention.sweeper.sweepNow();
    assert.equal(store.objects.size, 190);
    assert.deepEqual(rig.retention.sweeper.space, {
      freeBytes: 50_000,
      pendingBytes: 10_000,
      shortBytes: 0,
    });
    await rig.retention.sweeper.sweepNow();
    assert.deepEqual(rig.retention.sweeper.space, {
      freeBytes: 60_000,
      pendingBytes: 0,
      shortBytes: 0,
    });
  });

  test("waits while objects of unknown size are about to go", async () => {
    const store = new SizeStore();
    store.total = 250_000;
    await using rig = await retentionRig({ clock: clockAtNow(), store, floorBytes: 60_000 });
    const { cam } = await full(rig);
    const removal = {
      stream: "cam",
      packIds: cam.slice(0, 20),
      cause: "age",
      who: "other",
    } as const;
    await rig.index.remove({ ...removal, atMs: millis(NOW) });
    await rig.retention.sweeper.sweepNow();
    assert.equal((await left(rig.index, "cam")).length, 80);
    assert.equal(rig.retention.sweeper.space?.shortBytes, 10_000);
    rig.clock.advance(61_000);
    await rig.retention.sweeper.sweepNow();
    await rig.retention.sweeper.sweepNow();
    assert.equal((await left(rig.index, "cam")).length, 80, "they were enough");
  });

  test("held ones stay, and what is short is told", async () => {
    const store = new SizeStore();
    store.total = 200_000;
    await using rig = await retentionRig({ clock: clockAtNow(), store, floorBytes: 150_000 });
    const { cam } = await full(rig);
    await hold(rig, 0, NOW);
    await rig.retention.sweeper.sweepNow();
    assert.deepEqual(await left(rig.index, "cam"), cam);
    assert.deepEqual(await left(rig.index, "gate"), []);
    assert.equal(rig.retention.sweeper.space?.shortBytes, 50_000);
  });
});

suite("holds", () => {
  test("keep what they overlap until they are ended or have run out", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention, clock } = rig;
    await makeStream(index, "cam", { retentionHours: 1 });
    const ids = await addPacks(index, "cam", minutes(300));
    const one = await hold(rig, NOW - 290 * MINUTE, NOW - 280 * MINUTE);
    await hold(rig, NOW - 270 * MINUTE + 1, NOW - 260 * MINUTE - 1, NOW + 5 * MINUTE);
    await retention.sweeper.sweepNow();
    const first = [...ids.slice(10, 20), ...ids.slice(30, 40)];
    assert.deepEqual(await left(index), [...first, ...ids.slice(240)]);
    await retention.holds.end(one.id, "me");
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), [...ids.slice(30, 40), ...ids.slice(240)]);
    clock.advance(5 * MINUTE);
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), ids.slice(245));
  });

  test("a pack that was archived late, behind a held one, is found within a day", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention, clock } = rig;
    await makeStream(index, "cam", { retentionHours: 1 });
    await addPacks(index, "cam", minutes(300));
    await hold(rig, NOW - 200 * MINUTE, NOW - 190 * MINUTE);
    await retention.sweeper.sweepNow();
    const [late = ""] = await addPacks(index, "cam", [{ atMs: NOW - 280 * MINUTE }], 1000);
    for (let hour = 0; hour < 25; hour++) {
      clock.advance(HOUR);
      await retention.sweeper.sweepNow();
    }
    const now = await left(index);
    assert.ok(!now.includes(late));
    assert.equal(now.length, 10);
  });
});

suite("objects", () => {
  async function withObjects(rig: RetentionRig, count: number): Promise<string[]> {
    await makeStream(rig.index, "cam", { retentionHours: 1 });
    const ids = await addPacks(rig.index, "cam", minutes(60 + count));
    for (const id of ids) rig.store.objects.set(objectKey(id), 1000);
    return ids;
  }

  test("go after the grace time, many in one request, and their garbage rows with them", async () => {
    await using rig = await retentionRig({ clock: clockAtNow(), batch: 100 });
    const { index, store, clock, retention } = rig;
    await withObjects(rig, 250);
    await retention.sweeper.sweepNow();
    assert.equal(store.objects.size, 310);
    clock.advance(MINUTE + 1);
    assert.equal((await retention.sweeper.sweepNow()).objects, 250);
    assert.equal(store.deleteCalls, 3);
    // The pack that has expired meanwhile waits for its own grace.
    assert.equal((await index.garbage(END_OF_TIME_MS, 10)).length, 1);
  });

  test("stay while they are read, and go when the lease ends", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { store, clock, retention } = rig;
    const [first = "", second = ""] = await withObjects(rig, 2);
    const lease = retention.leases.take([first]);
    await retention.sweeper.sweepNow();
    clock.advance(2 * MINUTE);
    await retention.sweeper.sweepNow();
    assert.deepEqual(
      [first, second].map((id) => store.objects.has(objectKey(id))),
      [true, false],
    );
    lease.release();
    await retention.sweeper.sweepNow();
    assert.equal(store.objects.has(objectKey(first)), false);
  });

  test("that cannot be deleted are tried again, less and less often, and nothing is lost sight of", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, store, clock, retention } = rig;
    await withObjects(rig, 3);
    await retention.sweeper.sweepNow();
    store.failing = true;
    for (let minute = 0; minute < 120; minute++) {
      clock.advance(MINUTE);
      await retention.sweeper.sweepNow();
    }
    // Due after 2 minutes; then after 1, 2, 4, 8, 16 more, and every 30.
    assert.equal(store.deleteCalls, 8);
    assert.ok((await index.garbage(END_OF_TIME_MS, 1000)).length >= 3);
    store.failing = false;
    clock.advance(30 * MINUTE);
    await retention.sweeper.sweepNow();
    clock.advance(2 * MINUTE);
    await retention.sweeper.sweepNow();
    assert.equal(retention.sweeper.last?.error, undefined);
    assert.equal(store.objects.size, 0);
  });
});

suite("the clock", () => {
  test("nothing goes while it is suspect; an operator's word sets it going", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, clock, retention } = rig;
    await makeStream(index, "cam", { retentionHours: 24 });
    await addPacks(index, "cam", minutes(300));
    await retention.sweeper.sweepNow();
    clock.jump(YEAR);
    assert.equal((await retention.sweeper.sweepNow()).packs, 0);
    assert.equal((await retention.state()).paused?.kind, "ahead");
    await retention.confirmClock("me");
    assert.equal((await retention.sweeper.sweepNow()).packs, 300);
    const [confirmed] = (await index.audit({ stream: "", limit: 1 })).slice(-1);
    assert.equal(confirmed?.action, "clock-confirmed");
  });

  test("footage of hours in 1970 is kept for its retention, counted from the correction", async () => {
    const clock = new SkewClock(5 * MINUTE);
    const index = await openDirectIndex(":memory:");
    await makeStream(index, "cam", { retentionHours: 24 });
    await addPacks(index, "cam", [{ atMs: NOW - HOUR }]);
    await using rig = await retentionRig({ clock, index });
    const { retention } = rig;
    const [of1970 = ""] = await addPacks(index, "cam", [{ atMs: 10 * MINUTE, producedMs: NOW }], 2);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(MINUTE);
      await retention.sweeper.sweepNow();
    }
    clock.set(NOW);
    for (let hour = 0; hour < 23; hour++) {
      clock.advance(HOUR);
      await retention.sweeper.sweepNow();
    }
    assert.equal(retention.sweeper.last?.error, undefined);
    assert.equal((await retention.state()).paused, undefined);
    assert.ok((await left(index)).includes(of1970));
    // Noticed at the first sweep, an hour later.
    clock.advance(2 * HOUR + MINUTE);
    await retention.sweeper.sweepNow();
    assert.deepEqual(await left(index), []);
  });
});

suite("running", () => {
  test("sweeps at its interval, not twice at once, and not after it was stopped", async () => {
    const { index, counts } = countingIndex(await openDirectIndex(":memory:"));
    await using rig = await retentionRig({ clock: clockAtNow(), index });
    const sweeps = () => counts.byMethod.get("streams") ?? 0;
    rig.retention.start();
    assert.equal(sweeps(), 1, "when it was opened");
    rig.clock.advance(MINUTE);
    await Promise.all([rig.retention.sweeper.sweepNow(), rig.retention.sweeper.sweepNow()]);
    assert.equal(sweeps(), 4);
    await rig.retention.stop();
    rig.clock.advance(10 * MINUTE);
    assert.equal(sweeps(), 4);
  });

  test("an index that is away costs nothing but time: less and less often, then as before", async () => {
    const real = await openDirectIndex(":memory:");
    let [away, asked] = [false, 0];
    const index = new Proxy(real, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (name !== "streams") return typeof method === "function" ? method.bind(target) : method;
        return async () => {
          asked++;
          if (away) throw new Error("gone");
          return target.streams();
        };
      },
    });
    await using rig = await retentionRig({ clock: clockAtNow(), index });
    const settle = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += MINUTE) {
        rig.clock.advance(MINUTE);
        for (let i = 0; i < 20; i++) await Promise.resolve();
        await new Promise(setImmediate);
      }
    };
    rig.retention.start();
    away = true;
    asked = 0;
    await settle(60 * MINUTE);
    // At 1, 2, 4, 8, 16, 32 minutes; the next at 62.
    assert.equal(asked, 6);
    assert.match(rig.retention.sweeper.last?.error ?? "", /gone/);
    away = false;
    await settle(10 * MINUTE);
    assert.equal(asked, 6 + 9);
  });

  test("two sweepers over one index do no harm to each other", async () => {
    const index = await openDirectIndex(":memory:");
    const clock = clockAtNow();
    await using one = await retentionRig({ clock, index, batch: 5 });
    const two = await retentionRig({ clock, index, store: one.store, batch: 7 });
    await makeStream(index, "cam", { retentionHours: 1 });
    const ids = await addPacks(index, "cam", minutes(200));
    const sweeps = [one, two].map((rig) => rig.retention.sweeper.sweepNow());
    const [a, b] = await Promise.all(sweeps);
    assert.deepEqual(await left(index), ids.slice(140));
    assert.equal((a?.packs ?? 0) + (b?.packs ?? 0), 140);
    const audit = await index.audit({ limit: 1000 });
    assert.equal(
      audit.reduce((sum, row) => sum + (row.packs ?? 0), 0),
      140,
    );
    await two.retention.stop();
  });
});

suite("what a sweep costs", () => {
  /** Calls and rows of a sweep in which one pack expires, with so many stored and held. */
  async function cost(stored: number, held: number): Promise<{ calls: number; rows: number }> {
    const { index, counts } = countingIndex(await openDirectIndex(":memory:"));
    await using rig = await retentionRig({ clock: clockAtNow(), index });
    await makeStream(index, "cam", { retentionHours: 1 });
    // Held ones are far older, and then there are those that are kept by age.
    const old = Array.from({ length: held }, (_, i) => ({ atMs: NOW - YEAR + i * MINUTE }));
    await addPacks(index, "cam", old);
    const young = Array.from({ length: stored }, (_, i) => ({
      atMs: NOW - 60 * MINUTE + Math.floor((i * 58 * MINUTE) / stored),
    }));
    await addPacks(index, "cam", young, 1_000_000);
    if (held > 0) await hold(rig, NOW - YEAR, NOW - YEAR + held * MINUTE);
    await rig.retention.sweeper.sweepNow();
    await addPacks(index, "cam", [{ atMs: NOW - 62 * MINUTE }], 900_000);
    counts.calls = counts.rows = 0;
    assert.equal((await rig.retention.sweeper.sweepNow()).packs, 1);
    return { calls: counts.calls, rows: counts.rows };
  }

  test("does not grow with what is stored, nor with what is held", async () => {
    const few = await cost(10, 0);
    assert.deepEqual(await cost(3000, 0), few);
    const [some, many] = [await cost(10, 20), await cost(10, 3000)];
    assert.deepEqual(many, some);
    assert.ok(some.rows <= few.rows + 1, "the hold itself");
  });
});
