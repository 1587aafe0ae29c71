/** Fragments found by reading a pack itself: for recovery after a crash and for rebuilding the index. */

import { Fault, type FaultCode } from "../../base/errors.ts";
import type { StoredFragment } from "../../fragment/fragment.ts";
import { readTags } from "../../media/mkv/tags-in.ts";
import { children } from "../../media/mkv/values.ts";
import { CLUSTER_HEADER_BYTES } from "../../media/mkv/writer.ts";
import { crc32 } from "../../native/crc32.ts";
import type { OpenFile } from "../files.ts";
import type { PackBase } from "../index/fragment-list.ts";
import { readFragmentTags } from "./fragment-tags.ts";

/** A fragment's Tags are never larger. */
const MAX_TAGS_BYTES = 64 * 1024;
const TAGS_ID = 0x1254c367;
const CLUSTER_ID = 0x1f43b675;

export interface ScanResult {
  readonly fragments: readonly StoredFragment[];
  /** Everything before this byte is good. */
  readonly goodLength: number;
}

/** Whole, checksummed fragments from `offset` on, up to the first byte that is not part of one. */
export async function scanFragments(
  file: Pick<OpenFile, "read">,
  base: PackBase,
  offset: number,
): Promise<ScanResult> {
  const fragments: StoredFragment[] = [];
  let at = offset;
  for (;;) {
    const found = await scanOne(file, base, at);
    if (found === undefined) return { fragments, goodLength: at };
    fragments.push(found);
    at = found.offset + found.size;
  }
}

async function scanOne(
  file: Pick<OpenFile, "read">,
  base: PackBase,
  at: number,
): Promise<StoredFragment | undefined> {
  const head = await file.read(at, MAX_TAGS_BYTES + CLUSTER_HEADER_BYTES);
  try {
    const tags = masterAt(head, 0, TAGS_ID);
    if (tags === undefined || tags.end + CLUSTER_HEADER_BYTES > head.length) return undefined;
    if (!tagsMatch(head.subarray(tags.start, tags.end))) return undefined;
    const info = readFragmentTags(readTags(head.subarray(tags.start, tags.end), at, 100), at);
    const cluster = masterAt(head, tags.end, CLUSTER_ID);
    if (cluster === undefined) return undefined;
    const blocksOffset = at + tags.end + CLUSTER_HEADER_BYTES;
    const blocksSize = cluster.end - tags.end - CLUSTER_HEADER_BYTES;
    const content = await file.read(at + cluster.start, cluster.end - cluster.start);
    const times = clusterContent(content, cluster.end - cluster.start);
    if (times === undefined) return undefined;
    const { packId, trackSetId } = base;
    const size = cluster.end;
    const clusterNs = base.baseNs + times.ticks * BigInt(base.timestampScaleNs);
    const { blocksCrc } = times;
    return {
      info,
      packId,
      trackSetId,
      offset: at,
      size,
      blocksOffset,
      blocksSize,
      blocksCrc,
      clusterNs,
    };
  } catch (error) {
    // Bytes that make no sense are where the good part ends; a disk that cannot be read is not.
    if (error instanceof Fault && !OF_THE_DISK.has(error.code)) return undefined;
    throw error;
  }
}

const OF_THE_DISK: ReadonlySet<FaultCode> = new Set([
  ...(["store.unavailable", "store.unreadable", "store.not-found", "store.full"] as const),
]);

/** Payload bounds of a known-size master of this id, relative to `bytes`. */
function masterAt(
  bytes: Uint8Array,
  at: number,
  id: number,
): { start: number; end: number } | undefined {
  if (at + 12 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (view.getUint32(0) !== id) return undefined;
  const width = Math.clz32(view.getUint8(4)) - 23;
  if (width > 8) return undefined;
  let size = view.getUint8(4) & (0xff >> width);
  for (let i = 1; i < width; i++) size = size * 256 + view.getUint8(4 + i);
  return { start: at + 4 + width, end: at + 4 + width + size };
}

/** The payload of a Tags element begins with the CRC-32 of the rest. */
function tagsMatch(payload: Uint8Array): boolean {
  const [first] = children(payload.subarray(0, 6), 0);
  if (first?.name !== "CRC32") return false;
  return crcOf(payload) === crc32(payload.subarray(6));
}

function crcOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset + 2, 4).getUint32(0, true);
}

/** CRC-32 (6 bytes), Timestamp (10), blocks. Undefined when cut short or not matching. */
function clusterContent(
  content: Uint8Array,
  size: number,
): { ticks: bigint; blocksCrc: number } | undefined {
  if (content.length < size || size < 16 || content[0] !== 0xbf) return undefined;
  if (crcOf(content) !== crc32(content.subarray(6))) return undefined;
  const ticks = new DataView(content.buffer, content.byteOffset + 8, 8).getBigUint64(0);
  return { ticks, blocksCrc: crc32(content.subarray(16)) };
}
