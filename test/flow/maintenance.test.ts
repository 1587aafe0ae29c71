/** The index is lost, packs are lost or damaged: what reindex and check make of it, from the inside and on the command line. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { nodeFiles } from "../../src/archive/files.ts";
import { newIdentity, readIdentity } from "../../src/archive/identity.ts";
import { reindex } from "../../src/archive/maintenance/reindex.ts";
import { realClock } from "../../src/base/clock.ts";
import { millis } from "../../src/base/units.ts";
import { allFragments, openArchive, openDirectIndex } from "../support/archives.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { putMedia } from "../support/put-media.ts";
import { answers, check, EVERYTHING, fill, limits } from "../support/reindexed.ts";
import { cli, startServerProcess } from "../support/server.ts";
import { tempDir } from "../support/temp-dir.ts";

const open = (dir: string) => openArchive(dir, { limits, openIndex: openDirectIndex });

async function rebuild(dir: string): Promise<void> {
  const identity = readIdentity(dir) ?? newIdentity();
  rmSync(join(dir, "index.sqlite"));
  const index = await openDirectIndex(join(dir, "index.sqlite"));
  await index.meta("uuid", identity);
  const { FolderStore } = await import("../../src/archive/store/folder-store.ts");
  const store = new FolderStore({ root: join(dir, "packs"), files: nodeFiles });
  const folders = { activeDir: join(dir, "active"), spoolDir: join(dir, "spool") };
  const result = await reindex({
    ...{ index, store, files: nodeFiles, node: "", ...folders, clock: realClock },
  });
  assert.deepEqual(result.refused, []);
  await index.close();
}

suite("an index that is lost", () => {
  test("is made anew from packs alone and gives the same answers", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      using dir = tempDir("reindex");
      const before = await open(dir.path);
      const streams = await fill(before, seed);
      const kept = [];
      for (const stream of streams)
        if ((await allFragments(before, stream)).length > 0) kept.push(stream);
      const want = await answers(before, kept);
      await before.close();
      await rebuild(dir.path);
      const after = await open(dir.path);
      assert.deepEqual(await answers(after, kept), want, `seed ${seed}`);
      assert.deepEqual((await check(after)).problems, [], `seed ${seed}`);
      await after.close();
    }
  });

  test("is refused by the server, and made anew on the command line with what is still open", async () => {
    using dir = tempDir("reindex");
    await using first = await startServerProcess(dir.path);
    const body = readFileSync(join(import.meta.dirname, "../../samples/camera.mkv"));
    await cli(["streams", "create", "cam", "--server", first.url, "--retention-hours", "48"]);
    const put = putMedia({ url: first.url, stream: "cam", startMs: START_MS });
    await put.write(body);
    put.end();
    await put.acks;
    const listed = async (url: string) =>
      (await cli(["ls", "--stream", "cam", "--json", "--server", url])).out;
    const before = await listed(first.url);
    assert.match(before, /9134/);
    // The pack is still open.
    await first.kill();
    for (const name of readdirSync(dir.path))
      if (name.startsWith("index.sqlite")) rmSync(join(dir.path, name));
    const refused = await cli(["serve", "--data-dir", dir.path, "--http-port", "0"]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /reindex/);
    const made = await cli(["reindex", "--data-dir", dir.path]);
    assert.equal(made.code, 0, made.err);
    await using second = await startServerProcess(dir.path);
    assert.equal(await listed(second.url), before);
    const stream = await (await fetch(`${second.url}/v1/streams/cam`)).json();
    assert.equal((stream as { retentionHours: number }).retentionHours, 48);
    await second.stop();
    const checked = await cli(["check", "--deep", "--data-dir", dir.path]);
    assert.equal(checked.code, 0, checked.out);
    const dump = await cli(["export", "--data-dir", dir.path]);
    assert.equal(dump.out.trim().split("\n").at(-1)?.includes('"end":true'), true);
  });
});

suite("packs and index that do not match", () => {
  test("are found, and what can be repaired is", async () => {
    using dir = tempDir("check");
    const archive = await open(dir.path);
    await archive.create({ name: "cam", retentionHours: 24 });
    const recording = await archive.open({ stream: "cam", session: "s" });
    for (let i = 0; i < 20; i++)
      await recording.append(
        aFragment({ number: recording.nextNumber(), startMs: START_MS + i * 2000 }),
      );
    await recording.close();
    await archive.dropStream("cam");
    await archive.settled();
    assert.deepEqual((await check(archive)).problems, []);
    const query = { stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 10 };
    const packs = (await archive.index.oldPacks(query)).map(({ packId }) => packId);
    assert.ok(packs.length >= 4);
    const path = (i: number) => join(dir.path, "packs", `${packs[i]}.mkv`);
    // One is gone, one has lost its row, one has a bit turned over, one is cut.
    rmSync(path(0));
    await archive.index.remove({
      ...{ stream: "cam", packIds: [packs[1] ?? ""], cause: "user", who: "t" },
      atMs: millis(START_MS),
    });
    await archive.index.forgetGarbage([packs[1] ?? ""]);
    const bytes = readFileSync(path(2));
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(path(2), bytes);
    truncateSync(path(3), bytes.length - 20);
    writeFileSync(join(dir.path, "packs", "cam", "notes.txt"), "mine");
    const named = ({ problem }: { problem: string }) => problem;
    const want = ["damaged", "damaged", "foreign", "missing", "unknown"];
    const found = await check(archive);
    assert.deepEqual(found.problems.map(named).sort(), want);
    const mended = await check(archive, { deep: true, repair: true });
    const repaired = mended.problems.filter((one) => one.repaired).map(named);
    assert.deepEqual(repaired.sort(), ["missing", "unknown"]);
    const left = await check(archive);
    assert.deepEqual(left.problems.map(named).sort(), ["damaged", "damaged", "foreign"]);
    const gaps = await archive.index.gaps("cam", EVERYTHING, 10);
    assert.ok(gaps.some(({ cause }) => cause === "corrupt"));
    await archive.close();
  });
});
