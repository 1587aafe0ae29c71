/** A stored fragment as a small Matroska file. */
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { SimpleTag } from "../../media/mkv/items.ts";
import { readTags } from "../../media/mkv/tags-in.ts";
import { CLUSTER_HEADER_BYTES } from "../../media/mkv/writer.ts";
import { type MiniMkv, miniMkv } from "./mini-mkv.ts";

/** In front of a stored Cluster's Tags: its id, and a size of 1 to 8 bytes. */
const TAGS_ID_BYTES = 4;
/** KVS allows 10 of the producer's; four are the archive's own. */
const MAX_TAGS = 200;
/** Written by the archive, not by the producer. */
const OWN =
  /^(AWS_KINESISVIDEO_(FRAGMENT_NUMBER|(SERVER|PRODUCER)_TIMESTAMP)|STREAMBANK_FRAGMENT)$/;

/** Throws `store.not-found` when retention took it meanwhile, `store.*`. */
export async function storedMkv(
  reader: FragmentReader,
  stored: StoredFragment,
  options: Pick<MiniMkv, "behindMs"> & { readonly signal?: AbortSignal },
): Promise<Uint8Array[]> {
  const { signal, ...rest } = options;
  const { packId, offset, size, blocksOffset, blocksSize, clusterNs, info } = stored;
  const bytes = await reader.read(packId, offset, size, signal);
  const trackSet = await reader.trackSet(stored.trackSetId);
  const blocksAt = blocksOffset - offset;
  const blocks = [bytes.subarray(blocksAt, blocksAt + blocksSize)];
  const tags = producerTags(bytes.subarray(0, blocksAt - CLUSTER_HEADER_BYTES), offset);
  return miniMkv({ info, trackSet, clusterNs, blocks, tags, ...rest });
}

/** The producer's own tags of a stored fragment. Throws `store.*`. */
export async function storedTags(
  reader: FragmentReader,
  { packId, offset, blocksOffset }: StoredFragment,
): Promise<SimpleTag[]> {
  const size = blocksOffset - CLUSTER_HEADER_BYTES - offset;
  return producerTags(await reader.read(packId, offset, size), offset);
}

/** What a Tags element before a stored Cluster has of the producer. */
function producerTags(element: Uint8Array, at: number): SimpleTag[] {
  const first = element[TAGS_ID_BYTES] ?? 0;
  const sizeBytes = Math.clz32(first) - 23;
  const payload = element.subarray(TAGS_ID_BYTES + sizeBytes);
  return readTags(payload, at, MAX_TAGS).filter(({ name }) => !OWN.test(name));
}
