/** Reindex and check over PostgreSQL, S3 and encryption, over packs that cannot be read, and of what has not left the node's disk. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import type { Archive } from "../../src/archive/archive.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import { makeDataDir } from "../../src/archive/identity.ts";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { PostgresIndex } from "../../src/archive/index/postgres-index.ts";
import { carryOver } from "../../src/archive/maintenance/carry-over.ts";
import { openRebuilt, replaceWithRebuilt } from "../../src/archive/maintenance/postgres-rebuild.ts";
import { openSqliteReadOnly } from "../../src/archive/maintenance/read-only.ts";
import { reindex } from "../../src/archive/maintenance/reindex.ts";
import { objectKey } from "../../src/archive/pack-id.ts";
import type { ObjectStore } from "../../src/archive/store/object-store.ts";
import { openStore } from "../../src/archive/store/open-store.ts";
import { realClock } from "../../src/base/clock.ts";
import { Fault } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { allFragments, openArchive, openDirectIndex } from "../support/archives.ts";
import { Ceph } from "../support/ceph.ts";
import { FarStore } from "../support/far-store.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { answers, check, fill, limits } from "../support/reindexed.ts";
import { cli } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";
import { needs } from "../support/tools.ts";

/** Where one archive of the property is. */
interface Place {
  readonly store: ObjectStore;
  open(): Promise<FragmentIndex>;
  /** An empty index, and how it takes the old one's place. */
  fresh(): Promise<{ index: FragmentIndex; replace(): Promise<void> }>;
}

/** Answers are the same before and after, and of a row whose object has gone nothing is left. */
async function rebuiltIsTheSame(dir: string, place: Place, seed: number): Promise<void> {
  const open = () =>
    openArchive(dir, { limits, store: keptOpen(place.store), openIndex: () => place.open() });
  const first = await open();
  const streams = await fill(first, seed);
  const stale = await takeFirst(first, streams[0] ?? "");
  const kept: string[] = [];
  for (const stream of streams)
    if ((await allFragments(first, stream)).length > 0) kept.push(stream);
  const want = await answers(first, kept);
  assert.deepEqual(readdirSync(join(dir, "active")), [], "nothing of an archived pack stays here");
  if (stale !== undefined) await first.index.commit(stale);
  await first.close();
  const [old, { index, replace }] = [await place.open(), await place.fresh()];
  await index.meta("uuid", await old.meta("uuid", ""));
  await carryOver(old, index, "");
  const folders = { activeDir: join(dir, "active"), spoolDir: join(dir, "spool") };
  const result = await reindex({
    ...{ index, store: place.store, files: nodeFiles, node: "", ...folders, clock: realClock },
  });
  assert.deepEqual(result.refused, []);
  await Promise.all([old.close(), index.close()]);
  await replace();
  const second = await open();
  assert.deepEqual(await answers(second, kept), want, `seed ${seed}`);
  assert.deepEqual((await check(second)).problems, [], `seed ${seed}`);
  await second.close();
}

/** Removes the stream's first pack; returns what brings its row back. */
async function takeFirst(archive: Archive, stream: string) {
  const { index, store } = archive;
  const query = { stream, receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 1 };
  const [{ packId } = { packId: "" }] = await index.oldPacks(query);
  const row = await index.pack(stream, packId);
  if (row === undefined) return undefined;
  const set = await index.trackSet(row.trackSetId);
  await index.remove({
    ...{ stream, packIds: [packId], cause: "user", who: "test", atMs: realClock.now() },
  });
  await store.delete([objectKey(packId)]);
  await index.forgetGarbage([packId]);
  return { rows: [row], trackSets: set === undefined ? [] : [set] };
}

/** Two archives use it one after the other. */
function keptOpen(store: ObjectStore): ObjectStore {
  return failingStore(store, { close: async () => {} });
}

