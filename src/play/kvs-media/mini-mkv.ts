/**
 * A fragment as GetMedia gives it: a whole small Matroska file per fragment, with KVS's tags before and behind the Cluster. Every
 * inserted element has a 4-byte size; the Segment's size is unknown. Cluster times are absolute: ticks since 1970.
 */
import type { FragmentInfo } from "../../fragment/fragment.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import { identityTags, NUMBER_TAG } from "../../fragment/identity-tags.ts";
import type { SimpleTag } from "../../media/mkv/items.ts";
import { idBytes, join, sizeBytes, uintElement } from "../../media/mkv/out.ts";
import { ebmlHeader, infoElement, segmentHeader, tagsElement } from "../../media/mkv/writer.ts";
import type { TrackSet } from "../../media/track.ts";

export interface MiniMkv {
  readonly info: Pick<FragmentInfo, "number" | "producedStartUs">;
  readonly trackSet: TrackSet;
  /** Of the Cluster, ns since the Unix epoch. */
  readonly clusterNs: bigint;
  /** Block elements. */
  readonly blocks: readonly Uint8Array[];
  /** The producer's own. */
  readonly tags: readonly SimpleTag[];
  /** For GetMedia; left out for lists of fragments. */
  readonly behindMs?: number;
}

const WIDE = { sizeWidth: 4 } as const;

/** The bytes, in pieces; blocks are not copied. */
export function miniMkv(fragment: MiniMkv): Uint8Array[] {
  const { trackSet, clusterNs, blocks, tags, behindMs } = fragment;
  const { timestampScaleNs, tracksElement } = trackSet;
  const head = [
    ebmlHeader(),
    segmentHeader(),
    // Tick 0 is 1970: that is what DateUTC says.
    infoElement({ timestampScaleNs, dateUtcNs: 0n }),
    tracksElement,
    tagsElement(identityTags(fragment.info), WIDE),
    clusterStart(clusterNs / BigInt(timestampScaleNs), blocks),
  ];
  const token = formatFragmentNumber(fragment.info.number);
  const behind = [
    { name: "AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", value: String(Math.round(behindMs ?? 0)) },
    { name: "AWS_KINESISVIDEO_CONTINUATION_TOKEN", value: token },
  ];
  const tail = [
    ...(tags.length === 0 ? [] : [tagsElement(tags, WIDE)]),
    ...(behindMs === undefined ? [] : [tagsElement(behind, WIDE)]),
  ];
  return [join(head), ...blocks, ...(tail.length === 0 ? [] : [join(tail)])];
}

/** Id, size and Timestamp of a Cluster with these blocks. */
function clusterStart(ticks: bigint, blocks: readonly Uint8Array[]): Uint8Array {
  const timestamp = uintElement("Timestamp", ticks < 0n ? 0n : ticks, 8);
  const bytes = blocks.reduce((sum, part) => sum + part.length, timestamp.length);
  return join([idBytes("Cluster"), sizeBytes(bytes, 8), timestamp]);
}

/** What ends an answer that cannot go on. Ids of KVS: 3002 writing, 4000 fragment not found, 5000 internal. */
export function stopTags(id: 3002 | 4000 | 5000, code: string): Uint8Array {
  return tagsElement(
    [
      { name: "AWS_KINESISVIDEO_ERROR_CODE", value: code },
      { name: "AWS_KINESISVIDEO_ERROR_ID", value: String(id) },
    ],
    WIDE,
  );
}

/** Of GetMediaForFragmentList: this fragment could not be given. */
export function exceptionTags(number: string, code: string, message: string): Uint8Array {
  return tagsElement(
    [
      { name: NUMBER_TAG, value: number },
      { name: "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", value: code },
      { name: "AWS_KINESISVIDEO_EXCEPTION_MESSAGE", value: message },
    ],
    WIDE,
  );
}
