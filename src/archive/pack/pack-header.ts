/** The bytes of a pack before its first fragment, and what sealing patches in them (docs/formats/pack.md). */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import { idBytes, join, voidElement } from "../../media/mkv/out.ts";
import { readTags } from "../../media/mkv/tags-in.ts";
import { readTracks } from "../../media/mkv/tracks.ts";
import { children, dateNs, inside, uint } from "../../media/mkv/values.ts";
import {
  ebmlHeader,
  infoElement,
  type SeekPoint,
  seekHeadElement,
  segmentHeader,
  tagsElement,
} from "../../media/mkv/writer.ts";
import type { TrackSet } from "../../media/track.ts";

/** Room for a SeekHead at a fixed place: a Void while the pack is open. */
export const SEEK_REGION_BYTES = 128;
export const PACK_FORMAT = "1";
const EBML_BYTES = ebmlHeader().length;
const SEGMENT_HEADER_BYTES = 12;
/** Where the Segment's payload begins: positions in SeekHead and Cues count from here. */
export const SEGMENT_START = EBML_BYTES + SEGMENT_HEADER_BYTES;
const INFO_START = SEGMENT_START + SEEK_REGION_BYTES;

export interface PackIdentity {
  readonly stream: string;
  readonly packId: string;
  /** Cluster time of tick 0, ns since the Unix epoch. */
  readonly baseNs: bigint;
  readonly trackSet: TrackSet;
  /** The stream's settings when the pack was made, as JSON: what a rebuilt index knows of the stream. */
  readonly settings?: string;
}

function infoOf(identity: PackIdentity, durationTicks: number): Uint8Array {
  const { baseNs, trackSet, stream } = identity;
  const { timestampScaleNs } = trackSet;
  return infoElement({ timestampScaleNs, durationTicks, dateUtcNs: baseNs, title: stream });
}

function identityTags({ stream, packId, settings }: PackIdentity): Uint8Array {
  return tagsElement([
    { name: "STREAMBANK_PACK_FORMAT", value: PACK_FORMAT },
    { name: "STREAMBANK_STREAM", value: stream },
    { name: "STREAMBANK_PACK_ID", value: packId },
    ...(settings === undefined ? [] : [{ name: "STREAMBANK_SETTINGS", value: settings }]),
  ]);
}

/** The header of an open pack. */
export function packHeader(identity: PackIdentity): Uint8Array {
  return join([
    ebmlHeader(),
    segmentHeader(),
    voidElement(SEEK_REGION_BYTES),
    infoOf(identity, 0),
    identityTags(identity),
    identity.trackSet.tracksElement,
  ]);
}

export interface SealedSizes {
  /** Where Cues begin, the footer begins, and the file ends, bytes. */
  readonly cuesAt: number;
  readonly footerAt: number;
  readonly fileBytes: number;
  readonly durationTicks: number;
}

/** What sealing writes over the start of the file: same length as before, every time the same bytes. */
export function sealedHeader(identity: PackIdentity, sizes: SealedSizes): Uint8Array {
  const info = infoOf(identity, sizes.durationTicks);
  const tracksAt = INFO_START + info.length + identityTags(identity).length;
  const points: SeekPoint[] = [
    { name: "Info", position: INFO_START - SEGMENT_START },
    { name: "Tracks", position: tracksAt - SEGMENT_START },
    { name: "Cues", position: sizes.cuesAt - SEGMENT_START },
    { name: "Tags", position: sizes.footerAt - SEGMENT_START },
  ];
  const seekHead = seekHeadElement(points);
  assert(seekHead.length <= SEEK_REGION_BYTES - 2, "the SeekHead outgrew its region");
  return join([
    ebmlHeader(),
    segmentHeader(sizes.fileBytes - SEGMENT_START),
    seekHead,
    voidElement(SEEK_REGION_BYTES - seekHead.length),
    info,
  ]);
}

export interface ParsedPackHeader extends PackIdentity {
  /** Where the first fragment begins. */
  readonly firstOffset: number;
}

/** Largest header: Tracks with their CodecPrivate. */
export const MAX_HEADER_BYTES = 8 << 20;

/**
 * Reads the start of a pack, open, sealed, or left half sealed: the region that sealing patches is
 * passed over. Throws `store.corrupt`.
 */
export function parsePackHeader(bytes: Uint8Array): ParsedPackHeader {
  try {
    return parse(bytes);
  } catch (cause) {
    if (cause instanceof Fault && cause.code === "store.corrupt") throw cause;
    throw new Fault("store.corrupt", "not the header of a pack", { cause, at: 0 });
  }
}

function parse(bytes: Uint8Array): ParsedPackHeader {
  let at = INFO_START;
  const next = () => {
    const [element] = children(firstElement(bytes, at), at, 1);
    if (element === undefined)
      throw new Fault("store.corrupt", "a pack ends in its header", { at });
    at += element.payloadStart + element.payload.length;
    return element;
  };
  const [info, tags, tracks] = [next(), next(), next()];
  if (info.name !== "Info" || tags.name !== "Tags" || tracks.name !== "Tracks")
    throw new Fault("store.corrupt", "a pack's header is out of order", { at: INFO_START });
  const settings = new Map(children(info.payload, INFO_START).map((child) => [child.name, child]));
  const [scale, date] = [settings.get("TimestampScale"), settings.get("DateUTC")];
  if (scale === undefined || date === undefined)
    throw new Fault("store.corrupt", "a pack without its times", { at: INFO_START });
  const named = new Map(readTags(tags.payload, tags.at, 100).map((tag) => [tag.name, tag.value]));
  const streamSettings = named.get("STREAMBANK_SETTINGS");
  return {
    ...(streamSettings === undefined ? {} : { settings: streamSettings }),
    stream: named.get("STREAMBANK_STREAM") ?? "",
    packId: named.get("STREAMBANK_PACK_ID") ?? "",
    baseNs: dateNs(date),
    trackSet: {
      tracks: readTracks(tracks.payload, tracks.at, 1000),
      timestampScaleNs: uint(scale),
      tracksElement: bytes.slice(at - tracks.payloadStart - tracks.payload.length, at),
    },
    firstOffset: at,
  };
}

/** Where the footer of a sealed pack begins, or undefined: it is open, or was sealed before there were footers. */
export function footerOffset(header: Uint8Array): number | undefined {
  try {
    const [seekHead] = children(firstElement(header, SEGMENT_START), SEGMENT_START, 1);
    if (seekHead?.name !== "SeekHead") return undefined;
    for (const seek of inside(seekHead)) {
      const parts = inside(seek);
      const id = parts.find(({ name }) => name === "SeekID");
      const position = parts.find(({ name }) => name === "SeekPosition");
      if (id === undefined || position === undefined) continue;
      if (Buffer.compare(id.payload, idBytes("Tags")) === 0) return SEGMENT_START + uint(position);
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  return undefined;
}

/** The bytes of exactly one element from `at` on. */
export function firstElement(bytes: Uint8Array, at: number): Uint8Array {
  const id = Math.clz32(bytes[at] ?? 0) - 23;
  const width = Math.clz32(bytes[at + id] ?? 0) - 23;
  if (id > 4 || width > 8) throw new Fault("store.corrupt", "not an element", { at });
  let size = (bytes[at + id] ?? 0) & (0xff >> width);
  for (let i = 1; i < width; i++) size = size * 256 + (bytes[at + id + i] ?? 0);
  const end = at + id + width + size;
  if (end > bytes.length) throw new Fault("store.corrupt", "an element past the end", { at });
  return bytes.subarray(at, end);
}
