/**
 * Ten years of a stream, and more, pass on a clock of the test's own: packs come and expire day by day over the real
 * index. What should go goes, nothing that is held goes, and the audit adds up with what is gone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { objectKey } from "../../src/archive/pack-id.ts";
import { END_OF_TIME_MS } from "../../src/archive/retention/policy.ts";
import { millis } from "../../src/base/units.ts";
import { openDirectIndex } from "../support/archives.ts";
import { addPacks, countingIndex, makeStream } from "../support/index-packs.ts";
import { type RetentionRig, retentionRig } from "../support/retention.ts";
import { SkewClock } from "../support/skew-clock.ts";

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TEN_YEARS_HOURS = 87_600;
const DAYS = 11 * 365;
const PER_DAY = 4;

interface Pack {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly receivedLastMs: number;
  readonly bytes: number;
}

interface Held {
  readonly fromMs: number;
  readonly toMs: number;
  readonly untilMs: number;
}

/** What should be there, told from the rules alone. */
class Model {
  packs: Pack[] = [];
  gone = { packs: 0, bytes: 0 };
  readonly holds: Held[] = [];

  expire(nowMs: number, hours: number): void {
    const [kept, gone] = [[] as Pack[], [] as Pack[]];
    for (const pack of this.packs) {
      const young = pack.receivedLastMs >= nowMs - hours * HOUR;
      (young || this.#held(pack, nowMs) ? kept : gone).push(pack);
    }
    this.packs = kept;
    this.gone.packs += gone.length;
    this.gone.bytes += gone.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #held({ fromMs, toMs }: Pack, nowMs: number): boolean {
    return this.holds.some((h) => nowMs < h.untilMs && h.fromMs < toMs && h.toMs > fromMs);
  }
}

/** Four packs of a minute each, of this day. Bytes differ, so that sums tell packs apart. */
async function record({ index, store }: RetentionRig, model: Model, day: number): Promise<void> {
  const specs = Array.from({ length: PER_DAY }, (_, i) => {
    const atMs = START + day * DAY + i * 6 * HOUR;
    return { atMs, bytes: 1000 + ((day * PER_DAY + i) % 997) };
  });
  const ids = await addPacks(index, "cam", specs, day * PER_DAY + 1);
  specs.forEach(({ atMs, bytes }, i) => {
    const id = ids[i] ?? "";
    const [toMs, receivedLastMs] = [atMs + MINUTE, atMs + MINUTE - 2000];
    model.packs.push({ id, fromMs: atMs, toMs, receivedLastMs, bytes });
    store.objects.set(objectKey(id), bytes);
  });
}

async function hold(rig: RetentionRig, model: Model, held: Held): Promise<void> {
  const { fromMs, toMs, untilMs } = held;
  const until = untilMs === Number.POSITIVE_INFINITY ? {} : { untilMs };
  await rig.retention.holds.add({
    stream: "cam",
    fromMs,
    toMs,
    who: "court",
    why: "case 7",
    ...until,
  });
  model.holds.push(held);
}

async function assertAsModel(rig: RetentionRig, model: Model): Promise<void> {
  const query = { stream: "cam", receivedBeforeMs: END_OF_TIME_MS, limit: 1_000_000 };
  const there = await rig.index.oldPacks(query);
  assert.deepEqual(
    there.map(({ packId }) => packId),
    model.packs.map(({ id }) => id),
  );
  const gone = { packs: 0, bytes: 0 };
  for (let beforeId: number | undefined; ; ) {
    const page = await rig.index.audit({
      stream: "cam",
      limit: 1000,
      ...(beforeId && { beforeId }),
    });
    for (const { action, packs = 0, bytes = 0 } of page)
      if (action === "removed") [gone.packs, gone.bytes] = [gone.packs + packs, gone.bytes + bytes];
    beforeId = page.at(-1)?.id;
    if (page.length < 1000) break;
  }
  assert.deepEqual(gone, model.gone);
  assert.equal(
    (await rig.index.extent("cam"))?.bytes,
    model.packs.reduce((n, { bytes }) => n + bytes, 0),
  );
}

test("eleven years: what should go goes, nothing held goes, the audit adds up", async () => {
  const { index, counts } = countingIndex(await openDirectIndex(":memory:"));
  await using rig = await retentionRig({ clock: new SkewClock(START), index });
  const { retention, clock, store } = rig;
  const model = new Model();
  await makeStream(index, "cam", { retentionHours: TEN_YEARS_HOURS });
  const [at, year] = [(days: number) => START + days * DAY, 365];
  await hold(rig, model, { fromMs: at(100), toMs: at(110), untilMs: Number.POSITIVE_INFINITY });
  await hold(rig, model, { fromMs: at(200), toMs: at(230), untilMs: at(10.9 * year) });
  const costs: number[] = [];
  for (let day = 0; day < DAYS; day++) {
    await record(rig, model, day);
    clock.advance(DAY);
    const before = counts.calls + counts.rows;
    const { packs } = await retention.sweeper.sweepNow();
    // In the last year each day's packs expire, those that are held apart.
    if (packs === PER_DAY) costs.push(counts.calls + counts.rows - before);
    model.expire(clock.now(), TEN_YEARS_HOURS);
  }
  assert.ok(model.gone.packs > 300 * PER_DAY && model.gone.packs < 366 * PER_DAY);
  await assertAsModel(rig, model);
  // 14,600 packs are stored. A sweep looks at what expires, once a day at what is held (160), and a few rows more.
  assert.ok(costs.length > 300);
  assert.ok(Math.max(...costs) < 160 + 40, `${Math.max(...costs)} calls and rows`);

  const said = await retention.preview("cam", { retentionHours: year * 24 });
  await retention.change("cam", { retentionHours: year * 24, who: "me" });
  const done = await retention.sweeper.sweepNow();
  assert.deepEqual([said.packs, said.bytes, said.complete], [done.packs, done.bytes, true]);
  assert.ok(done.packs > 8.9 * year * PER_DAY);
  assert.equal(said.held.packs, 10 * PER_DAY);
  model.expire(clock.now(), year * 24);
  await assertAsModel(rig, model);

  for (let i = 0; i < 2; i++) {
    clock.advance(2 * MINUTE);
    await retention.sweeper.sweepNow();
  }
  model.expire(clock.now(), year * 24);
  const objects = model.packs.map(({ id }) => objectKey(id));
  assert.deepEqual(
    [...store.objects.keys()],
    objects,
    "objects are those of the packs that are left",
  );
  const range = { fromMs: millis(START), toMs: millis(clock.now()) };
  const gaps = await index.gaps("cam", range, 100_000);
  const isGone = (ms: number) =>
    gaps.some(({ startUs, endUs }) => startUs <= ms * 1000 && ms * 1000 < endUs);
  for (const { fromMs } of model.packs) assert.equal(isGone(fromMs), false);
  assert.equal(isGone(at(0)), true);
  assert.equal(isGone(at(105)), false, "held");
});
