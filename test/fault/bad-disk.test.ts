/** A disk that works but for one file: that file's pack waits by itself, and nothing else waits for it. */
import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Archive, ArchiveOptions } from "../../src/archive/archive.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import { readIdentity } from "../../src/archive/identity.ts";
import type { NewEvent } from "../../src/archive/index/index-events.ts";
import { localName } from "../../src/archive/pack-id.ts";
import { ClockFile } from "../../src/archive/retention/clock-file.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { allFragments, assertSame, openArchive, openDirectIndex } from "../support/archives.ts";
import { badFiles, ReadingStore } from "../support/bad-disk.ts";
import { failing, type Plan } from "../support/failing.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FarStore } from "../support/far-store.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";

function open(dir: string, over: Partial<ArchiveOptions>): Promise<Archive> {
  const limits = { maxBytes: 2000 };
  return openArchive(dir, { limits, openIndex: openDirectIndex, reserveBytes: 0, ...over });
}

async function record(archive: Archive, stream: string, count: number): Promise<SealedFragment[]> {
  const recording = await archive.open({ stream, session: "s" });
  const sent: SealedFragment[] = [];
  for (let i = 0; i < count; i++) {
    const number = recording.nextNumber();
    const fragment = aFragment({ number, startMs: START_MS + number.sequence * 2000, bytes: 100 });
    sent.push(fragment);
    await recording.append(fragment);
  }
  await recording.close();
  return sent;
}

async function assertAll(archive: Archive, stream: string, sent: readonly SealedFragment[]) {
  const stored = await allFragments(archive, stream);
  assert.equal(stored.length, sent.length);
  for (const [i, one] of stored.entries())
    await assertSame(archive, one, sent[i] ?? assert.fail("more than was sent"));
}

function listener() {
  const told: NewEvent[] = [];
  const tell = (event: NewEvent) => void told.push(event);
  const codes = () => told.map(({ body }) => (JSON.parse(body) as { code: string }).code);
  return { codes, events: { forPersisted: () => [], written: () => {}, tell } };
}

/** As a crash leaves it: the files as they are, and nobody's lock on them. */
function copyOf(dir: string) {
  const copy = tempDir("bad-disk-copy");
  cpSync(dir, copy.path, { recursive: true });
  return copy;
}

/** Twelve fragments over several packs that wait for a far store, which is away. */
async function spooled(dir: string, over: Partial<ArchiveOptions>, store: FarStore) {
  const clock = new FakeClock(START_MS);
  const archive = await open(dir, { ...over, store, clock });
  await archive.create({ name: "cam", retentionHours: 24 });
  store.down = true;
  const sent = await record(archive, "cam", 12);
  await archive.dropStream("cam");
  await archive.settled();
  const packs = readdirSync(join(dir, "spool")).sort();
  assert.ok(packs.length >= 3);
  return { archive, clock, sent, packs };
}

