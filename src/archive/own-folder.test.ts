/** P6 while it runs: another folder in the place of ours is not filled. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
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
import { aFragment, aTrackSet, START_MS } from "../../test/support/fragments.ts";
import { MemoryStore } from "../../test/support/memory-store.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import type { Recording } from "../fragment/fragment.ts";
import type { ArchiveOptions } from "./archive.ts";
import { nodeFiles } from "./files.ts";
import { identityPath, identityText } from "./identity.ts";
import { claimStore, storeIdentity } from "./store/store-identity.ts";

const space = { minFreeBytes: 0, headroomMs: 0, patienceMs: 60_000, checkMs: 1000 };

async function rig(dataDir: string, over: Partial<ArchiveOptions> = {}) {
  const clock = new FakeClock(START_MS);
  const archive = await openArchive(dataDir, {
    ...{ clock, space, openIndex: openDirectIndex, reserveBytes: 0, ...over },
  });
  const look = async (ms = 1000) => {
    clock.advance(ms);
    await archive.gate.check();
  };
  return { archive, clock, look };
}

function append(recording: Recording, width = 64) {
  const number = recording.nextNumber();
  const trackSet = aTrackSet({ width });
  const startMs = START_MS + number.sequence * 2000;
  const fragment = aFragment({ number, startMs, trackSet });
  const state = { fragment, code: "waiting", done: Promise.resolve() };
  state.done = recording.append(fragment).then(
    () => {
      state.code = "acked";
    },
    (error: { code: string }) => {
      state.code = error.code;
    },
  );
  return state;
}

/** Lets what is under way go as far as it can. */
async function rest(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

suite("a data folder that goes away in the middle of recording", () => {
  for (const [what, put] of [
    ["nothing", () => {}],
    [
      "an empty folder",
      (path: string) => cpSync(join(path, "..", "empty"), path, { recursive: true }),
    ],
    [
      "another archive",
      (path: string) => {
        cpSync(join(path, "..", "empty"), path, { recursive: true });
        cpSync(join(path, "..", "empty"), join(path, "active"), { recursive: true });
        writeFileSync(identityPath(path), identityText("another"));
      },
    ],
  ] as const)
    test(`is not filled with ${what} in its place, and recording goes on when it is back`, async () => {
      using dir = tempDir("own-folder");
      const [path, away] = [join(dir.path, "data"), join(dir.path, "away")];
      await nodeFiles.makeDir(join(dir.path, "empty"));
      const { archive, look } = await rig(path);
      await archive.create({ name: "cam", retentionHours: 24 });
      const recording = await archive.open({ stream: "cam", session: "s" });
      const sent = [append(recording)];
      await sent[0]?.done;
      renameSync(path, away);
      put(path);
      const before = existsSync(path) ? readdirSync(path, { recursive: true }) : undefined;
      // Another pack is wanted before anybody looked.
      sent.push(append(recording, 128));
      while (archive.gate.state.open) await new Promise<void>((resolve) => setImmediate(resolve));
      assert.equal(sent[1]?.code, "waiting");
      assert.match(archive.gate.state.reason ?? "", /identity is not ours|is the disk mounted/);
      await look();
      sent.push(append(recording, 128));
      await rest();
      assert.deepEqual([sent[1]?.code, sent[2]?.code], ["waiting", "waiting"]);
      await assert.rejects(archive.forget(["cam/2026/01/01/1-1"]), { code: "store.unavailable" });
      const after = existsSync(path) ? readdirSync(path, { recursive: true }) : undefined;
      assert.deepEqual(after, before, "something was written there");
      if (after !== undefined) renameSync(path, join(dir.path, "other"));
      renameSync(away, path);
      await look();
      for (const one of sent) await one.done;
      assert.deepEqual(new Set(sent.map(({ code }) => code)), new Set(["acked"]));
      await recording.close();
      await archive.dropStream("cam");
      await look(60_000);
      await archive.settled();
      const stored = await allFragments(archive, "cam");
      assert.equal(stored.length, sent.length);
      for (const [i, one] of stored.entries())
        await assertSame(archive, one, sent[i]?.fragment ?? assert.fail());
      assert.equal((await archive.index.openPacks("")).length, 0);
      await archive.close();
    });

  for (const seen of [true, false])
    test(`does not keep the archive from being closed, ${seen ? "when that was seen" : "seen by nobody yet"}`, async () => {
      using dir = tempDir("own-folder");
      const [path, away] = [join(dir.path, "data"), join(dir.path, "away")];
      const { archive, look } = await rig(path);
      await archive.create({ name: "cam", retentionHours: 24 });
      const recording = await archive.open({ stream: "cam", session: "s" });
      await append(recording).done;
      renameSync(path, away);
      if (seen) await look();
      const waiting = append(recording, 128);
      if (seen) await rest();
      // The clock stands still: whoever waits for patience to end waits for ever.
      await archive.close();
      await waiting.done;
      assert.equal(waiting.code, "server.closing");
    });

  test("what waited too long is refused with store.unavailable, which is a gap of cause error", async () => {
    using dir = tempDir("own-folder");
    const [path, away] = [join(dir.path, "data"), join(dir.path, "away")];
    const { archive, look } = await rig(path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    renameSync(path, away);
    await look();
    const refused = append(recording);
    await rest();
    await look(60_000);
    await refused.done;
    assert.equal(refused.code, "store.unavailable");
    renameSync(away, path);
    await look();
    await recording.close();
    await archive.close();
  });
});

suite("whose a remote store is", () => {
  test("the first archive's, also when its index moves to a new folder, and no other's", async () => {
    using dir = tempDir("claim");
    const store = new MemoryStore();
    const parts = { files: nodeFiles, dir: dir.path };
    assert.equal(await storeIdentity(store), undefined);
    await claimStore(store, "one", parts);
    await claimStore(store, "one", parts);
    const other = claimStore(store, "two", parts);
    await assert.rejects(other, { code: "config.bad", message: /archive one.*s3Prefix/s });
    assert.equal(await storeIdentity(store), "one");
    assert.deepEqual(readdirSync(dir.path), []);
  });

  test("of two that come at once one gets it", async () => {
    using dir = tempDir("claim");
    const store = new MemoryStore();
    const parts = { files: nodeFiles, dir: dir.path };
    const both = ["one", "two"].map((uuid) => claimStore(store, uuid, parts));
    const results = await Promise.allSettled(both);
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  test("a second archive is refused at its start; with the store away nothing is sent before it is known", async () => {
    using dir = tempDir("claim");
    const store = new FarStore();
    const claimOf = (name: string) => (uuid: string) =>
      claimStore(store, uuid, { files: nodeFiles, dir: join(dir.path, name) });
    const at = (name: string) => join(dir.path, name);
    const first = await rig(at("a"), { store, claimStore: claimOf("a") });
    await first.archive.close();
    const again = await rig(at("a"), { store, claimStore: claimOf("a") });
    await again.archive.close();
    await assert.rejects(rig(at("b"), { store, claimStore: claimOf("b") }), { code: "config.bad" });
    store.down = true;
    const { archive, clock } = await rig(at("b"), { store, claimStore: claimOf("b") });
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    await append(recording).done;
    await recording.close();
    await archive.dropStream("cam");
    store.down = false;
    clock.advance(60_000);
    await archive.settled();
    assert.deepEqual([...store.objects.keys()], ["streambank.json"]);
    const { packs, fault } = await archive.uploads.state();
    assert.deepEqual([packs, fault?.code], [1, "config.bad"]);
    await archive.close();
  });
});
