import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { addPacks, makeStream, type PackSpec } from "../../../test/support/index-packs.ts";
import { auditOf } from "../../../test/support/index-rows.ts";
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
    const audit = await auditOf(index, { stream: "cam", limit: 100 });
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

  test("a pack that began before a held one and ended after it is not passed over with it", async () => {
    await using rig = await retentionRig({ clock: clockAtNow() });
    const { index, retention, clock } = rig;
    await makeStream(index, "cam", { retentionHours: 1 });
    const start = NOW - 61 * MINUTE;
    const long = { atMs: start, lengthMs: 9 * MINUTE, producedMs: NOW - 200 * MINUTE };
    const [, short] = await addPacks(index, "cam", [long, { atMs: start + 5000, lengthMs: 9000 }]);
    await hold(rig, start + 5000, start + 6000);
    assert.equal((await retention.sweeper.sweepNow()).packs, 0);
    clock.advance(10 * MINUTE);
    assert.equal((await retention.sweeper.sweepNow()).packs, 1);
    assert.deepEqual(await left(index), [short]);
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
