/** What is refused is in the ledger when the process is killed behind it, and coverage says so with the hole that is open since. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { test } from "node:test";
import type { Archive } from "../../src/archive/archive.ts";
import { nodeFiles } from "../../src/archive/files.ts";
import { millis } from "../../src/base/units.ts";
import { coverage } from "../../src/play/coverage.ts";
import { openArchive, openDirectIndex } from "../support/archives.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { aFragment, START_MS } from "../support/fragments.ts";
import { tempDir } from "../support/temp-dir.ts";

const S = START_MS;

async function gapsOf(archive: Archive) {
  const range = { fromMs: millis(S), toMs: millis(S + 100_000) };
  const of = { reader: archive, stream: "cam", range, resolutionMs: 0 };
  const { gaps } = await coverage({ ...of, clock: "producer", openUntilMs: S + 60_000 });
  return gaps.map(({ from, to, cause, open }) => [from - S, to - S, cause, open]);
}

test("refused for want of room, killed and opened again: the gap says disk-full, and media that comes then leaves it", async () => {
  using dir = tempDir("refused");
  using copy = tempDir("refused-copy");
  const clock = new FakeClock(S);
  const disk = { free: 1e9 };
  const files = { ...nodeFiles, space: async () => ({ free: disk.free, total: 1e9 }) };
  const space = { minFreeBytes: 1000, headroomMs: 0, patienceMs: 1000, checkMs: 1000 };
  const options = { clock, files, space, reserveBytes: 0, openIndex: openDirectIndex };
  const archive = await openArchive(dir.path, options);
  await archive.create({ name: "cam", retentionHours: 24 });
  const recording = await archive.open({ stream: "cam", session: "s" });
  const append = (of: typeof recording, atS: number, session = "s") =>
    of.append(aFragment({ number: of.nextNumber(), startMs: S + atS * 1000, session }));
  await append(recording, 0);
  disk.free = 0;
  await archive.gate.check();
  const refused = [append(recording, 2), append(recording, 4)];
  const all = Promise.allSettled(refused);
  for (let i = 0; i < 3; i++) {
    clock.advance(1000);
    await archive.gate.check();
  }
  const codes = (await all).map((one) => one.status === "rejected" && one.reason.code);
  assert.deepEqual(codes, ["store.full", "store.full"]);
  await recording.close();
  while ((await gapsOf(archive)).length < 2)
    await new Promise<void>((resolve) => setImmediate(resolve));
  // As kill -9 leaves it.
  cpSync(dir.path, copy.path, { recursive: true });
  disk.free = 1e9;
  const again = await openArchive(copy.path, options);
  const want = [
    [2000, 6000, "disk-full", undefined],
    [6000, 60_000, "offline", true],
  ];
  assert.deepEqual(await gapsOf(again), want);
  const later = await again.open({ stream: "cam", session: "b" });
  await append(later, 30, "b");
  assert.deepEqual(await gapsOf(again), [
    [2000, 6000, "disk-full", undefined],
    [6000, 30_000, "offline", undefined],
    [32_000, 60_000, "offline", true],
  ]);
  await later.close();
  await again.close();
  await archive.close();
});
