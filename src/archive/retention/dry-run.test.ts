import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addPacks, makeStream, type PackSpec } from "../../../test/support/index-packs.ts";
import { type RetentionRig, retentionRig } from "../../../test/support/retention.ts";
import { SkewClock } from "../../../test/support/skew-clock.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;

const minute = fc.integer({ min: 1, max: 600 });
const someHold = fc.record({
  from: minute,
  length: fc.integer({ min: 1, max: 60 }),
  until: fc.option(fc.integer({ min: 1, max: 9 })),
});
const somePack = fc.record({
  ago: minute,
  lengthMs: fc.integer({ min: 1, max: 10 * MINUTE }),
  bytes: fc.integer({ min: 1, max: 1000 }),
  state: fc.constantFrom(
    "archived" as const,
    "archived" as const,
    "sealed" as const,
    "open" as const,
  ),
  /** The producer's clock is somewhere else. */
  skew: fc.constantFrom(0, 0, -100 * MINUTE, 30 * MINUTE),
});
const world = fc.record({
  packs: fc.array(somePack, { maxLength: 40 }),
  holds: fc.array(someHold, { maxLength: 3 }),
  hours: fc.integer({ min: 0, max: 10 }),
  retentionBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 })),
  batch: fc.integer({ min: 1, max: 9 }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

async function made({ packs, holds, hours, retentionBytes, batch }: World): Promise<RetentionRig> {
  const rig = await retentionRig({ clock: new SkewClock(NOW), batch });
  await makeStream(rig.index, "cam", { retentionHours: hours, retentionBytes });
  const specs = packs.map(({ ago, lengthMs, bytes, state, skew }): PackSpec => {
    const atMs = NOW - ago * MINUTE;
    return { atMs, producedMs: atMs + skew, lengthMs, bytes, state };
  });
  if (specs.length > 0) await addPacks(rig.index, "cam", specs);
  for (const { from, length, until } of holds) {
    const range = { fromMs: NOW - from * MINUTE, toMs: NOW - (from - length) * MINUTE };
    const untilMs = until === null ? {} : { untilMs: NOW + until };
    await rig.retention.holds.add({ stream: "cam", ...range, ...untilMs, who: "w", why: "y" });
  }
  return rig;
}

test("what a dry run says is what a sweep at that moment removes", async () => {
  const property = fc.asyncProperty(world, fc.integer({ min: 0, max: 10 }), async (of, later) => {
    await using rig = await made(of);
    const { index, retention, clock } = rig;
    // Places that an earlier sweep remembers, and holds that have run out since, change nothing.
    await retention.change("cam", { retentionHours: 10, retentionBytes: 0, who: "me" });
    await retention.sweeper.sweepNow();
    clock.advance(later);
    const { hours: retentionHours, retentionBytes } = of;
    const said = await retention.preview("cam", { retentionHours, retentionBytes });
    await retention.change("cam", { retentionHours, retentionBytes, who: "me" });
    const done = await retention.sweeper.sweepNow("cam");
    assert.deepEqual([said.packs, said.bytes], [done.packs, done.bytes]);
    const audit = await index.audit({ stream: "cam", limit: 1000 });
    const swept = audit.filter(({ action, atMs }) => action === "removed" && atMs === NOW + later);
    const sum = (cause: string) =>
      swept.filter((row) => row.cause === cause).reduce((all, row) => all + (row.packs ?? 0), 0);
    if (later > 0)
      assert.deepEqual([said.byAge.packs, said.bySize.packs], [sum("age"), sum("size")]);
    const again = await retention.preview("cam", {});
    assert.equal(again.packs, 0, "nothing is left to go");
  });
  await fc.assert(property, { numRuns: 150 });
});

test("times, causes and what is held; changes nothing", async () => {
  const packs = Array.from({ length: 20 }, (_, i) => ({
    ...{ ago: 200 - i, lengthMs: MINUTE, bytes: 10 },
    ...{ state: "archived" as const, skew: 0 as const },
  }));
  const of = { packs, holds: [{ from: 199, length: 2, until: null }], hours: 10 };
  await using rig = await made({ ...of, retentionBytes: 0, batch: 3 });
  const said = await rig.retention.preview("cam", { retentionHours: 3, retentionBytes: 0 });
  // All are older than three hours, and two of them are held.
  assert.deepEqual(said, {
    ...{ packs: 18, bytes: 180, complete: true },
    ...{ startUs: (NOW - 200 * MINUTE) * 1000, endUs: (NOW - 180 * MINUTE) * 1000 },
    byAge: { packs: 18, bytes: 180 },
    bySize: { packs: 0, bytes: 0 },
    held: { packs: 2, bytes: 20 },
  });
  const size = await rig.retention.preview("cam", { retentionBytes: 95 });
  assert.deepEqual(size.bySize, { packs: 11, bytes: 110 });
  assert.equal((await rig.index.extent("cam"))?.bytes, 200);
  await assert.rejects(rig.retention.preview("cam", { retentionHours: -1 }), {
    code: "request.bad",
  });
  await assert.rejects(rig.retention.preview("moon", {}), { code: "stream.not-found" });
});
