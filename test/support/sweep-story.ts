/**
 * What happens in one run of a fault sweep, and what must hold after it. A camera records ten fragments over two packs two hours apart,
 * they go to the store, retention takes the first, and another stream is deleted: any of its operations may fail by plan.
 */
import assert from "node:assert/strict";
import type { Archive, ArchiveOptions } from "../../src/archive/archive.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { checkArchive, type Finding } from "../../src/archive/maintenance/check.ts";
import { objectKey } from "../../src/archive/pack-id.ts";
import { END_OF_TIME_MS } from "../../src/archive/retention/policy.ts";
import { Retention } from "../../src/archive/retention/retention.ts";
import type { ObjectStore } from "../../src/archive/store/object-store.ts";
import { ReadAheadStore } from "../../src/archive/store/read-ahead.ts";
import { type Clock, realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { allFragments, assertSame, openArchive } from "./archives.ts";
import { failing, type Plan } from "./failing.ts";
import { aFragment, aTrackSet, START_MS } from "./fragments.ts";
import { auditOf } from "./index-rows.ts";
import { MemoryClockState } from "./retention.ts";

const FILES_CALLS = new Set(["open", "rename", "makeDir", "syncDir", "exists", "size", "remove"]);
const INDEX_CALLS = new Set([
  ...["commit", "archived", "unarchived", "remove", "forgetGarbage"],
  ...["deleteStream", "putRecord", "deleteRecord"],
]);
const STORE_CALLS = new Set(["put", "size", "delete", "eraseKey"]);
const HOUR = 3_600_000;
/** Fragments of the first pack: retention takes them. */
const OLD = 6;
const COUNT = 10;

/** What one archive of the sweep stands on; made anew for every step. */
export interface World {
  /** Undefined: the folder of the archive. With `eraseKey`: it encrypts. */
  readonly store: (ObjectStore & { eraseKey?(stream: string): Promise<void> }) | undefined;
  openIndex(path: string): Promise<FragmentIndex>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Of a story. */
export interface StoryPlan extends Plan {
  /** Default 0: none. */
  readonly reserveBytes?: number;
}

export interface Told {
  readonly acked: SealedFragment[];
  readonly sent: SealedFragment[];
  /** A sweep of retention said that it removed the first pack. */
  removed: boolean;
  /** The deletion of the other stream said that it was done. */
  deleted: boolean;
}

/** The machine's, and some hours ahead of it when the test says so: its timers go on as they are. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  now = () => millis(realClock.now() + this.shiftMs);
  elapsed = () => realClock.elapsed() + this.shiftMs;
  after: Clock["after"] = (ms, run) => realClock.after(ms, run);
}

export interface Stage {
  readonly dir: string;
  readonly world: World;
  readonly clock: ShiftedClock;
}

/** As the story's start and every later one does. With a plan its operations fail. */
function open({ dir, world, clock }: Stage, plan?: StoryPlan): Promise<Archive> {
  const { store: own } = world;
  const kept = own && keptOpen(own);
  const store = kept && plan ? failing(kept, plan, STORE_CALLS, "store") : kept;
  const erases = own?.eraseKey === undefined ? undefined : store;
  const options: Partial<ArchiveOptions> = {
    ...{ clock, openIndex: (path) => world.openIndex(path), indexPatienceMs: 0 },
    ...(store === undefined ? {} : { store }),
    ...(erases === undefined ? {} : { eraseKey: async (of: string) => erases.eraseKey?.(of) }),
    ...{ reserveBytes: plan?.reserveBytes ?? 0, backOff: { firstMs: 1, maxMs: 2 } },
    // Looks at the disk are steps, too: where nothing waits for them, few.
    space: { minFreeBytes: 0, headroomMs: 0, patienceMs: 0, checkMs: plan?.persistent ? 5 : 500 },
  };
  // As a server reads: a request for each small pack. A new one each time remembers nothing of what was before.
  const near = store?.remote ? { store: new ReadAheadStore({ inner: store }) } : {};
  if (plan === undefined) return openArchive(dir, { ...options, ...near });
  const files = failing(nodeFiles, plan, FILES_CALLS, "files");
  return openArchive(dir, {
    ...{ ...options, files },
    wrapIndex: (index) => failing(index, plan, INDEX_CALLS, "index"),
  });
}

/** Several archives use it one after the other. */
function keptOpen<T extends ObjectStore>(store: T): T {
  return new Proxy(store, {
    get(object, name) {
      if (name === "close") return async () => {};
      const value = Reflect.get(object, name);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

/** The streams are there before anything fails. */
export async function setUp(stage: Stage): Promise<void> {
  const archive = await open(stage);
  await archive.create({ name: "cam", retentionHours: 1 });
  await archive.create({ name: "gone", retentionHours: 24 });
  await append(archive, { stream: "gone", from: 0, to: 2, width: 64 }, newTold());
  await archive.dropStream("gone");
  await archive.settled();
  await archive.close();
}

const newTold = (): Told => ({ acked: [], sent: [], removed: false, deleted: false });

interface Appending {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

async function append(archive: Archive, of: Appending, told: Told): Promise<void> {
  const recording = await archive.open({ stream: of.stream, session: "s" });
  for (let i = of.from; i < of.to; i++) {
    const number = recording.nextNumber();
    const trackSet = aTrackSet({ width: of.width });
    const fragment = aFragment({ number, startMs: START_MS + i * 2000, trackSet });
    told.sent.push(fragment);
    await recording.append(fragment).then(
      () => told.acked.push(fragment),
      () => {},
    );
  }
  await recording.close().catch(() => {});
}

/** Never rejects for what fails by plan. */
export async function story(stage: Stage, plan: StoryPlan): Promise<Told> {
  const told = newTold();
  const archive = await open(stage, plan);
  await append(archive, { stream: "cam", from: 0, to: OLD, width: 64 }, told);
  stage.clock.shiftMs += 2 * HOUR;
  await append(archive, { stream: "cam", from: OLD, to: COUNT, width: 128 }, told);
  await archive.dropStream("cam").catch(() => {});
  await archive.settled();
  told.removed = (await retain(archive, stage.clock).catch(() => 0)) > 0;
  told.deleted = await archive.delete("gone").then(
    () => true,
    () => false,
  );
  await archive.close().catch(() => {});
  return told;
}

/** A start in the middle of whose recovery something fails, too. */
export async function failAgain(stage: Stage, plan: StoryPlan): Promise<void> {
  try {
    const archive = await open(stage, plan);
    await archive.settled();
    await retain(archive, stage.clock).catch(() => {});
    await archive.close().catch(() => {});
  } catch {
    // Then there was no start. The next one must find its way all the same.
  }
}

/** Sweeps as a server does, without waiting for the grace time. Returns how many packs went. */
async function retain(archive: Archive, clock: Clock): Promise<number> {
  const retention = await Retention.open({
    ...{ index: archive.index, store: archive.store, clock, log: silentLogger, graceMs: -1 },
    clockState: new MemoryClockState(),
    local: { remove: (packIds) => archive.forget(packIds) },
  });
  try {
    // Where nothing was stored for two hours, the clock may be wrong.
    if ((await retention.state()).paused !== undefined) await retention.confirmClock("operator");
    return (await retention.sweeper.sweepNow()).packs;
  } finally {
    await retention.stop();
  }
}

/** A fresh start finds what was told, and what was begun comes to its end. */
export async function check(stage: Stage, told: Told, label: string): Promise<void> {
  const { clock } = stage;
  const archive = await open(stage);
  try {
    await archive.settled();
    await checkFound({ archive, clock }, told, label);
    const old = (await removedPacks(archive)) + (await oldPacks(archive));
    await retain(archive, clock);
    await archive.delete("gone").catch(() => {});
    await retain(archive, clock);
    await checkEnd({ archive, clock }, told, label);
    assert.equal(await removedPacks(archive), old, `${label}: counted twice, or not`);
  } finally {
    await archive.close();
  }
}

interface Opened {
  readonly archive: Archive;
  readonly clock: Clock;
}

/** P1 to P4: acked fragments are there byte for byte, or gone whole and said to be. */
async function checkFound({ archive, clock }: Opened, told: Told, label: string): Promise<void> {
  const stored = await allFragments(archive, "cam");
  const bySequence = new Map(stored.map((f) => [f.info.number.sequence, f]));
  assert.equal(bySequence.size, stored.length, `${label}: a fragment twice`);
  const gone = await removedSpans(archive);
  if (told.removed)
    assert.ok((await removedPacks(archive)) > 0, `${label}: no audit row of what was removed`);
  for (const fragment of told.acked) {
    const there = bySequence.has(fragment.info.number.sequence);
    assert.ok(
      there !== isIn(gone, fragment),
      `${label}: an acked fragment is gone, or there and removed`,
    );
  }
  for (const one of stored) {
    const sent = told.sent.find((f) => f.info.number.sequence === one.info.number.sequence);
    await assertSame(archive, one, sent ?? assert.fail(`${label}: a fragment nobody sent`));
  }
  const other = await archive.index.stream("gone");
  if (told.deleted) assert.equal(other, undefined, `${label}: a deleted stream is there`);
  if (other !== undefined)
    for (const { packId, offset, size } of await allFragments(archive, "gone"))
      await archive.read(packId, offset, size);
  assert.equal((await archive.uploads.state()).packs, 0, `${label}: left in the spool`);
  assert.deepEqual(await findings(archive, clock), [], label);
}

/** What retention should take has gone once, the deleted stream with all it had, and nothing else. */
async function checkEnd({ archive, clock }: Opened, told: Told, label: string): Promise<void> {
  const stored = await allFragments(archive, "cam");
  const sequences = new Set(stored.map(({ info }) => info.number.sequence));
  assert.ok(Math.min(...sequences) > OLD, `${label}: what is too old is there`);
  const gone = await removedSpans(archive);
  for (const fragment of told.acked) {
    const { sequence } = fragment.info.number;
    assert.equal(sequences.has(sequence), sequence > OLD, `${label}: ${sequence}`);
    assert.equal(isIn(gone, fragment), sequence <= OLD, `${label}: the gap of ${sequence}`);
  }
  assert.equal(await archive.index.stream("gone"), undefined, label);
  const packs = new Set(stored.map(({ packId }) => objectKey(packId)));
  assert.deepEqual(await objects(archive.store), [...packs].sort(), `${label}: objects`);
  assert.deepEqual(await archive.index.garbage(END_OF_TIME_MS, 10), [], `${label}: garbage`);
  assert.deepEqual(await findings(archive, clock), [], label);
}

function isIn(spans: Awaited<ReturnType<typeof removedSpans>>, { info }: SealedFragment): boolean {
  return spans.some((g) => g.startUs <= info.producedStartUs && info.producedStartUs < g.endUs);
}

async function removedSpans(archive: Archive) {
  const range = { fromMs: millis(0), toMs: millis(START_MS * 2) };
  const gaps = await archive.index.gaps("cam", range, 100);
  return gaps.filter(({ cause }) => cause === "age");
}

/** Packs that retention should take and has not. */
async function oldPacks(archive: Archive): Promise<number> {
  const stored = await allFragments(archive, "cam");
  const old = stored.filter(({ info }) => info.number.sequence <= OLD);
  return new Set(old.map(({ packId }) => packId)).size;
}

async function removedPacks(archive: Archive): Promise<number> {
  const rows = await auditOf(archive.index, { stream: "cam", limit: 10 });
  return rows.reduce((sum, { packs = 0 }) => sum + packs, 0);
}

async function objects(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.list("")) keys.push(...page.map(({ key }) => key));
  return keys.sort();
}

/** What does not match between index and store, besides objects that are garbage still. */
async function findings(archive: Archive, clock: Clock): Promise<Finding[]> {
  const found: Finding[] = [];
  await checkArchive({
    ...{ index: archive.index, store: archive.store, node: "", clock },
    ...{ deep: true, repair: false },
    found: (finding) => void found.push(finding),
  });
  return found;
}
