/**
 * An index made anew from packs of 15 MB (a minute of 2 Mbit/s) in a folder, against the least that would have to be done if
 * packs had no list of their own: reading all of them, with a checksum. Figures are packs per minute; the bar is 5,000.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { nodeFiles } from "../src/archive/files.ts";
import { SqliteIndex } from "../src/archive/index/sqlite-index.ts";
import { reindex } from "../src/archive/maintenance/reindex.ts";
import { FolderStore } from "../src/archive/store/folder-store.ts";
import { realClock } from "../src/base/clock.ts";
import { crc32 } from "../src/native/crc32.ts";
import { openArchive } from "../test/support/archives.ts";
import { aFragment, START_MS } from "../test/support/fragments.ts";
import { tempDir } from "../test/support/temp-dir.ts";
import { compare } from "./harness.ts";

const PACKS = 60;
/** Of two seconds each. */
const FRAGMENTS = 30;
const FRAME_BYTES = 125_000;

using dir = tempDir("bench-reindex");
const archive = await openArchive(dir.path, { limits: { maxBytes: FRAGMENTS * FRAME_BYTES * 4 } });
await archive.create({ name: "cam", retentionHours: 24 });
const recording = await archive.open({ stream: "cam", session: "s" });
for (let pack = 0; pack < PACKS; pack++) {
  const appended = Array.from({ length: FRAGMENTS }, () => {
    const number = recording.nextNumber();
    const startMs = START_MS + number.sequence * 2000;
    return recording.append(aFragment({ number, startMs, bytes: FRAME_BYTES }));
  });
  await Promise.all(appended);
}
await recording.close();
await archive.dropStream("cam");
await archive.settled();
await archive.close();

const store = new FolderStore({ root: join(dir.path, "packs"), files: nodeFiles });
const perMinute = (packs: number, began: number) => (packs * 60_000) / (performance.now() - began);

async function rebuilt(): Promise<number> {
  const path = join(dir.path, "fresh.sqlite");
  for (const part of ["", "-wal", "-shm"]) await rm(`${path}${part}`, { force: true });
  const began = performance.now();
  const index = await SqliteIndex.open(path);
  const folders = { activeDir: join(dir.path, "active"), spoolDir: join(dir.path, "spool") };
  const result = await reindex({
    ...{ index, store, files: nodeFiles, node: "", ...folders, clock: realClock },
  });
  await index.close();
  if (result.refused.length > 0) throw new Error(JSON.stringify(result.refused));
  return perMinute(result.packs, began);
}

async function read(): Promise<number> {
  let packs = 0;
  const began = performance.now();
  for await (const page of store.list(""))
    for (const { key } of page) {
      crc32(await readFile(join(dir.path, "packs", key)));
      packs++;
    }
  return perMinute(packs, began);
}

const verdict = await compare({
  ...{ name: "reindex, against reading all packs once", unit: "packs/min", runs: 5 },
  ...{ bar: { op: ">=", ratio: 1 }, a: rebuilt, b: read },
});
if (verdict.a < 5000) process.exitCode = 1;
