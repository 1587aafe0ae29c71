/**
 * The end of a sealed pack: a Tags element with the pack's fragment list and totals, as the index keeps them. With it an index
 * is rebuilt without reading media, and may leave old lists in the packs (docs/formats/pack.md).
 */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import { element, textElement } from "../../media/mkv/out.ts";
import { children, inside, text } from "../../media/mkv/values.ts";
import { crcElement } from "../../media/mkv/writer.ts";
import { crc32 } from "../../native/crc32.ts";

const NAME_TOTALS = "STREAMBANK_TOTALS";
const NAME_LIST = "STREAMBANK_FRAGMENTS";

export interface Footer {
  readonly bytes: Uint8Array;
  /** Where the list begins in the element: it is its last part. */
  readonly listAt: number;
}

/** One Tags element: CRC-32, a Tag with the totals and a Tag with the list, which are its last bytes. */
export function packFooter(lists: { totals: Uint8Array; fragments: Uint8Array }): Footer {
  const tag = element("Tag", [
    binaryTag(NAME_TOTALS, lists.totals),
    binaryTag(NAME_LIST, lists.fragments),
  ]);
  const bytes = element("Tags", [crcElement(crc32(tag)), tag], 8);
  const listAt = bytes.length - lists.fragments.length;
  assert(listAt > 0, "a footer without a head");
  return { bytes, listAt };
}

function binaryTag(name: string, value: Uint8Array): Uint8Array {
  return element("SimpleTag", [textElement("TagName", name), element("TagBinary", value, 8)]);
}

export interface ReadFooter {
  readonly totals: Uint8Array;
  readonly fragments: Uint8Array;
  readonly listOffset: number;
}

/** The footer in `bytes`, which begin at byte `at` of the pack and end with it. Throws `store.corrupt`. */
export function readFooter(bytes: Uint8Array, at: number): ReadFooter {
  try {
    const [tags] = children(bytes, at, 1);
    if (tags?.name !== "Tags") throw new Fault("store.corrupt", "no footer", { at });
    const [crc] = children(tags.payload.subarray(0, 6), tags.at);
    const rest = tags.payload.subarray(6);
    if (crc?.name !== "CRC32" || leUint32(crc.payload) !== crc32(rest))
      throw new Fault("store.corrupt", "a footer that does not match its checksum", { at });
    const [tag] = children(rest, at + tags.payloadStart + 6, 1);
    const values = new Map<string, { payload: Uint8Array; at: number }>();
    for (const simple of tag === undefined ? [] : inside(tag)) {
      const parts = inside(simple);
      const name = parts.find((part) => part.name === "TagName");
      const value = parts.find((part) => part.name === "TagBinary");
      if (name === undefined || value === undefined) continue;
      values.set(text(name), {
        payload: value.payload,
        at: value.at + value.payloadStart - value.start,
      });
    }
    const [totals, list] = [values.get(NAME_TOTALS), values.get(NAME_LIST)];
    if (totals === undefined || list === undefined)
      throw new Fault("store.corrupt", "a footer without its lists", { at });
    return { totals: totals.payload, fragments: list.payload, listOffset: list.at };
  } catch (cause) {
    if (cause instanceof Fault && cause.code === "store.corrupt") throw cause;
    throw new Fault("store.corrupt", "not the footer of a pack", { cause, at });
  }
}

function leUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}