function failingStore(store: ObjectStore, over: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get(object, name) {
      const value = Reflect.get(over, name) ?? Reflect.get(object, name);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}

function keyFile(dir: string): string {
  const path = join(dir, "master");
  writeFileSync(path, randomBytes(32));
  return path;
}

const away = () => new Fault("store.unavailable", "EIO by plan");

suite("an index made anew", { timeout: 300_000 }, () => {
  test("gives the same answers over encrypted packs", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      using dir = tempDir("reindex");
      const settings = { encryptionKeyFile: keyFile(dir.path) };
      const parts = { dataDir: dir.path, files: nodeFiles, log: silentLogger };
      makeDataDir(dir.path);
      const { store } = await openStore(settings, parts);
      const [path, fresh] = ["index.sqlite", "fresh.sqlite"].map((name) => join(dir.path, name));
      const place: Place = {
        store,
        open: () => openDirectIndex(path ?? ""),
        fresh: async () => ({
          index: await openDirectIndex(fresh ?? ""),
          replace: async () => renameSync(fresh ?? "", path ?? ""),
        }),
      };
      await rebuiltIsTheSame(dir.path, place, seed);
    }
  });

  test("leaves out a pack that cannot be read and names it; without a store it is not made", async () => {
    using dir = tempDir("reindex");
    const far = new FarStore();
    const archive = await openArchive(dir.path, { limits, store: far, openIndex: openDirectIndex });
    await fill(archive, 3);
    const [bad = "", ...others] = [...far.objects.keys()];
    assert.ok(others.length >= 2);
    const eio = failingStore(far, {
      read: async (key, offset, size) => {
        if (key === bad) throw away();
        return far.read(key, offset, size);
      },
    });
    const made = async (store: ObjectStore) => {
      const index = await openDirectIndex(":memory:");
      const folders = { activeDir: join(dir.path, "active"), spoolDir: join(dir.path, "spool") };
      const parts = { index, files: nodeFiles, node: "", ...folders, clock: realClock };
      return reindex({ ...parts, store }).finally(() => index.close());
    };
    const { packs, refused } = await made(eio);
    assert.equal(packs, others.length);
    assert.deepEqual(refused, [{ name: bad, problem: "unreadable", why: "EIO by plan" }]);
    const checked = await check(archive, { store: eio });
    assert.deepEqual(checked.problems, [{ problem: "unreadable", repaired: false }]);
    assert.equal(checked.result.packs, far.objects.size, "the others were looked at");
    const gone = failingStore(far, {
      read: async () => Promise.reject(away()),
      probe: async () => Promise.reject(away()),
    });
    await assert.rejects(made(gone), { code: "store.unavailable" });
    await assert.rejects(check(archive, { store: gone }), { code: "store.unavailable" });
    await archive.close();
  });
});

suite("a check", () => {
  test("looks at what waits for the store and what is still written", async () => {
    using dir = tempDir("check");
    const far = new FarStore();
    far.down = true;
    const index = await openDirectIndex(join(dir.path, "index.sqlite"));
    const archive = await openArchive(dir.path, {
      ...{ limits: { maxBytes: 1500 }, store: far, openIndex: async () => index },
      space: { minFreeBytes: 0, headroomMs: 0 },
    });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    const [activeDir, spoolDir] = [join(dir.path, "active"), join(dir.path, "spool")];
    for (let i = 0; i < 20; i++)
      await recording.append(
        aFragment({ number: recording.nextNumber(), startMs: START_MS + i * 2000 }),
      );
    const local = { files: nodeFiles, activeDir, spoolDir };
    // This one is still written.
    await archive.create({ name: "door", retentionHours: 24 });
    const door = await archive.open({ stream: "door", session: "s" });
    await door.append(
      aFragment({ number: door.nextNumber(), startMs: START_MS, session: "s", bytes: 50 }),
    );
    // Empty, and there: the archive's own stays away.
    const store = new FarStore();
    // While packs still move to the spool, one may be seen in neither place.
    while ((await check(archive, { local, store })).problems.length > 0)
      await new Promise((resolve) => setImmediate(resolve));
    const spooled = readdirSync(spoolDir)
      .filter((name) => name.endsWith(".mkv"))
      .sort();
    assert.ok(spooled.length >= 3, `${spooled.length} packs in the spool`);
    const [first = "", second = ""] = spooled;
    rmSync(join(spoolDir, first));
    const bytes = readFileSync(join(spoolDir, second));
    bytes[900] = (bytes[900] ?? 0) ^ 1;
    writeFileSync(join(spoolDir, second), bytes);
    const [open = ""] = readdirSync(activeDir).filter((name) => name.startsWith("door"));
    truncateSync(join(activeDir, open), statSync(join(activeDir, open)).size - 10);
    const problems = (await check(archive, { local, store })).problems.map(
      ({ problem }) => problem,
    );
    assert.deepEqual(problems.sort(), ["damaged", "damaged", "missing"]);
    await Promise.allSettled([recording.close(), door.close()]);
    await archive.close();
  });

  test("without --repair writes nothing, makes nothing and migrates nothing", async () => {
    using dir = tempDir("check");
    const dataDir = join(dir.path, "data");
    const parts = { dataDir, files: nodeFiles, log: silentLogger };
    const key = keyFile(dir.path);
    makeDataDir(dataDir);
    const { store } = await openStore({ encryptionKeyFile: key }, parts);
    const archive = await openArchive(dataDir, { limits, store });
    await fill(archive, 2);
    await archive.close();
    mkdirSync(join(dataDir, "encrypting"), { recursive: true });
    writeFileSync(join(dataDir, "encrypting", "left"), "by a crash");
    const flags = ["--data-dir", dataDir, "--encryption-key-file", key];
    const before = everyFile(dataDir);
    const checked = await cli(["check", "--deep", ...flags]);
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.match(checked.out, /0 problems/);
    assert.deepEqual(everyFile(dataDir), before);
    const path = join(dataDir, "index.sqlite");
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 3");
    db.close();
    assert.throws(() => openSqliteReadOnly(path, { alone: true }), { code: "config.bad" });
    const nowhere = join(dir.path, "nowhere");
    assert.notEqual((await cli(["check", "--data-dir", nowhere])).code, 0);
    assert.equal(existsSync(nowhere), false);
  });
});

