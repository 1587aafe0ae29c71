import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  allFragments,
  assertSame,
  openArchive,
  openDirectIndex,
} from "../../test/support/archives.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { aFragment, START_MS } from "../../test/support/fragments.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import type { SealedFragment } from "../fragment/fragment.ts";
import { THIN_AFTER_MS } from "./thinning.ts";

const HOUR_MS = 3_600_000;

suite("fragment lists of old packs", () => {
  test("leave the index after a month, and are read from the packs", async () => {
    using dir = tempDir("thin");
    const clock = new FakeClock(START_MS);
    const options = { clock, openIndex: openDirectIndex, limits: { maxBytes: 2000 } };
    const archive = await openArchive(dir.path, { ...options, reserveBytes: 0 });
    await archive.create({ name: "cam", retentionHours: 87_600 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    const sent: SealedFragment[] = [];
    const append = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const number = recording.nextNumber();
        const fragment = aFragment({ number, startMs: START_MS + number.sequence * 2000 });
        sent.push(fragment);
        await recording.append(fragment);
      }
      await archive.settled();
    };
    const lists = async () => {
      const query = { stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 100 };
      const packs = await archive.index.oldPacks(query);
      const rows = await Promise.all(packs.map((one) => archive.index.pack("cam", one.packId)));
      return rows.map((row) => row?.fragments !== undefined);
    };
    await append(20);
    const old = (await lists()).length;
    assert.ok(old >= 3);
    clock.advance(THIN_AFTER_MS - HOUR_MS);
    await archive.settled();
    assert.ok(
      (await lists()).every((there) => there),
      "too early",
    );
    await append(10);
    for (let hour = 0; hour < 3; hour++) {
      clock.advance(HOUR_MS);
      // The sweep is a few turns of the event loop.
      for (let turn = 0; turn < 20; turn++) await new Promise<void>((go) => setImmediate(go));
    }
    const now = await lists();
    assert.deepEqual(now.slice(0, old), Array(old).fill(false), "the old ones");
    assert.ok(
      now.slice(old + 1).every((there) => there),
      "and no others",
    );
    const stored = await allFragments(archive, "cam");
    assert.equal(stored.length, sent.length);
    for (const [i, one] of stored.entries())
      await assertSame(archive, one, sent[i] ?? assert.fail("more than was sent"));
    await recording.close();
    await archive.close();
  });
});
