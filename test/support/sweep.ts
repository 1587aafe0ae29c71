/**
 * One archive whose n-th operation fails, for sweeps over stores and engines. P1 to P4 by force: every file operation, every index call and every request to the object store of a recording, of its
 * way to the store and of a removal fails in turn, once having done nothing and once having done its work without saying so.
 * After each, a fresh start must find every fragment whose append resolved, byte for byte, and every other one wholly or not
 * at all; everything gets to the store; what was removed is gone whole, with an audit row and a gap.
 */

import assert from "node:assert/strict";
import type { Archive, ArchiveOptions } from "../../src/archive/archive.ts";
import { type Files, nodeFiles } from "../../src/archive/files.ts";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { checkArchive, type Finding } from "../../src/archive/maintenance/check.ts";
import { objectKey } from "../../src/archive/pack-id.ts";
import type { ObjectStore } from "../../src/archive/store/object-store.ts";
import { realClock } from "../../src/base/clock.ts";
import { millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { allFragments, assertSame, openArchive, openDirectIndex } from "./archives.ts";
import { failing, type Plan } from "./failing.ts";
import { FarStore } from "./far-store.ts";
import { aFragment, aTrackSet, START_MS } from "./fragments.ts";
import { auditOf } from "./index-rows.ts";
import { tempDir } from "./temp-dir.ts";

const FILES_CALLS = new Set(["open", "rename", "makeDir", "syncDir", "exists", "size"]);
const INDEX_CALLS = new Set(["commit", "archived", "unarchived", "remove", "forgetGarbage"]);
const STORE_CALLS = new Set(["put", "size", "delete"]);

/** What one archive of the sweep stands on; made anew for every step. */
export interface World {
  /** Undefined: the folder of the archive. */
  readonly store: ObjectStore | undefined;
  openIndex(path: string): Promise<FragmentIndex>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WorldKind {
  readonly name: string;
  make(): Promise<World>;
  /** Every so many steps only: the others are failed in other worlds. */
  readonly stride: number;
}

export const folderWorld: WorldKind = {
  name: "folder and SQLite",
  stride: 1,
  make: async () => ({
    ...{ store: undefined, openIndex: openDirectIndex },
    async [Symbol.asyncDispose]() {},
  }),
};

export const memoryWorld: WorldKind = {
  name: "far memory and SQLite",
  stride: 1,
  make: async () => ({
    ...{ store: new FarStore(), openIndex: openDirectIndex },
    async [Symbol.asyncDispose]() {},
  }),
};

function optionsOf(world: World): Partial<ArchiveOptions> {
  return {
    openIndex: (path) => world.openIndex(path),
    ...(world.store === undefined ? {} : { store: keptOpen(world.store) }),
    ...{ indexPatienceMs: 0, reserveBytes: 0, backOff: { firstMs: 1, maxMs: 2 } },
    space: { minFreeBytes: 0, headroomMs: 0, patienceMs: 0, checkMs: 5 },
  };
}

/** Several archives use it one after the other. */
function keptOpen(store: ObjectStore): ObjectStore {
  return new Proxy(store, {
    get(object, name) {
      if (name === "close") return async () => {};
      const value = Reflect.get(object, name);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

interface Told {
  readonly acked: SealedFragment[];
  readonly sent: SealedFragment[];
  /** The removal of the first pack said that it was done. */
  removed: boolean;
}

/** Records ten fragments over two packs, sends them to the store, removes the first pack, closes. */
async function story(dir: string, world: World, plan: Plan & Failure): Promise<Told> {
  const files: Files = failing(nodeFiles, plan, FILES_CALLS);
  const { store, ...options } = optionsOf(world);
  const archive = await openArchive(dir, {
    ...options,
    ...{ files, reserveBytes: plan.reserveBytes ?? 0 },
    ...(store === undefined ? {} : { store: failing(store, plan, STORE_CALLS) }),
    wrapIndex: (index) => failing(index, plan, INDEX_CALLS),
  });
  const told: Told = { acked: [], sent: [], removed: false };
  const recording = await archive.open({ stream: "cam", session: "s" });
  for (let i = 0; i < 10; i++) {
    const number = recording.nextNumber();
    const trackSet = aTrackSet({ width: i < 6 ? 64 : 128 });
    const fragment = aFragment({ number, startMs: START_MS + i * 2000, trackSet });
    told.sent.push(fragment);
    await recording.append(fragment).then(
      () => told.acked.push(fragment),
      () => {},
    );
  }
  await recording.close().catch(() => {});
  await archive.dropStream("cam").catch(() => {});
  await archive.settled();
  told.removed = await removeFirst(archive).catch(() => false);
  await archive.close().catch(() => {});
  return told;
}

/** As retention does: row to garbage, object away, garbage forgotten. */
async function removeFirst(archive: Archive): Promise<boolean> {
  const { index, store } = archive;
  const query = { stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 1 };
  const [first] = await index.oldPacks(query);
  if (first === undefined) return false;
  const { packIds } = await index.remove({
    ...{ stream: "cam", packIds: [first.packId], cause: "age", who: "retention" },
    atMs: millis(START_MS),
  });
  await store.delete(packIds.map(objectKey));
  await index.forgetGarbage(packIds);
  return packIds.length > 0;
}

async function check(dir: string, world: World, told: Told, label: string): Promise<void> {
  const archive = await openArchive(dir, optionsOf(world));
  try {
    await archive.settled();
    const stored = await allFragments(archive, "cam");
    const bySequence = new Map(stored.map((f) => [f.info.number.sequence, f]));
    assert.equal(bySequence.size, stored.length, `${label}: a fragment twice`);
    const removals = await auditOf(archive.index, { stream: "cam", limit: 10 });
    const gone = await removedSpans(archive);
    if (told.removed) assert.equal(removals.length, 1, `${label}: no audit row`);
    for (const fragment of told.acked) {
      const there = bySequence.has(fragment.info.number.sequence);
      const { producedStartUs } = fragment.info;
      const removed = gone.some((g) => g.startUs <= producedStartUs && producedStartUs < g.endUs);
      assert.ok(there !== removed, `${label}: an acked fragment is gone, or there and removed`);
    }
    for (const one of stored) {
      const sent = told.sent.find((f) => f.info.number.sequence === one.info.number.sequence);
      await assertSame(archive, one, sent ?? assert.fail(`${label}: a fragment nobody sent`));
    }
    assert.equal((await archive.uploads.state()).packs, 0, `${label}: left in the spool`);
    assert.deepEqual(await findings(archive), [], label);
  } finally {
    await archive.close();
  }
}

async function removedSpans(archive: Archive) {
  const range = { fromMs: millis(0), toMs: millis(START_MS * 2) };
  const gaps = await archive.index.gaps("cam", range, 100);
  return gaps.filter(({ cause }) => cause === "age");
}

/** What does not match between index and store, besides objects that are garbage still. */
async function findings(archive: Archive): Promise<Finding[]> {
  const found: Finding[] = [];
  await checkArchive({
    ...{ index: archive.index, store: archive.store, node: "", clock: realClock },
    ...{ deep: true, repair: false },
    found: (finding) => void found.push(finding),
  });
  return found;
}

export type Failure = Pick<Plan, "effect" | "persistent" | "code"> & {
  /** Default 0: none. */
  readonly reserveBytes?: number;
};

/** Fails one step after the other until there are no more. Returns how many there were. */
export async function sweep(kind: WorldKind, failure: Failure): Promise<number> {
  for (let failAt = 1; ; failAt += kind.stride) {
    using dir = tempDir("sweep");
    await using world = await kind.make();
    const setUp = await openArchive(dir.path, optionsOf(world));
    await setUp.create({ name: "cam", retentionHours: 24 });
    await setUp.close();
    const plan: Plan & Failure = { calls: 0, failAt, ...failure };
    const label = `${kind.name}, call ${failAt}, ${JSON.stringify(failure)}`;
    const told = await story(dir.path, world, plan);
    await check(dir.path, world, told, label);
    if (plan.calls < failAt) {
      assert.equal(told.acked.length, 10, "without a failure everything is acked");
      assert.ok(told.removed, "without a failure the first pack is removed");
      return failAt - 1;
    }
  }
}