suite("one bad file in the spool", () => {
  for (const code of ["EIO", "EACCES"] as const)
    for (const at of ["open", "read"] as const)
      test(`${code} at ${at}: the others are sent, it is told, and it goes by itself when it can be read`, async () => {
        using dir = tempDir("bad-disk");
        const disk = badFiles(code);
        const store = new ReadingStore(disk.files);
        const { codes, events } = listener();
        const over = { files: disk.files, events };
        const { archive, clock, sent, packs } = await spooled(dir.path, over, store);
        const [oldest = ""] = packs;
        disk.bad(at, (path) => path.endsWith(oldest));
        store.down = false;
        clock.advance(60_000);
        await archive.uploads.idle();
        assert.deepEqual(readdirSync(join(dir.path, "spool")), [oldest]);
        const { aside, oldestAsideMs, packs: left } = await archive.uploads.state();
        assert.deepEqual([aside, left], [1, 1]);
        assert.ok(oldestAsideMs !== undefined && oldestAsideMs <= clock.now());
        for (let hour = 0; hour < 3; hour++) {
          clock.advance(3_600_000);
          await archive.uploads.idle();
        }
        assert.deepEqual(codes(), ["upload.set-aside"]);
        disk.good();
        clock.advance(3_600_000);
        await archive.uploads.idle();
        assert.equal((await archive.uploads.state()).aside, 0);
        assert.deepEqual(readdirSync(join(dir.path, "spool")), []);
        await assertAll(archive, "cam", sent);
        await archive.close();
      });

  test("a pack that the store refuses for a reason of its own is put aside once others get through", async () => {
    using dir = tempDir("bad-disk");
    class Picky extends FarStore {
      refused = "";
      override async put(key: string, localPath: string, bytes: number): Promise<void> {
        this.down = localPath.endsWith(this.refused);
        return super.put(key, localPath, bytes).finally(() => {
          this.down = false;
        });
      }
    }
    const store = new Picky();
    store.refused = "mkv";
    const { archive, clock, packs } = await spooled(dir.path, { uploads: 1 }, store);
    store.refused = packs[0] ?? "";
    for (let minute = 0; minute < 5; minute++) {
      clock.advance(60_000);
      await archive.uploads.idle();
    }
    assert.deepEqual(readdirSync(join(dir.path, "spool")), packs.slice(0, 1));
    assert.equal((await archive.uploads.state()).aside, 1);
    await archive.close();
  });

  test("a pack that was sent and is deleted while it is aside is not counted for ever", async () => {
    using dir = tempDir("bad-disk");
    const disk = badFiles();
    const store = new ReadingStore(disk.files);
    const { archive, clock } = await spooled(dir.path, { files: disk.files }, store);
    disk.bad("open", (path) => path.includes("spool"));
    store.down = false;
    clock.advance(60_000);
    await archive.uploads.idle();
    assert.ok((await archive.uploads.state()).aside >= 3);
    await archive.delete("cam");
    clock.advance(3_600_000);
    await archive.uploads.idle();
    assert.equal((await archive.uploads.state()).aside, 0);
    await archive.close();
  });
});

suite("one bad file in active/", () => {
  for (const at of ["open", "read"] as const)
    test(`EIO at ${at}: the server starts, the rest is read and recorded, and the file is settled when it can be read`, async () => {
      using dir = tempDir("bad-disk");
      const clock = new FakeClock(START_MS);
      const killed = await open(dir.path, { clock });
      for (const name of ["bad", "good"]) await killed.create({ name, retentionHours: 24 });
      const before = await record(killed, "bad", 9);
      const good = await record(killed, "good", 3);
      await killed.settled();
      const [openPack] = (await killed.index.openPacks("")).filter(
        ({ stream }) => stream === "bad",
      );
      const name = localName(openPack?.packId ?? assert.fail("no pack is open"));
      using copy = copyOf(dir.path);
      const disk = badFiles();
      disk.bad(at, (path) => path.endsWith(name));
      const { codes, events } = listener();
      const archive = await open(copy.path, { clock, files: disk.files, events });
      await archive.settled();
      assert.deepEqual(readdirSync(join(copy.path, "active")), [name]);
      assert.deepEqual(codes(), ["recovery.failed"]);
      await assertAll(archive, "good", good);
      const stored = await allFragments(archive, "bad");
      assert.equal(stored.length, before.length);
      for (const one of stored.filter(({ packId }) => packId !== openPack?.packId))
        await archive.read(one.packId, one.blocksOffset, one.blocksSize);
      const after = await record(archive, "bad", 2);
      disk.good();
      clock.advance(3_600_000);
      await archive.settled();
      await archive.dropStream("bad");
      await archive.settled();
      await assertAll(archive, "bad", [...before, ...after]);
      assert.equal(
        (await archive.index.openPacks("")).filter((row) => row.stream === "bad").length,
        0,
      );
      await archive.close();
      await killed.close();
    });

  test("a store that is away does not stop the start for a pack that may be in it", async () => {
    using dir = tempDir("bad-disk");
    const clock = new FakeClock(START_MS);
    const store = new FarStore();
    let archive = await open(dir.path, { clock, store });
    await archive.create({ name: "cam", retentionHours: 24 });
    const sent = await record(archive, "cam", 2);
    const [row] = await archive.index.openPacks("");
    await archive.close();
    // The row says open, the pack is in the store alone.
    archive = await open(dir.path, { clock, store });
    await archive.settled();
    const found = await archive.index.pack("cam", row?.packId ?? "");
    await archive.index.commit({
      rows: [{ ...(found ?? assert.fail()), sealed: false, archived: false }],
    });
    await archive.close();
    store.down = true;
    archive = await open(dir.path, { clock, store });
    store.down = false;
    clock.advance(60_000);
    await archive.settled();
    assert.equal((await archive.index.openPacks("")).length, 0);
    await assertAll(archive, "cam", sent);
    await archive.close();
  });
});

