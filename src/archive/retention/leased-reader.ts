/**
 * The reading side with leases: whoever got the list of a pack may read its bytes for a while, although retention takes the
 * pack meanwhile. So what is read step by step (tail, GetMedia, segments) ends where its list ends and not in the middle.
 */
import type { FragmentReader } from "../../fragment/fragment.ts";
import type { ReadLeases } from "./leases.ts";

export function leasedReader(
  reader: FragmentReader,
  leases: Pick<ReadLeases, "keep">,
): FragmentReader {
  return {
    packs: (...of) => reader.packs(...of),
    chain: (...of) => reader.chain(...of),
    stretches: (...of) => reader.stretches(...of),
    fragments: (stream, packId) => {
      // Before the list is read: its row may go at any time from then on.
      leases.keep(packId);
      return reader.fragments(stream, packId);
    },
    trackSet: (id) => reader.trackSet(id),
    read: (...of) => reader.read(...of),
    gaps: (...of) => reader.gaps(...of),
    extent: (stream) => reader.extent(stream),
  };
}
