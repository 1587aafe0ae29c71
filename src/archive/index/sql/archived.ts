/** Sealed packs that have come to the object store. */
import { packIdParts } from "../../pack-id.ts";
import { ARCHIVED, keyValues, OF_PACK, OPEN, packKey } from "./pack-rows.ts";
import { query, type Step, send } from "./step.ts";
import { streamNumber } from "./streams.ts";

/** Says which are there and archived now. A pack that was removed stays removed. */
export function* archived(packIds: readonly string[]): Step<string[]> {
  const there: string[] = [];
  for (const packId of packIds) {
    const name = packIdParts(packId).stream;
    const key = packKey(packId, { id: yield* streamNumber(name), name });
    const [found] = yield* send([
      query(
        `SELECT state, received_last, list_offset FROM packs WHERE ${OF_PACK}`,
        ...keyValues(key),
      ),
    ]);
    const row = found?.rows[0];
    if (row === undefined || Number(row.state) === OPEN) continue;
    const thinMs = Number(row.list_offset) > 0 ? Number(row.received_last) : null;
    // Between the look and the change it may have been removed: what counts is what was changed.
    const [changed] = yield* send([
      query(`UPDATE packs SET state = ${ARCHIVED} WHERE ${OF_PACK}`, ...keyValues(key)),
      query(`DELETE FROM unsettled WHERE ${OF_PACK}`, ...keyValues(key)),
      query(`UPDATE lists SET thin_ms = ? WHERE ${OF_PACK}`, thinMs, ...keyValues(key)),
    ]);
    if ((changed?.changes ?? 0) > 0) there.push(packId);
  }
  return there;
}
