/** What every index does when packs go, and what it remembers besides packs. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EventType } from "../../src/archive/index/index-events.ts";
import type { GapCause, HoldRow, NewGap } from "../../src/archive/index/index-ledger.ts";
import { micros, millis } from "../../src/base/units.ts";
import {
  auditOf,
  EVER,
  fill,
  MINUTE_MS,
  minutes,
  packRow,
  START_MS,
  streamInfo,
  TRACK_SET,
} from "../support/index-rows.ts";
import type { Engine } from "./index-engines.ts";

const NOW = millis(START_MS + 1000 * MINUTE_MS);
const removal = { stream: "cam", cause: "age", who: "retention", atMs: NOW } as const;

function hold(id: string, from: number, to: number, over: Partial<HoldRow> = {}): HoldRow {
  const base = { stream: "cam", who: "ann", why: "case 7", createdMs: millis(1) };
  return { id, ...base, ...minutes(from, to), untilMs: undefined, ...over };
}

export function removalTests(engine: Engine): void {
  suite("removal", () => {
    test("old packs are archived ones, in order, a page at a time", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await fill(index, 10);
      await index.commit({ rows: [packRow(10, { archived: false }), packRow(11)] });
      await index.commit({ rows: [packRow(30, { receivedFirstMs: packRow(2).receivedFirstMs })] });
      const bound = { stream: "cam", receivedBeforeMs: packRow(5).receivedLastMs };
      const [first, second, third] = await index.oldPacks({ ...bound, limit: 3 });
      assert.deepEqual(
        [first, second, third].map((one) => one?.firstSequence),
        [1, 31, 61],
      );
      const { packId, receivedFirstMs, receivedLastMs, producedStartUs, producedEndUs, bytes } =
        packRow(2);
      const expected = { packId, receivedFirstMs, receivedLastMs, producedStartUs, producedEndUs };
      assert.deepEqual(third, { ...expected, firstSequence: 61, bytes });
      const after = { order: receivedFirstMs, firstSequence: 61 };
      const rest = await index.oldPacks({ ...bound, after, limit: 9 });
      assert.deepEqual(
        rest.map((one) => one.firstSequence),
        [91, 121],
      );
      const all = await index.oldPacks({ stream: "cam", receivedBeforeMs: EVER.toMs, limit: 99 });
      assert.equal(all.length, 12);
      assert.equal(
        all.some(({ firstSequence }) => firstSequence === 301),
        false,
      );
      assert.deepEqual(await index.oldPacks({ ...bound, stream: "none", limit: 3 }), []);
    });

    test("takes what is archived, there and not held, and says so", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const rows = await fill(index, 8);
      const waiting = packRow(8, { archived: false });
      await index.commit({ rows: [waiting] });
      // Touches packs 2 and 4, overlaps 3; the next has ended.
      await index.addHold(hold("h", 3, 4));
      await index.addHold(hold("old", 0, 99, { untilMs: NOW }));
      const asked = [...rows.slice(0, 6), waiting, packRow(9)].map(({ packId }) => packId);
      const gone = [0, 1, 2, 4, 5].map((n) => packRow(n));
      const result = await index.remove({
        ...removal,
        packIds: [...asked, "no id"],
        detail: "why",
      });
      const bytes = gone.reduce((sum, row) => sum + row.bytes, 0);
      assert.deepEqual(result, { packIds: gone.map(({ packId }) => packId), bytes });
      for (const row of gone) assert.equal(await index.pack("cam", row.packId), undefined);
      const left = [3, 6, 7].map((n) => packRow(n));
      assert.equal(
        (await index.extent("cam"))?.bytes,
        [...left, waiting].reduce((sum, row) => sum + row.bytes, 0),
      );
      const gaps = await index.gaps("cam", EVER, 9);
      const spans = gaps.map(({ startUs, endUs, cause, detail, recordedMs }) => [
        ...[startUs, endUs, cause, detail, recordedMs],
      ]);
      const us = (n: number) => packRow(n).producedStartUs;
      assert.deepEqual(spans, [
        [us(0), us(3), "age", "why", NOW],
        [us(4), us(6), "age", "why", NOW],
      ]);
      const [said, ...others] = await auditOf(index, { stream: "cam", limit: 9 });
      assert.deepEqual(others, []);
      assert.deepEqual(said, {
        ...{ id: said?.id, atMs: NOW, action: "removed", stream: "cam", who: "retention" },
        ...{ cause: "age", startUs: us(0), endUs: us(6), packs: 5, bytes, detail: "why" },
      });
      // Another time it finds nothing, and writes nothing.
      const again = await index.remove({ ...removal, packIds: asked });
      assert.deepEqual(again, { packIds: [], bytes: 0 });
      assert.equal((await auditOf(index, { limit: 9 })).length, 1);
      assert.equal(await index.lastSequence("cam"), waiting.lastSequence);
    });

    test("joins holes that lie no further apart than packs of a chain", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      const short = (n: number) =>
        packRow(n, { producedEndUs: packRow(n + 1).producedStartUs - 20_000 });
      const rows = [0, 1, 2, 3].map(short);
      await index.commit({ rows, trackSets: [TRACK_SET] });
      for (const { packId } of rows) await index.remove({ ...removal, packIds: [packId] });
      const [gap, ...others] = await index.gaps("cam", EVER, 9);
      assert.deepEqual(
        [gap?.startUs, gap?.endUs],
        [rows[0]?.producedStartUs, rows[3]?.producedEndUs],
      );
      assert.deepEqual(others, []);
    });

    test("keeps the names of what went until they are forgotten", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const ids = (await fill(index, 6)).map(({ packId }) => packId);
      await index.remove({ ...removal, packIds: ids.slice(2, 4), atMs: millis(20) });
      await index.remove({ ...removal, packIds: ids.slice(0, 2), atMs: millis(30) });
      assert.deepEqual(await index.garbage(20, 9), []);
      assert.deepEqual(await index.garbage(21, 9), ids.slice(2, 4));
      const all = [...ids.slice(2, 4), ...ids.slice(0, 2)];
      assert.deepEqual(await index.garbage(31, 9), all);
      assert.deepEqual(await index.garbage(Number.MAX_SAFE_INTEGER, 3), all.slice(0, 3));
      await index.forgetGarbage([ids[2] ?? "", ids[5] ?? "", ids[0] ?? ""]);
      assert.deepEqual(await index.garbage(31, 9), [ids[3], ids[1]]);
    });
  });
}

function gap(from: number, to: number, over: Partial<NewGap> = {}): NewGap {
  const at = { startUs: micros(from), endUs: micros(to), recordedMs: millis(from + 1) };
  return { stream: "cam", cause: "offline", ...at, ...over };
}

export function ledgerTests(engine: Engine): void {
  suite("ledger", () => {
    test("gaps that touch are one, per stream and cause", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const spans = async (stream = "cam") =>
        (await index.gaps(stream, EVER, 99)).map((one) => [one.startUs, one.endUs, one.cause]);
      await index.commit({ gaps: [gap(1e6, 2e6), gap(5e6, 6e6), gap(8e6, 9e6)] });
      await index.commit({
        gaps: [gap(2e6, 3e6, { detail: "late" }), gap(4e6, 5e6, { cause: "error" })],
      });
      await index.commit({ gaps: [gap(2.5e6, 2.6e6, { stream: "dog" })] });
      assert.deepEqual(await spans(), [
        [1e6, 3e6, "offline"],
        [4e6, 5e6, "error"],
        [5e6, 6e6, "offline"],
        [8e6, 9e6, "offline"],
      ]);
      assert.equal((await index.gaps("cam", EVER, 1))[0]?.detail, "late");
      await index.commit({ gaps: [gap(2.5e6, 8e6)] });
      assert.deepEqual(await spans(), [
        [1e6, 9e6, "offline"],
        [4e6, 5e6, "error"],
      ]);
      await index.commit({ gaps: [gap(0, 1e7)] });
      assert.deepEqual((await spans())[0], [0, 1e7, "offline"]);
      assert.deepEqual(await spans("dog"), [[2.5e6, 2.6e6, "offline"]]);
    });

    test("gaps are found where they overlap a half open range, by start", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const causes: GapCause[] = ["offline", "error", "disk-full"];
      await index.commit({
        gaps: causes.flatMap((cause, i) =>
          [0, 10e6, 20e6].map((at) => gap(at + i * 1e6, at + i * 1e6 + 5e6, { cause })),
        ),
      });
      const found = async (fromMs: number, toMs: number, limit = 99) =>
        (await index.gaps("cam", { fromMs: millis(fromMs), toMs: millis(toMs) }, limit)).map(
          ({ startUs }) => startUs / 1e6,
        );
      assert.deepEqual(await found(5000, 10_000), [1, 2]);
      assert.deepEqual(await found(6000, 11_000), [2, 10]);
      assert.deepEqual(await found(7000, 10_000), []);
      assert.deepEqual(await found(7000, 10_001), [10]);
      assert.deepEqual(await found(6000, 30_000, 3), [2, 10, 11]);
      assert.deepEqual(await found(0, 0), []);
    });

    test("holds end when they are ended, once, and that is written down", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const holds = [
        hold("b", 0, 5),
        hold("a", 1, 5, { untilMs: millis(50) }),
        hold("c", 0, 1, { stream: "dog" }),
      ];
      for (const one of holds) await index.addHold(one);
      const [b, a, c] = holds;
      assert.deepEqual(await index.holds(undefined, undefined), [b, c, a]);
      assert.deepEqual(await index.holds("cam", 49), [b, a]);
      assert.deepEqual(await index.holds("cam", 50), [b]);
      const ended = { ...b, untilMs: 60 };
      assert.deepEqual(await index.endHold("b", "eve", 60), ended);
      assert.deepEqual(await index.endHold("b", "bob", 70), ended);
      assert.deepEqual(await index.holds("cam", 60), []);
      assert.deepEqual(await index.holds("cam", undefined), [ended, a]);
      const said = await auditOf(index, { limit: 9 });
      assert.deepEqual(
        said.map(({ atMs, action, who, detail }) => [atMs, action, who, detail]),
        [[60, "hold-ended", "eve", "b"]],
      );
      await assert.rejects(index.endHold("none", "eve", 60), { code: "hold.not-found" });
    });

    test("the audit is read from its end, a page at a time", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const row = { action: "stream-changed", who: "ann" };
      for (let i = 0; i < 6; i++)
        await index.addAudit({ ...row, atMs: millis(i), stream: i % 2 === 0 ? "cam" : "dog" });
      const times = (rows: readonly { atMs: number }[]) => rows.map(({ atMs }) => atMs);
      const page = await index.audit({ limit: 4 });
      assert.deepEqual(times(page), [5, 4, 3, 2]);
      assert.deepEqual(
        times(await index.audit({ limit: 4, beforeId: page.at(-1)?.id ?? 0 })),
        [1, 0],
      );
      assert.deepEqual(times(await index.audit({ limit: 2, stream: "cam" })), [4, 2]);
    });
  });

  suite("events and hooks", () => {
    test("events have rising ids and go when told", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      assert.equal(await index.lastEventId(), 0);
      const types: EventType[] = ["stream.online", "gap", "error"];
      const made = types.map((type) => ({ type, stream: "cam", atMs: millis(7), body: '{"a":1}' }));
      await index.commit({ events: made.slice(0, 2) });
      await index.commit({ events: made.slice(2) });
      const rows = await index.events(0, 9);
      assert.deepEqual(
        rows.map(({ id: _, ...event }) => event),
        made,
      );
      assert.ok(rows.every(({ id }, i) => i === 0 || id > (rows[i - 1]?.id ?? 0)));
      assert.deepEqual(await index.events(rows[0]?.id ?? 0, 1), [rows[1]]);
      const last = rows.at(-1)?.id ?? 0;
      assert.equal(await index.lastEventId(), last);
      assert.equal(await index.purgeEvents(last, 2), 2);
      assert.equal(await index.purgeEvents(last - 1, 2), 0);
      assert.equal(await index.purgeEvents(last, 2), 1);
      assert.equal(await index.lastEventId(), last);
    });

    test("hooks are replaced by id, move forward, and are deleted", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const base = { url: "http://127.0.0.1/", secret: "s", streams: "*", createdMs: millis(3) };
      const hook = { id: "a", ...base, types: ["gap", "error"] as EventType[], deliveredId: 0 };
      await index.putHook({ ...hook, id: "b", types: [] });
      await index.putHook(hook);
      await index.putHook({ ...hook, url: "http://127.0.0.1/2" });
      await index.moveHook("a", 9);
      await index.moveHook("a", 5);
      const moved = { ...hook, url: "http://127.0.0.1/2", deliveredId: 9 };
      assert.deepEqual(await index.hooks(), [moved, { ...hook, id: "b", types: [] }]);
      await index.deleteHook("b");
      await assert.rejects(index.deleteHook("b"), { code: "hook.not-found" });
      assert.deepEqual(await index.hooks(), [moved]);
    });
  });
}
