import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openArchive, openDirectIndex } from "../../../test/support/archives.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FarStore } from "../../../test/support/far-store.ts";
import { aFragment, START_MS } from "../../../test/support/fragments.ts";
import { addPacks, makeStream } from "../../../test/support/index-packs.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import type { NewEvent } from "../../archive/index/index-events.ts";
import { realClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { noMeters } from "../../base/meters.ts";
import { millis } from "../../base/units.ts";
import { withTrouble } from "./trouble.ts";

function listen() {
  const told: NewEvent[] = [];
  const tell = (event: NewEvent) => void told.push(event);
  const heard = withTrouble({ log: silentLogger, meters: noMeters, clock: new FakeClock(), tell });
  const codes = () => told.map(({ body }) => JSON.parse(body).code as string);
  return { told, heard, codes };
}

suite("trouble is told as an event", { timeout: 20_000 }, () => {
  test("the store is away, once per outage, and is back", async () => {
    using dir = tempDir("trouble");
    const { heard, codes, told } = listen();
    const store = new FarStore();
    store.down = true;
    const archive = await openArchive(dir.path, {
      ...{ ...heard, store, openIndex: openDirectIndex, backOff: { firstMs: 1, maxMs: 2 } },
      space: { minFreeBytes: 0, headroomMs: 0 },
    });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    await recording.append(aFragment({ number: recording.nextNumber(), startMs: START_MS }));
    await recording.close();
    await archive.dropStream("cam");
    while (store.puts < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(codes(), ["store.away"]);
    assert.equal(JSON.parse(told[0]?.body ?? "").cause, "store.unavailable");
    store.down = false;
    while (codes().length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(codes(), ["store.away", "store.back"]);
    await archive.close();
  });

  test("there is no room, and there is again", async () => {
    using dir = tempDir("trouble");
    const { heard, codes } = listen();
    const archive = await openArchive(dir.path, {
      ...{ ...heard, openIndex: openDirectIndex },
      space: { minFreeBytes: 0, headroomMs: 0 },
    });
    archive.gate.full();
    await archive.gate.check();
    assert.deepEqual(codes(), ["space.closed", "space.opened"]);
    await archive.close();
  });

  test("of one pack: which, why, and of which stream", () => {
    const { heard, told, codes } = listen();
    const fields = { pack: "cam/2026/01/01/000000000001-a", code: "store.conflict", message: "m" };
    heard.log.child({ node: "a" }).error("upload.set-aside", fields);
    heard.log.error("pack.not-sealed", { ...fields, code: "store.unavailable" });
    heard.log.error("something.else", fields);
    assert.deepEqual(codes(), ["upload.aside", "pack.not-sealed"]);
    assert.equal(told[0]?.stream, "cam");
    assert.deepEqual(JSON.parse(told[0]?.body ?? ""), {
      code: "upload.aside",
      message: "a pack cannot be sent to the store: m",
      pack: fields.pack,
      cause: "store.conflict",
    });
  });

  test("a clock that is not believed", async () => {
    const { ClockGuard } = await import("../../archive/retention/clock-guard.ts");
    assert.ok(ClockGuard !== undefined);
    const { heard, codes } = listen();
    heard.log.error("clock.suspect", { reason: "the clock went ahead" });
    heard.log.warn("clock.trusted");
    assert.deepEqual(codes(), ["clock.suspect", "clock.trusted"]);
  });
});

suite("a removal and its event", () => {
  test("are in one transaction: there is one for each, and none for what did not go", async () => {
    const index = await openDirectIndex(":memory:");
    await makeStream(index, "cam", { retentionHours: 1 });
    const atMs = 1_790_000_000_000;
    const ids = await addPacks(index, "cam", [{ atMs }, { atMs: atMs + 60_000 }]);
    const removal = { stream: "cam", cause: "age", who: "retention" } as const;
    await index.remove({ ...removal, packIds: ids, atMs: millis(realClock.now()) });
    await index.remove({ ...removal, packIds: ids, atMs: millis(realClock.now()) });
    const events = await index.events(0, 10);
    assert.deepEqual(
      events.map(({ type, stream }) => [type, stream]),
      [["retention", "cam"]],
    );
    const body = JSON.parse(events[0]?.body ?? "");
    assert.deepEqual([body.packs, body.cause, body.who], [2, "age", "retention"]);
    await index.close();
  });
});
