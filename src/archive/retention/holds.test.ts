import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { addPacks, makeStream } from "../../../test/support/index-packs.ts";
import { auditOf } from "../../../test/support/index-rows.ts";
import { retentionRig } from "../../../test/support/retention.ts";
import { SkewClock } from "../../../test/support/skew-clock.ts";
import { millis } from "../../base/units.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;
const fine = { stream: "cam", fromMs: NOW - MINUTE, toMs: NOW, who: "me", why: "case 7" };

suite("holds", () => {
  test("are added, listed and ended, each with an audit row", async () => {
    await using rig = await retentionRig({ clock: new SkewClock(NOW) });
    const { holds } = rig.retention;
    await makeStream(rig.index, "cam");
    const one = await holds.add(fine);
    const two = await holds.add({ ...fine, untilMs: NOW + 5 });
    assert.match(one.id, /^[A-Za-z0-9_-]{12}$/);
    assert.deepEqual(
      new Set((await holds.list("cam")).map(({ id }) => id)),
      new Set([one.id, two.id]),
    );
    assert.deepEqual(await holds.list("gate"), []);
    rig.clock.advance(5);
    assert.deepEqual(await holds.list(), [one]);
    assert.equal((await holds.end(one.id, "you")).untilMs, NOW + 5);
    assert.deepEqual(await holds.list(), []);
    assert.equal((await holds.list("cam", { ended: true })).length, 2);
    const rows = await auditOf(rig.index, { stream: "cam", limit: 9 });
    assert.deepEqual(
      rows.map(({ action, who }) => [action, who]),
      [
        ["hold-ended", "you"],
        ["hold-added", "me"],
        ["hold-added", "me"],
      ],
    );
    await assert.rejects(holds.end("none", "me"), { code: "hold.not-found" });
  });

  const bad: readonly (readonly [object, string])[] = [
    [{ fromMs: NOW, toMs: NOW }, "request.bad-range"],
    [{ fromMs: -1 }, "request.bad-range"],
    [{ fromMs: 0.5 }, "request.bad-range"],
    [{ why: " " }, "request.bad"],
    [{ why: "x".repeat(501) }, "request.bad"],
    [{ who: "" }, "request.bad"],
    [{ untilMs: NOW }, "request.bad"],
    [{ stream: "moon" }, "stream.not-found"],
  ];
  for (const [over, code] of bad)
    test(`refuse ${JSON.stringify(over).slice(0, 40)}`, async () => {
      await using rig = await retentionRig({ clock: new SkewClock(NOW) });
      await makeStream(rig.index, "cam");
      await assert.rejects(rig.retention.holds.add({ ...fine, ...over }), { code });
    });
});

test("a user deletes a range: whole packs go, and what stays is told with its reason", async () => {
  await using rig = await retentionRig({ clock: new SkewClock(NOW) });
  const { index, retention } = rig;
  await makeStream(index, "cam");
  const at = (i: number) => NOW - (300 - i) * MINUTE;
  const states = { 297: "open", 298: "sealed" } as const;
  const specs = Array.from({ length: 300 }, (_, i) => {
    const state = states[i as 297 | 298] ?? "archived";
    return { atMs: at(i), bytes: 10, state };
  });
  await addPacks(index, "cam", specs);
  await retention.holds.add({ ...fine, fromMs: at(50), toMs: at(60) });
  const range = { fromMs: millis(at(10) + 1), toMs: millis(NOW) };
  const done = await retention.deleteRange({ stream: "cam", range, who: "me", why: "asked to" });
  assert.deepEqual(done, {
    ...{ packs: 277, bytes: 2770 },
    left: {
      edge: { packs: 1, bytes: 10 },
      open: { packs: 1, bytes: 10 },
      held: { packs: 10, bytes: 100 },
      notArchived: { packs: 1, bytes: 10 },
    },
  });
  assert.equal((await index.extent("cam"))?.bytes, 230);
  const audit = await index.audit({ stream: "cam", limit: 99 });
  const removed = audit.filter(({ action }) => action === "removed");
  assert.ok(
    removed.every((row) => row.who === "me" && row.cause === "user" && row.detail === "asked to"),
  );
  assert.equal(
    removed.reduce((sum, row) => sum + (row.packs ?? 0), 0),
    277,
  );
  const again = await retention.deleteRange({ stream: "cam", range, who: "me" });
  assert.equal(again.packs, 0);
});
