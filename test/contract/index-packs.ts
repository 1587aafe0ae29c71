/** What every index does with streams and packs. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PAGE_PACKS, type PackRow } from "../../src/archive/index/fragment-index.ts";
import { millis } from "../../src/base/units.ts";
import type { PackSelection } from "../../src/fragment/fragment.ts";
import {
  allPackIds,
  EVER,
  fill,
  minutes,
  packRow,
  START_MS,
  streamInfo,
  TRACK_SET,
} from "../support/index-rows.ts";
import type { Engine } from "./index-engines.ts";

const produced = (from: number, to: number): PackSelection => ({
  ...{ by: "time", clock: "producer", range: minutes(from, to) },
});

export function streamTests(engine: Engine): void {
  suite("streams", () => {
    test("a name has its first value for the life of the index", async () => {
      await using opened = await engine.open();
      assert.equal(await opened.index.meta("uuid", "a"), "a");
      assert.equal(await opened.index.meta("uuid", "b"), "a");
      const again = await opened.another();
      assert.equal(await again.meta("uuid", "c"), "a");
      await again.close();
    });

    test("are listed by name, byte by byte, and exist once", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const made = ["b", "B", "a-1", "a.1", "a_1"].map((name) => streamInfo(name));
      for (const info of made) await index.createStream(info);
      const names = (await index.streams()).map(({ name }) => name);
      assert.deepEqual(names, ["B", "a-1", "a.1", "a_1", "b"]);
      assert.deepEqual(await index.stream("b"), streamInfo("b"));
      assert.equal(await index.stream("c"), undefined);
      await assert.rejects(index.createStream(streamInfo("b")), { code: "stream.exists" });
    });

    test("change as told, at the version they were read at", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam", { mediaType: "video/h264" }));
      const change = { retentionHours: 48, retentionBytes: 2 ** 42, version: "v2" };
      const changed = await index.updateStream("cam", change, "v1");
      const expected = streamInfo("cam", { mediaType: "video/h264", ...change });
      assert.deepEqual(changed, expected);
      assert.deepEqual(await index.stream("cam"), expected);
      const late = index.updateStream("cam", { retentionHours: 1, version: "v3" }, "v1");
      await assert.rejects(late, { code: "stream.version-mismatch" });
      await index.updateStream("cam", { mediaType: "video/h265", version: "v4" });
      assert.equal((await index.stream("cam"))?.mediaType, "video/h265");
      assert.equal((await index.stream("cam"))?.retentionHours, 48);
      const none = index.updateStream("none", { version: "v2" });
      await assert.rejects(none, { code: "stream.not-found" });
    });

    test("when deleted leave garbage, an audit row, gaps and events, and nothing else", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const rows = await fill(index, 3);
      const open = packRow(3, { sealed: false, archived: false });
      const gap = { stream: "cam", startUs: 1, endUs: 5, cause: "offline", recordedMs: 5 } as never;
      const event = { type: "gap", stream: "cam", atMs: millis(5), body: "{}" } as const;
      await index.commit({ rows: [open], gaps: [gap], events: [event] });
      await index.deleteStream("cam", "ann", START_MS);
      assert.equal(await index.stream("cam"), undefined);
      assert.equal(await index.extent("cam"), undefined);
      assert.equal(await index.lastSequence("cam"), 0);
      assert.deepEqual(await index.openPacks(""), []);
      const ids = [...rows, open].map(({ packId }) => packId);
      assert.deepEqual(await index.garbage(START_MS + 1, 10), ids);
      const [said] = await index.audit({ stream: "cam", limit: 1 });
      assert.deepEqual(said, {
        ...{ id: said?.id, atMs: START_MS, action: "stream-deleted", stream: "cam", who: "ann" },
        ...{ packs: 4, bytes: [...rows, open].reduce((sum, row) => sum + row.bytes, 0) },
        ...{ startUs: rows[0]?.producedStartUs, endUs: open.producedEndUs },
      });
      assert.equal((await index.gaps("cam", EVER, 9)).length, 1);
      assert.equal((await index.events(0, 9)).length, 1);
      await index.deleteStream("cam", "ann", START_MS);
      await index.createStream(streamInfo("cam"));
      assert.deepEqual(await allPackIds(index, "cam", { by: "sequence", after: 0 }), []);
    });

    test("are not deleted while a hold is in force", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await fill(index, 1);
      const hold = { ...EVER, who: "ann", why: "case 7", createdMs: millis(1) };
      await index.addHold({ id: "h", stream: "cam", ...hold, untilMs: millis(START_MS) });
      const held = index.deleteStream("cam", "ann", START_MS - 1);
      await assert.rejects(held, { code: "stream.held" });
      assert.equal((await index.extent("cam"))?.bytes, 600_000);
      await index.deleteStream("cam", "ann", START_MS);
      assert.equal((await index.holds("cam", undefined)).length, 1);
    });
  });
}

export function packTests(engine: Engine): void {
  suite("packs", () => {
    test("come back as they were written, whatever is in them", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      const large = { bytes: 2 ** 45, listOffset: 2 ** 45 - 900, salt: 2 ** 32 - 1 };
      const rows = [
        packRow(0, { node: "node-1", salt: 0 }),
        packRow(1, { ...large, firstSequence: 2 ** 40, lastSequence: 2 ** 40 + 29 }),
        packRow(2, { sealed: false, archived: false, listOffset: 0, listBytes: 0 }),
        packRow(3, { archived: false, fragments: undefined, producedStartUs: -5 }),
      ];
      await index.commit({ rows, trackSets: [TRACK_SET] });
      for (const row of rows) assert.deepEqual(await index.pack("cam", row.packId), row);
      assert.deepEqual(await index.trackSet(TRACK_SET.id), TRACK_SET);
      assert.equal(await index.trackSet("none"), undefined);
      assert.equal(await index.pack("dog", rows[0]?.packId ?? ""), undefined);
      assert.equal(await index.pack("cam", "no pack id"), undefined);
      assert.equal(await index.pack("cam", packRow(9).packId), undefined);
    });

    test("grow, are sealed and archived; bytes and the last sequence are kept", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const other = await fill(index, 1);
      const begun = { sealed: false, archived: false, node: "n1", listOffset: 0, listBytes: 0 };
      const first = packRow(1, { ...begun, bytes: 10, lastSequence: 31 });
      await index.commit({ rows: [first] });
      const grown = { ...first, bytes: 40, lastSequence: 35, fragments: Uint8Array.of(4, 5) };
      await index.commit({ rows: [grown] });
      assert.deepEqual(await index.openPacks("n1"), [grown]);
      assert.deepEqual(await index.openPacks(""), []);
      assert.equal(await index.lastSequence("cam"), 35);
      // A fragment of a lower number came late.
      const wider = { ...grown, firstSequence: 29, receivedFirstMs: grown.receivedFirstMs - 5 };
      await index.commit({ rows: [wider] });
      const sealed = packRow(1, { node: "n1", archived: false, fragments: Uint8Array.of(6) });
      await index.commit({ rows: [sealed] });
      assert.deepEqual(
        [await index.openPacks("n1"), await index.unarchived("n1", 5)],
        [[], [sealed]],
      );
      // The list stays when it is not given.
      await index.commit({ rows: [{ ...sealed, archived: true, fragments: undefined }] });
      assert.deepEqual(await index.pack("cam", sealed.packId), { ...sealed, archived: true });
      assert.deepEqual(await index.unarchived("n1", 5), []);
      assert.equal((await index.extent("cam"))?.bytes, sealed.bytes + (other[0]?.bytes ?? 0));
    });

    test("that wait for the store are found by node, the oldest first", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await fill(index, 2);
      const waiting = [4, 3, 5].map((n) => packRow(n, { archived: false, node: "a" }));
      await index.commit({ rows: [...waiting, packRow(6, { archived: false, node: "b" })] });
      const numbers = (await index.unarchived("a", 2)).map(({ firstSequence }) => firstSequence);
      assert.deepEqual(numbers, [91, 121]);
      const sum = { packs: 3, bytes: 1_800_012, oldestMs: packRow(3).receivedLastMs };
      assert.deepEqual(await index.unarchivedSum("a"), sum);
      assert.deepEqual(await index.unarchivedSum("c"), { packs: 0, bytes: 0, oldestMs: undefined });
    });

    test("come to the store, once or twice, and do not come back when they were removed", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      const rows = [0, 1, 2].map((n) => packRow(n, { archived: false, node: "a" }));
      await index.commit({ rows, trackSets: [TRACK_SET] });
      const [first = "", second = "", third = ""] = rows.map(({ packId }) => packId);
      assert.deepEqual(await index.archived([second, first]), [second, first]);
      assert.deepEqual(await index.archived([first]), [first]);
      assert.equal((await index.pack("cam", first))?.archived, true);
      assert.deepEqual((await index.pack("cam", first))?.fragments, rows[0]?.fragments);
      const left = await index.unarchived("a", 5);
      assert.deepEqual(
        left.map(({ packId }) => packId),
        [third],
      );
      const removal = { stream: "cam", packIds: [first], cause: "age", who: "t" } as const;
      await index.remove({ ...removal, atMs: millis(START_MS) });
      assert.deepEqual(await index.archived([first]), []);
      assert.equal(await index.pack("cam", first), undefined);
    });

    test("are found by half open ranges of either clock", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const ids = (await fill(index, 20)).map(({ packId }) => packId);
      assert.deepEqual(await allPackIds(index, "cam", produced(5, 8)), ids.slice(5, 8));
      const { fromMs, toMs } = minutes(5, 8);
      const inner = { fromMs: millis(fromMs + 1), toMs: millis(toMs + 1) };
      const wider = { by: "time", clock: "producer", range: inner } as const;
      assert.deepEqual(await allPackIds(index, "cam", wider), ids.slice(5, 9));
      assert.deepEqual(await allPackIds(index, "cam", produced(7, 7)), []);
      const all = { fromMs: millis(-(2 ** 53 - 1)), toMs: millis(2 ** 53 - 1) };
      for (const clock of ["producer", "server"] as const)
        assert.deepEqual(await allPackIds(index, "cam", { by: "time", clock, range: all }), ids);
      // A fragment that arrived before the range may reach into it.
      const server = { by: "time", clock: "server", range: minutes(5, 8) } as const;
      assert.deepEqual(await allPackIds(index, "cam", server), ids.slice(4, 8));
      assert.deepEqual(await allPackIds(index, "dog", produced(0, 9)), []);
    });

    test("come in pages that lose none, also where many begin at one time", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      // All begin at once, and each place in the order is taken twice.
      const same = { producedStartUs: START_MS * 1000, receivedFirstMs: START_MS };
      const rows = Array.from({ length: 2 * PAGE_PACKS + 3 }, (_, i) => {
        const n = Math.floor((i + 1) / 2);
        return packRow(n, { ...same, salt: i, producedEndUs: START_MS * 1000 + 1 });
      });
      await index.commit({ rows, trackSets: [TRACK_SET] });
      const ids = rows.map(({ packId }) => packId).sort();
      for (const clock of ["producer", "server"] as const) {
        const found = await allPackIds(index, "cam", { by: "time", clock, range: minutes(0, 1) });
        assert.deepEqual(found.sort(), ids, clock);
      }
      const found = await allPackIds(index, "cam", { by: "sequence", after: 0 });
      assert.deepEqual(found.sort(), ids);
      const page = await index.packs("cam", produced(0, 1));
      assert.ok(page.packs.length <= PAGE_PACKS && page.packs.length > PAGE_PACKS - 3);
    });

    test("are found behind a sequence, in the order of their first ones", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      const rows = await fill(index, 10);
      const ids = rows.map(({ packId }) => packId);
      // One that was open while all others came.
      const long = packRow(20, { firstSequence: 2, lastSequence: 290 });
      await index.commit({ rows: [long] });
      const after = (sequence: number) =>
        allPackIds(index, "cam", { by: "sequence", after: sequence });
      assert.deepEqual(await after(0), [ids[0], long.packId, ...ids.slice(1)]);
      assert.deepEqual(await after(89), [long.packId, ...ids.slice(2)]);
      assert.deepEqual(await after(90), [long.packId, ...ids.slice(3)]);
      assert.deepEqual(await after(290), ids.slice(9));
      assert.deepEqual(await after(300), []);
    });

    test("are no chain when one that is still open begins before its last pack", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await fill(index, 8);
      const endUs = packRow(7).producedEndUs;
      const at = (n: number, producedStartUs: number, lengthUs: number): PackRow =>
        packRow(n, { producedStartUs, producedEndUs: producedStartUs + lengthUs });
      // Its last pack is half a second long, so that what begins before it still begins near its end.
      await index.commit({ rows: [at(8, endUs, 500_000)] });
      assert.equal((await index.chain("cam", EVER))?.lastSequence, packRow(8).lastSequence);
      const early = at(9, endUs - 300_000, 5_000_000);
      await index.commit({ rows: [{ ...early, sealed: false, archived: false }] });
      assert.equal(await index.chain("cam", EVER), undefined);
    });

    test("lose their lists when they are old, archived and have one of their own", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      const rows = [
        packRow(0),
        packRow(1, { archived: false }),
        packRow(2, { listOffset: 0, listBytes: 0 }),
        ...[3, 4, 5, 6].map((n) => packRow(n)),
      ];
      await index.commit({ rows, trackSets: [TRACK_SET] });
      const before = packRow(6).receivedLastMs;
      assert.equal(await index.thin(before, 3), 3);
      assert.equal(await index.thin(before, 3), 1);
      assert.equal(await index.thin(before, 3), 0);
      const left = await Promise.all(rows.map(({ packId }) => index.pack("cam", packId)));
      const lists = left.map((row) => row?.fragments !== undefined);
      assert.deepEqual(lists, [false, true, true, false, false, false, true]);
      assert.deepEqual(left[3], { ...rows[3], fragments: undefined });
      await index.commit({ rows: [packRow(1, { fragments: undefined })] });
      assert.equal(await index.thin(before, 3), 1);
    });

    test("are written all or not at all, with what belongs to them", async () => {
      await using opened = await engine.open();
      const { index } = opened;
      await index.createStream(streamInfo("cam"));
      const gap = { stream: "cam", startUs: 1, endUs: 5, cause: "offline", recordedMs: 5 } as never;
      const event = { type: "gap", stream: "cam", atMs: millis(5), body: "{}" } as const;
      const more = { trackSets: [TRACK_SET], gaps: [gap], events: [event] };
      const nowhere = packRow(1, { stream: "none" });
      const lost = index.commit({ rows: [packRow(0), nowhere], ...more });
      await assert.rejects(lost, { code: "stream.not-found" });
      const unknown = packRow(1, { trackSetId: "unknown" });
      const bad = index.commit({ rows: [packRow(0), unknown], ...more });
      await assert.rejects(bad, { code: "store.not-found" });
      assert.equal(await index.trackSet(TRACK_SET.id), undefined);
      assert.equal(await index.extent("cam"), undefined);
      assert.deepEqual([await index.gaps("cam", EVER, 9), await index.events(0, 9)], [[], []]);
      await index.commit({ rows: [packRow(0)], ...more });
      await index.commit({ rows: [packRow(0)], ...more });
      assert.equal((await index.extent("cam"))?.bytes, packRow(0).bytes);
    });
  });
}
