/** Copies of archived packs on the local disk: read without the store, within their bound, gone with their packs. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync, truncateSync } from "node:fs";
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
import { millis } from "../base/units.ts";
import type { SealedFragment } from "../fragment/fragment.ts";
import type { Archive, ArchiveOptions } from "./archive.ts";
import { nodeFiles } from "./files.ts";

async function rig(dataDir: string, store: FarStore, over: Partial<ArchiveOptions> = {}) {
  const clock = new FakeClock(START_MS);
  const limits = { maxBytes: 2000 };
  const base = { store, clock, limits, openIndex: openDirectIndex, reserveBytes: 0 };
  const archive = await openArchive(dataDir, { ...base, cacheBytes: 1e9, ...over });
  return { archive, clock };
}

async function record(archive: Archive, count = 12): Promise<SealedFragment[]> {
  await archive.create({ name: "cam", retentionHours: 24 });
  const recording = await archive.open({ stream: "cam", session: "s" });
  const sent: SealedFragment[] = [];
  for (let i = 0; i < count; i++) {
    const number = recording.nextNumber();
    const fragment = aFragment({ number, startMs: START_MS + number.sequence * 2000, bytes: 100 });
    sent.push(fragment);
    await recording.append(fragment);
  }
  await recording.close();
  await archive.dropStream("cam");
  await archive.settled();
  return sent;
}

async function assertAll(archive: Archive, sent: readonly SealedFragment[]): Promise<void> {
  const stored = await allFragments(archive, "cam");
  assert.equal(stored.length, sent.length);
  for (const [i, one] of stored.entries()) await assertSame(archive, one, sent[i] ?? assert.fail());
}

const kept = (dir: string) => readdirSync(join(dir, "cache")).sort();
const keptBytes = (dir: string) =>
  kept(dir).reduce((sum, name) => sum + statSync(join(dir, "cache", name)).size, 0);

suite("copies of archived packs", () => {
  test("are read while the store is away, also after a restart", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    let { archive } = await rig(dir.path, store);
    const sent = await record(archive);
    assert.equal((await archive.uploads.state()).packs, 0);
    assert.equal(kept(dir.path).length, store.objects.size);
    assert.deepEqual(readdirSync(join(dir.path, "spool")), []);
    store.down = true;
    await assertAll(archive, sent);
    await archive.close();
    ({ archive } = await rig(dir.path, store));
    await assertAll(archive, sent);
    await archive.close();
  });

  test("are the last used ones within the bound, and a start with a smaller one keeps to it", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    let { archive } = await rig(dir.path, store, { cacheBytes: 6000, uploads: 1 });
    const sent = await record(archive);
    const all = [...store.objects.keys()].map((key) => key.replaceAll("/", ".")).sort();
    const before = kept(dir.path);
    assert.ok(before.length >= 2 && before.length < all.length, before.join());
    assert.ok(keptBytes(dir.path) <= 6000);
    await archive.close();
    const [small] = before.map((name) => statSync(join(dir.path, "cache", name)).size);
    ({ archive } = await rig(dir.path, store, { cacheBytes: (small ?? 0) + 10 }));
    assert.deepEqual(kept(dir.path), before.slice(-1));
    await assertAll(archive, sent);
    await archive.close();
    ({ archive } = await rig(dir.path, store, { cacheBytes: 0 }));
    assert.deepEqual(kept(dir.path), []);
    await assertAll(archive, sent);
    await archive.close();
  });

  test("the longest unused goes first", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    const { archive, clock } = await rig(dir.path, store, { cacheBytes: 1e6 });
    await record(archive);
    const before = kept(dir.path);
    const [first] = await allFragments(archive, "cam");
    await archive.read(first?.packId ?? "", first?.blocksOffset ?? 0, first?.blocksSize ?? 0);
    await archive.close();
    const total = keptBytes(dir.path);
    // The order of use is of this process: an earlier one's is by age.
    const again = await rig(dir.path, store, { cacheBytes: total });
    await again.archive.read(first?.packId ?? "", 0, 10);
    await again.archive.create({ name: "b", retentionHours: 1 });
    const recording = await again.archive.open({ stream: "b", session: "s" });
    await recording.append(aFragment({ number: recording.nextNumber(), startMs: START_MS }));
    await recording.close();
    await again.archive.dropStream("b");
    await again.archive.settled();
    const after = kept(dir.path);
    assert.ok(after.includes(before[0] ?? ""), "the one just read went");
    assert.ok(!after.includes(before[1] ?? ""), "the longest unused stayed");
    assert.ok(clock.now() > 0);
    await again.archive.close();
  });

  test("go with their packs: by retention's hand, with their stream, and when another node removed them", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    const { archive, clock } = await rig(dir.path, store);
    await record(archive);
    const query = { stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 2 };
    const [one, two] = (await archive.index.oldPacks(query)).map(({ packId }) => packId);
    const removal = { stream: "cam", cause: "age", who: "t", atMs: millis(START_MS) } as const;
    await archive.index.remove({ ...removal, packIds: [one ?? "", two ?? ""] });
    const count = kept(dir.path).length;
    await archive.forget([one ?? ""]);
    assert.equal(kept(dir.path).length, count - 1);
    clock.advance(3_600_000);
    await archive.close();
    assert.equal(kept(dir.path).length, count - 2);
    const again = await rig(dir.path, store);
    await again.archive.delete("cam");
    assert.deepEqual(kept(dir.path), []);
    await again.archive.close();
  });

  test("a damaged copy is no copy", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    const { archive } = await rig(dir.path, store);
    const sent = await record(archive);
    for (const name of kept(dir.path)) truncateSync(join(dir.path, "cache", name), 10);
    await assertAll(archive, sent);
    assert.deepEqual(kept(dir.path), []);
    await archive.close();
  });

  test("count as free room, and give it back before recording stops", async () => {
    using dir = tempDir("cache");
    const store = new FarStore();
    const fill = { other: 0 };
    const files = {
      ...nodeFiles,
      space: async () => {
        const cache = existsSync(join(dir.path, "cache")) ? keptBytes(dir.path) : 0;
        return { free: 100_000 - fill.other - cache, total: 200_000 };
      },
    };
    const space = { minFreeBytes: 10_000, headroomMs: 0, checkMs: 1000 };
    const { archive } = await rig(dir.path, store, { files, space });
    await record(archive);
    await archive.gate.check();
    const before = kept(dir.path).length;
    assert.equal(archive.gate.state.freeBytes, 100_000);
    fill.other = 100_000 - 15_000 - keptBytes(dir.path) + 1500;
    await archive.gate.check();
    assert.equal(archive.gate.state.open, true);
    assert.ok(kept(dir.path).length < before && kept(dir.path).length > 0, "too few or all went");
    fill.other = 92_000;
    await archive.gate.check();
    assert.equal(archive.gate.state.open, false);
    assert.deepEqual(kept(dir.path), []);
    await archive.close();
  });

  test("a folder store has none", async () => {
    using dir = tempDir("cache");
    const limits = { maxBytes: 2000 };
    const options = { limits, openIndex: openDirectIndex, reserveBytes: 0, cacheBytes: 1e9 };
    const archive = await openArchive(dir.path, options);
    await record(archive, 3);
    await archive.close();
    assert.ok(!existsSync(join(dir.path, "cache")));
  });
});
