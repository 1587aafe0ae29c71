/** A disk that is really full: a small file system in memory, which only root on Linux may mount. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Archive, ArchiveOptions } from "../../src/archive/archive.ts";
import { Fault } from "../../src/base/errors.ts";
import { millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import { allFragments, assertSame, openArchive, openDirectIndex } from "../support/archives.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";

const MB = 1 << 20;
const skip = canMount() ? false : "a small disk cannot be mounted here: needs root on Linux";

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    smallDisk(1)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** A disk of `megabytes`. */
function smallDisk(megabytes: number): { path: string } & Disposable {
  const dir = tempDir("disk-full");
  try {
    const size = `size=${megabytes}m`;
    execFileSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", dir.path], { stdio: "ignore" });
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
  return {
    path: dir.path,
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", dir.path]);
      dir[Symbol.dispose]();
    },
  };
}

function open(dir: string, space: ArchiveOptions["space"], reserveBytes: number): Promise<Archive> {
  const limits = { maxBytes: 2 * MB, graceMs: 1 };
  const options = { openIndex: openDirectIndex, limits, reserveBytes };
  return openArchive(dir, { ...options, backOff: { firstMs: 10, maxMs: 50 }, space: { ...space } });
}

/** Appends fragments of 400 KB until one is refused, or `most` are in. */
async function fill(archive: Archive, acked: SealedFragment[], most: number) {
  const recording = await archive.open({ stream: "cam", session: "s" });
  let refused: unknown;
  for (let i = 0; i < most && refused === undefined; i++) {
    const number = recording.nextNumber();
    const startMs = START_MS + number.sequence * 2000;
    const fragment = aFragment({ number, startMs, bytes: 100_000 });
    await recording.append(fragment).then(
      () => acked.push(fragment),
      (error) => {
        refused = error;
      },
    );
  }
  await recording.close();
  return refused;
}

async function assertAll(archive: Archive, acked: readonly SealedFragment[]): Promise<void> {
  const stored = await allFragments(archive, "cam");
  const bySequence = new Map(stored.map((one) => [one.info.number.sequence, one]));
  for (const fragment of acked) {
    const one = bySequence.get(fragment.info.number.sequence);
    await assertSame(archive, one ?? assert.fail("an acked fragment is gone"), fragment);
  }
}

suite("a disk that is full", { skip, timeout: 300_000 }, () => {
  test("is not filled: media is refused before, old media can go, and recording goes on", async () => {
    using disk = smallDisk(64);
    const space = { minFreeBytes: 16 * MB, headroomMs: 0, patienceMs: 50, checkMs: 10 };
    const archive = await open(disk.path, space, 4 * MB);
    await archive.create({ name: "cam", retentionHours: 24 });
    const acked: SealedFragment[] = [];
    const refused = await fill(archive, acked, 1000);
    assert.ok(refused instanceof Fault && refused.code === "store.full", String(refused));
    assert.ok(acked.length > 50, `${acked.length} acked`);
    // Sealed by itself after the grace time.
    while ((await archive.index.openPacks("")).length > 0)
      await new Promise<void>((resolve) => setImmediate(resolve));
    await assertAll(archive, acked);
    const query = { stream: "cam", receivedBeforeMs: Number.MAX_SAFE_INTEGER, limit: 8 };
    const packs = await archive.index.oldPacks(query);
    const packIds = packs.map(({ packId }) => packId);
    const removal = { stream: "cam", packIds, cause: "space", who: "retention" } as const;
    const gone = await archive.index.remove({ ...removal, atMs: millis(START_MS) });
    assert.equal(gone.packIds.length, 8);
    await archive.store.delete(gone.packIds.map((packId) => `${packId}.mkv`));
    await archive.gate.check();
    assert.equal(archive.gate.state.open, true);
    const more: SealedFragment[] = [];
    assert.equal(await fill(archive, more, 10), undefined);
    await assertAll(archive, more);
    const everything = { fromMs: millis(0), toMs: millis(START_MS * 2) };
    const causes = (await archive.index.gaps("cam", everything, 10)).map(({ cause }) => cause);
    assert.ok(causes.includes("disk-full") && causes.includes("space"), causes.join());
    await archive.close();
  });

  test("down to its last byte: what was acked is there, and it goes on when there is room", async () => {
    using disk = smallDisk(48);
    const space = { minFreeBytes: 0, headroomMs: 0, patienceMs: 50, checkMs: 10 };
    const ballast = join(disk.path, "ballast");
    writeFileSync(ballast, new Uint8Array(8 * MB));
    let archive = await open(disk.path, space, 0);
    await archive.create({ name: "cam", retentionHours: 24 });
    const acked: SealedFragment[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const refused = await fill(archive, acked, 1000);
      assert.ok(refused instanceof Fault, "it never filled");
    }
    await archive.close();
    rmSync(ballast);
    archive = await open(disk.path, space, 0);
    await assertAll(archive, acked);
    const before = acked.length;
    await fill(archive, acked, 5);
    assert.equal(acked.length, before + 5);
    await assertAll(archive, acked);
    await archive.close();
  });
});
