/** What a crash or a restart left in `spool/`: packs that wait for the store, and those whose last step was not done. */
import { packIdOf } from "./pack-id.ts";
import type { RecoveryParts } from "./recovery.ts";

/** Local files whose packs are archived, or gone with their stream, are removed; the others are where they are. */
export async function recoverSpool(
  parts: Pick<RecoveryParts, "files" | "index" | "places" | "log"> & { spoolDir: string },
): Promise<void> {
  const { files, index, places, log, spoolDir } = parts;
  for (const name of await files.list(spoolDir)) {
    const packId = packIdOf(name);
    if (packId === undefined) continue;
    places.set(packId, "spool");
    const row = await index.pack(packId.split("/")[0] ?? "", packId);
    if (row !== undefined && !row.archived) continue;
    if (row === undefined) log.warn("spool.pack-of-no-row", { pack: packId });
    await places.removeLocal(packId);
  }
}
