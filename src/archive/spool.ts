/** What a crash or a restart left in `spool/`: packs that wait for the store, and those whose last step was not done. */
import { packIdOf } from "./pack-id.ts";
import type { RecoveryParts } from "./recovery.ts";

type SpoolParts = Pick<RecoveryParts, "files" | "index" | "places" | "log">;

/** What is there can be read at once: no look into the index, so that it costs nothing at a start. */
export async function findSpool(
  { files, places }: SpoolParts,
  spoolDir: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.list(spoolDir)) {
    const packId = packIdOf(name);
    if (packId === undefined) continue;
    places.set(packId, "spool");
    found.push(packId);
  }
  return found;
}

/** Local files whose packs are archived, or gone with their stream, are removed; the others stay. */
export async function clearSpool(
  { index, places, log }: SpoolParts,
  packIds: readonly string[],
): Promise<void> {
  for (const packId of packIds) {
    const row = await index.pack(packId.split("/")[0] ?? "", packId);
    if (row !== undefined && !row.archived) continue;
    if (row !== undefined) await places.letGo(packId, row.bytes);
    else {
      log.warn("spool.pack-of-no-row", { pack: packId });
      await places.removeLocal(packId);
    }
  }
}
