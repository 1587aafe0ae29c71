/** The track sets that a list names, from the archive or from the live edge. */
import type { FragmentReader } from "../../fragment/fragment.ts";
import type { TrackSet } from "../../media/track.ts";
import type { LiveEdge } from "./live-edge.ts";

/** Throws `store.not-found`. */
export async function trackSetsOf(
  reader: FragmentReader,
  listed: Iterable<{ readonly trackSetId: string }>,
  edge?: LiveEdge,
): Promise<Map<string, TrackSet>> {
  const ids = new Set(Array.from(listed, ({ trackSetId }) => trackSetId));
  const sets = new Map<string, TrackSet>();
  for (const id of ids) sets.set(id, edge?.trackSet(id) ?? (await reader.trackSet(id)));
  return sets;
}