/** Name, size and time of change of all in it. */
function everyFile(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(dir, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

suite("an index in PostgreSQL made anew", {
  ...needs("ceph", "postgresql"),
  timeout: 300_000,
}, () => {
  let ceph: Ceph;
  let postgres: PostgresServer;
  before(async () => {
    [ceph, postgres] = await Promise.all([Ceph.start(), startPostgres()]);
  });
  after(async () => {
    await Promise.all([ceph?.[Symbol.asyncDispose](), postgres?.remove()]);
  });

  for (const encrypted of [false, true])
    test(`gives the same answers over S3${encrypted ? ", encrypted" : ""}; rows of packs that are gone go`, async () => {
      for (const seed of encrypted ? [4, 5] : [1, 2]) {
        using dir = tempDir("reindex");
        const s3 = {
          ...{ endpoint: ceph.endpoint, bucket: `reindex-${encrypted}-${seed}`, prefix: "p/" },
          ...{ accessKey: ceph.accessKey, secretKey: ceph.secretKey },
        };
        const encryptionKeyFile = encrypted ? keyFile(dir.path) : undefined;
        const parts = { dataDir: dir.path, files: nodeFiles, log: silentLogger };
        const { store } = await openStore({ s3, encryptionKeyFile }, parts);
        const url = await postgres.newDatabase();
        const place: Place = {
          store,
          open: () => PostgresIndex.open(url, { connections: 2 }),
          fresh: async () => ({
            index: await openRebuilt(url),
            replace: () => replaceWithRebuilt(url),
          }),
        };
        await rebuiltIsTheSame(dir.path, place, seed);
        await store.close();
      }
    });

  test("on the command line keeps leases and hooks, and is refused while another node runs", async () => {
    using dir = tempDir("reindex");
    const url = await postgres.newDatabase();
    const archive = await openArchive(dir.path, {
      limits,
      openIndex: () => PostgresIndex.open(url),
    });
    const streams = await fill(archive, 2);
    const { index } = archive;
    const now = await index.now();
    const lease = await index.takeLease({ stream: "a", node: "n", ttlMs: 1000 }, now);
    const event = { type: "gap", stream: "a", atMs: realClock.now() } as const;
    await index.commit({ events: [1, 2, 3].map((n) => ({ ...event, body: `{"n":${n}}` })) });
    const hook = { id: "h", url: "http://x/", secret: "s", types: [], streams: "*" };
    await index.putHook({ ...hook, createdMs: now, deliveredId: (await index.lastEventId()) - 2 });
    const want = await answers(archive, streams);
    const node = { id: "other", url: "http://y", rtmpUrl: "", status: "{}" };
    await index.putNode({ ...node, seenMs: await index.now() });
    await archive.close();
    const command = ["reindex", "--data-dir", dir.path, "--index-url", url];
    const refused = await cli(command);
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /node other runs/);
    const again = await PostgresIndex.open(url);
    await again.putNode({ ...node, seenMs: 1 as never });
    await again.close();
    const made = await cli(command);
    assert.equal(made.code, 0, made.err);
    const after = await openArchive(dir.path, { limits, openIndex: () => PostgresIndex.open(url) });
    assert.deepEqual(await answers(after, streams), want);
    assert.equal((await after.index.lease("a"))?.epoch, lease.epoch);
    const [{ deliveredId = -1 } = {}] = await after.index.hooks();
    const left = (await after.index.events(deliveredId, 10)).map(({ body }) => body);
    assert.deepEqual(left, ['{"n":2}', '{"n":3}'], "what it has not been told");
    await after.close();
    const checked = await cli(["check", "--deep", ...command.slice(1)]);
    assert.equal(checked.code, 0, checked.out + checked.err);
  });
});