const SMALL_CALLS = new Set(["open", "remove", "rename", "syncDir", "exists"]);

suite("small files on a disk that fails", () => {
  /** Every operation of `work` fails in turn, once having done nothing and once having done its work. */
  async function everyStep(work: (plan: Plan, label: string) => Promise<void>): Promise<number> {
    for (const code of ["store.full", "store.unavailable"] as const)
      for (const effect of ["lost", "done"] as const)
        for (let failAt = 1; ; failAt++) {
          const plan: Plan = { calls: 0, failAt, effect, persistent: false, code };
          await work(plan, `${code}, ${effect}, call ${failAt}`);
          if (plan.calls >= failAt) continue;
          if (code === "store.unavailable" && effect === "done") return failAt - 1;
          break;
        }
    return 0;
  }

  test("clock.json: the old one or the new one is there, never a part", async () => {
    using dir = tempDir("bad-disk");
    const path = join(dir.path, "clock.json");
    let seenMs = 1;
    const state = () => ({ seenMs, acceptedMs: 1, misdated: [] });
    await new ClockFile(path).write(state());
    const steps = await everyStep(async (plan, label) => {
      const before = seenMs++;
      const writing = new ClockFile(path, failing(nodeFiles, plan, SMALL_CALLS)).write(state());
      const written = await writing.then(
        () => true,
        () => false,
      );
      const read = (await new ClockFile(path).read())?.seenMs ?? Number.NaN;
      assert.ok(read === seenMs || (!written && read === before), label);
      await new ClockFile(path).write(state());
    });
    assert.ok(steps >= 6, `${steps} steps`);
  });

  test("the identity file: a first start that cannot write it is refused, and the next one goes well", async () => {
    const steps = await everyStep(async (plan, label) => {
      using dir = tempDir("bad-disk");
      const files = failing(nodeFiles, plan, SMALL_CALLS);
      const first = await open(dir.path, { files }).catch((error: unknown) => error);
      if (first instanceof Error)
        assert.match((first as { code?: string }).code ?? "", /^store/, label);
      else await (first as Archive).close();
      const archive = await open(dir.path, {});
      await archive.create({ name: "cam", retentionHours: 24 });
      await archive.close();
      assert.ok(readIdentity(dir.path) !== undefined, label);
      await (await open(dir.path, {})).close();
    });
    assert.ok(steps >= 6, `${steps} steps`);
  });

  test("the reserve: recording goes on without it", async () => {
    const steps = await everyStep(async (plan, label) => {
      using dir = tempDir("bad-disk");
      const ours = failing(nodeFiles, plan, new Set([...SMALL_CALLS, "size"]));
      const of = (path: string) => (path.endsWith("reserve") ? ours : nodeFiles);
      const files = {
        ...nodeFiles,
        open: (path: string, how: "create" | "change" | "read") => of(path).open(path, how),
        remove: (path: string) => of(path).remove(path),
        exists: (path: string) => of(path).exists(path),
      };
      const archive = await open(dir.path, { files, reserveBytes: 4096 });
      await archive.create({ name: "cam", retentionHours: 24 });
      const sent = await record(archive, "cam", 2);
      assert.equal(sent.length, 2, label);
      await assertAll(archive, "cam", sent);
      await archive.close();
    });
    assert.ok(steps >= 4, `${steps} steps`);
  });
});
