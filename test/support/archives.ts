/** Archives over a temporary folder for tests, with every fragment that was appended remembered. */
import assert from "node:assert/strict";
import { Archive, type ArchiveOptions } from "../../src/archive/archive.ts";
import type { FragmentIndex } from "../../src/archive/index/fragment-index.ts";
import { indexOver } from "../../src/archive/index/sql/operations.ts";
import { SqliteStore } from "../../src/archive/index/sqlite-store.ts";
import { realClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { SealedFragment, StoredFragment } from "../../src/fragment/fragment.ts";

export function openArchive(dataDir: string, over: Partial<ArchiveOptions> = {}): Promise<Archive> {
  return Archive.open({ dataDir, clock: realClock, log: silentLogger, ...over });
}

/** The real SQLite index, called in this thread: no workers to start, so sweeps can open it often. */
export async function openDirectIndex(path: string): Promise<FragmentIndex> {
  const store = new SqliteStore(path, { readOnly: false });
  return indexOver(
    async (method, args) => store.call(method, args),
    async () => store.close(),
  );
}

/** All fragments of a stream in the order of their sequence. */
export async function allFragments(archive: Archive, stream: string): Promise<StoredFragment[]> {
  const found: StoredFragment[] = [];
  for await (const page of archive.packs(stream, { by: "sequence", after: 0 }))
    for (const pack of page) found.push(...(await archive.fragments(stream, pack.packId)));
  return found.sort((a, b) => a.info.number.sequence - b.info.number.sequence);
}

/** What is stored of the fragment is what went in: description, time, and every byte of its blocks. */
export async function assertSame(
  archive: Archive,
  stored: StoredFragment,
  sent: SealedFragment,
): Promise<void> {
  assert.deepEqual(stored.info, sent.info);
  assert.equal(stored.clusterNs, sent.clusterNs);
  const bytes = await archive.read(stored.packId, stored.blocksOffset, stored.blocksSize);
  assert.ok(Buffer.from(bytes).equals(sent.blocks.toBytes()), "blocks differ");
  const trackSet = await archive.trackSet(stored.trackSetId);
  assert.deepEqual(Buffer.from(trackSet.tracksElement), Buffer.from(sent.trackSet.tracksElement));
}
