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
import { SkewClock } from "../../../test/support/skew-clock.ts";
import type { FragmentIndex, OldPacksQuery } from "../index/fragment-index.ts";
import { objectKey } from "../pack-id.ts";
import { END_OF_TIME_MS } from "./policy.ts";

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

  test("and rows stay while a range of them is read, and go when it has been", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention } = rig;
    const ids = await withObjects(rig, 10);
    await hold(rig, NOW - 70 * MINUTE, NOW - 68 * MINUTE);
    const [fromUs, toUs] = [(NOW - 65 * MINUTE) * 1000, (NOW - 63 * MINUTE) * 1000];
    const lease = retention.leases.takeRange({ stream: "cam", fromUs, toUs });
    assert.equal((await retention.sweeper.sweepNow()).packs, 6);
    assert.deepEqual(await left(index), [...ids.slice(0, 2), ...ids.slice(5, 7), ...ids.slice(10)]);
    assert.equal((await retention.sweeper.sweepNow()).packs, 0);
    lease.release();
    assert.equal((await retention.sweeper.sweepNow()).packs, 2);
    assert.deepEqual(await left(index), [...ids.slice(0, 2), ...ids.slice(10)]);
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

  test("a stream that fails does not keep the others from being swept", async () => {
    const real = await openDirectIndex(":memory:");
    const index = new Proxy(real, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (name !== "oldPacks") return typeof method === "function" ? method.bind(target) : method;
        return async (query: OldPacksQuery) => {
          if (query.stream === "bad") throw new Error("rows of bad cannot be read");
          return target.oldPacks(query);
        };
      },
    });
    await using rig = await retentionRig({ clock: clockAtNow(), index });
    for (const name of ["bad", "cam"]) {
      await makeStream(index, name, { retentionHours: 1 });
      await addPacks(index, name, minutes(70));
    }
    await assert.rejects(rig.retention.sweeper.sweepNow(), /rows of bad/);
    assert.equal((await left(real, "cam")).length, 60);
    assert.match(rig.retention.sweeper.last?.error ?? "", /rows of bad/);
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
