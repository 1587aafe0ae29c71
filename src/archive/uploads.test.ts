import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  allFragments,
  assertSame,
  openArchive,
  openDirectIndex,
} from "../../test/support/archives.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { FarStore } from "../../test/support/far-store.ts";
import { aFragment, START_MS } from "../../test/support/fragments.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import type { SealedFragment, StoredFragment } from "../fragment/fragment.ts";
import type { Archive, ArchiveOptions } from "./archive.ts";

const FRAGMENT_BYTES = 100;

function open(dir: string, store: FarStore, over: Partial<ArchiveOptions> = {}): Promise<Archive> {
  const limits = { maxBytes: 2000 };
  return openArchive(dir, { store, limits, openIndex: openDirectIndex, reserveBytes: 0, ...over });
}

async function record(archive: Archive, count: number, told: StoredFragment[] = []) {
  const recording = await archive.open({
    stream: "cam",
    session: `s${count}`,
    archived: (stored) => told.push(...stored),
  });
  const sent: SealedFragment[] = [];
  for (let i = 0; i < count; i++) {
    const number = recording.nextNumber();
    const startMs = START_MS + number.sequence * 2000;
    const session = `s${count}`;
    const fragment = aFragment({ number, startMs, bytes: FRAGMENT_BYTES, session });
    sent.push(fragment);
    await recording.append(fragment);
  }
  return { sent, recording };
}

async function assertAll(archive: Archive, sent: readonly SealedFragment[]): Promise<void> {
  const stored = await allFragments(archive, "cam");
  assert.equal(stored.length, sent.length);
  for (const [i, one] of stored.entries())
    await assertSame(archive, one, sent[i] ?? assert.fail("more than was sent"));
}

/** Lets sealing and what it started come to rest. */
async function rest(archive: Archive): Promise<void> {
  await archive.dropStream("cam");
  await archive.settled();
}

suite("packs on their way to a remote store", () => {
  test("go there whole, are told ARCHIVED, and leave nothing behind", async () => {
    using dir = tempDir("uploads");
    const store = new FarStore();
    const archive = await open(dir.path, store);
    await archive.create({ name: "cam", retentionHours: 24 });
    const told: StoredFragment[] = [];
    const { sent, recording } = await record(archive, 13, told);
    await archive.settled();
    assert.ok(told.length > 0 && told.length < 13, `${told.length} told while it goes on`);
    await recording.close();
    await rest(archive);
    assert.ok(store.objects.size >= 3);
    assert.deepEqual(readdirSync(join(dir.path, "spool")), []);
    assert.deepEqual(readdirSync(join(dir.path, "active")), []);
    await assertAll(archive, sent);
    const { packs, bytes } = await archive.uploads.state();
    assert.deepEqual([packs, bytes], [0, 0]);
    await archive.close();
  });

  test("wait in the spool while it is away, are read from there, survive a restart, and go when it is back", async () => {
    using dir = tempDir("uploads");
    const store = new FarStore();
    store.down = true;
    const clock = new FakeClock(START_MS);
    let archive = await open(dir.path, store, { clock });
    await archive.create({ name: "cam", retentionHours: 24 });
    const { sent, recording } = await record(archive, 12);
    await recording.close();
    await rest(archive);
    assert.equal(store.objects.size, 0);
    await assertAll(archive, sent);
    const waiting = await archive.uploads.state();
    assert.ok(waiting.packs >= 3 && waiting.oldestMs !== undefined);
    assert.equal(waiting.fault?.code, "store.unavailable");
    // An outage of a day: it is asked less and less often, and never given up.
    const before = store.puts;
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000);
      await archive.uploads.idle();
    }
    assert.ok(store.puts - before >= 24, "given up");
    await archive.close();
    archive = await open(dir.path, store, { clock });
    await assertAll(archive, sent);
    store.down = false;
    clock.advance(60_000);
    await archive.uploads.idle();
    assert.equal((await archive.uploads.state()).packs, 0);
    assert.deepEqual(readdirSync(join(dir.path, "spool")), []);
    await assertAll(archive, sent);
    await archive.close();
  });

  test("stop the acks when the spool is full, and nothing is lost", async () => {
    using dir = tempDir("uploads");
    const store = new FarStore();
    store.down = true;
    const clock = new FakeClock(START_MS);
    const archive = await open(dir.path, store, {
      clock,
      space: { maxSpoolBytes: 5000, patienceMs: 600_000 },
    });
    await archive.create({ name: "cam", retentionHours: 24 });
    const { sent, recording } = await record(archive, 12);
    await archive.settled();
    const look = async () => {
      clock.advance(1000);
      await archive.gate.check();
    };
    await look();
    assert.match(archive.gate.state.reason ?? "", /spool is full/);
    const number = recording.nextNumber();
    const late = aFragment({ number, startMs: START_MS + 100_000, bytes: FRAGMENT_BYTES });
    let acked = false;
    const appended = recording.append(late).then(() => {
      acked = true;
    });
    await look();
    assert.equal(acked, false, "acked although there is no room");
    assert.ok(recording.pendingBytes > 0, "the producer would be read on");
    store.down = false;
    clock.advance(60_000);
    await archive.uploads.idle();
    await look();
    await appended;
    await recording.close();
    await rest(archive);
    await assertAll(archive, [...sent, late]);
    await archive.close();
  });

  test("a pack whose stream is deleted while it is sent leaves no object", async () => {
    using dir = tempDir("uploads");
    const store = new FarStore();
    store.down = true;
    const clock = new FakeClock(START_MS);
    const archive = await open(dir.path, store, { clock });
    await archive.create({ name: "cam", retentionHours: 24 });
    const { recording } = await record(archive, 12);
    await recording.close();
    await archive.dropStream("cam");
    store.down = false;
    await archive.delete("cam");
    clock.advance(120_000);
    await archive.uploads.idle();
    assert.equal(store.objects.size, 0);
    assert.deepEqual(readdirSync(join(dir.path, "spool")), []);
    await archive.close();
  });
});
