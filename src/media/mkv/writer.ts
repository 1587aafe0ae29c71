/** The elements of a Matroska file as bytes (RFC 9559 §5.1). Fixed widths where a size must be known ahead. */
import { assert } from "../../base/assert.ts";
import { type Crc32, crc32, crc32Combine } from "../../base/crc32.ts";
import { Rope } from "../../base/rope.ts";
import { ID } from "../ebml/elements.ts";
import type { Track } from "../track.ts";
import type { SimpleTag } from "./items.ts";
import {
  element,
  floatElement,
  idBytes,
  join,
  putSize,
  type SizeWidth,
  sizeBytes,
  sizeWidth,
  textElement,
  UNKNOWN_SIZE_8,
  uintElement,
} from "./out.ts";
import { MATROSKA_EPOCH_NS } from "./values.ts";

export type DocType = "matroska" | "webm";

/** EBML header, DocType version 4, readable by version 2 readers. */
export function ebmlHeader(docType: DocType = "matroska"): Uint8Array {
  return element("EBML", [
    uintElement("EBMLVersion", 1),
    uintElement("EBMLReadVersion", 1),
    uintElement("EBMLMaxIDLength", 4),
    uintElement("EBMLMaxSizeLength", 8),
    textElement("DocType", docType),
    uintElement("DocTypeVersion", 4),
    uintElement("DocTypeReadVersion", 2),
  ]);
}

/** Segment header, 12 bytes; without a size it is unknown. */
export function segmentHeader(size?: number): Uint8Array {
  return join([idBytes("Segment"), size === undefined ? UNKNOWN_SIZE_8 : sizeBytes(size, 8)]);
}

export interface InfoOptions {
  readonly timestampScaleNs: number;
  /** In ticks; written as an 8-byte float so that it can be patched in place. */
  readonly durationTicks?: number;
  /** What tick 0 means, nanoseconds since the Unix epoch. */
  readonly dateUtcNs?: bigint;
  /** 16 bytes. */
  readonly segmentUuid?: Uint8Array;
  readonly title?: string;
  readonly app?: string;
}

export function infoElement(options: InfoOptions): Uint8Array {
  const app = options.app ?? "Streambank";
  const parts = [uintElement("TimestampScale", options.timestampScaleNs)];
  if (options.durationTicks !== undefined)
    parts.push(floatElement("Duration", options.durationTicks));
  if (options.dateUtcNs !== undefined) parts.push(dateElement(options.dateUtcNs));
  if (options.title !== undefined) parts.push(textElement("Title", options.title));
  parts.push(textElement("MuxingApp", app), textElement("WritingApp", app));
  if (options.segmentUuid !== undefined) parts.push(element("SegmentUUID", options.segmentUuid));
  return element("Info", parts);
}

function dateElement(ns: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigInt64(0, ns - MATROSKA_EPOCH_NS);
  return element("DateUTC", out);
}

const TYPE_NUMBERS = { video: 1, audio: 2, subtitle: 17, other: 33 } as const;

/** A whole Tracks element. Content encodings are not written: payloads go out as they are. */
export function tracksElement(tracks: readonly Track[]): Uint8Array {
  return element("Tracks", tracks.map(trackEntry));
}

function trackEntry(track: Track): Uint8Array {
  const parts = [
    uintElement("TrackNumber", track.number),
    uintElement("TrackUID", track.number),
    uintElement("TrackType", TYPE_NUMBERS[track.type]),
    uintElement("FlagLacing", 0),
    textElement("Language", track.language ?? "und"),
    textElement("CodecID", track.codecId),
  ];
  if (track.name !== undefined) parts.push(textElement("Name", track.name));
  if (track.codecPrivate !== undefined) parts.push(element("CodecPrivate", track.codecPrivate));
  if (track.defaultDurationNs !== undefined)
    parts.push(uintElement("DefaultDuration", track.defaultDurationNs));
  if (track.codecDelayNs !== undefined) parts.push(uintElement("CodecDelay", track.codecDelayNs));
  if (track.seekPreRollNs !== undefined)
    parts.push(uintElement("SeekPreRoll", track.seekPreRollNs));
  if (track.video !== undefined) parts.push(videoElement(track.video));
  if (track.audio !== undefined) parts.push(audioElement(track.audio));
  return element("TrackEntry", parts);
}

function videoElement(video: NonNullable<Track["video"]>): Uint8Array {
  const parts = [uintElement("PixelWidth", video.width), uintElement("PixelHeight", video.height)];
  if (video.displayWidth !== undefined) parts.push(uintElement("DisplayWidth", video.displayWidth));
  if (video.displayHeight !== undefined)
    parts.push(uintElement("DisplayHeight", video.displayHeight));
  return element("Video", parts);
}

function audioElement(audio: NonNullable<Track["audio"]>): Uint8Array {
  const parts = [
    floatElement("SamplingFrequency", audio.sampleRate),
    uintElement("Channels", audio.channels),
  ];
  if (audio.outputSampleRate !== undefined)
    parts.push(floatElement("OutputSamplingFrequency", audio.outputSampleRate));
  if (audio.bitDepth !== undefined) parts.push(uintElement("BitDepth", audio.bitDepth));
  return element("Audio", parts);
}

export interface TagsOptions {
  /** Put a CRC-32 element first. */
  readonly crc?: Crc32;
  /** Width of every size field; KVS writes 4. */
  readonly sizeWidth?: SizeWidth;
}

/** One Tags element with one Tag and no Targets, as KVS writes it (docs/formats/pack.md). */
export function tagsElement(tags: readonly SimpleTag[], options: TagsOptions = {}): Uint8Array {
  const width = options.sizeWidth ?? "shortest";
  const simple = tags.map(({ name, value }) =>
    element(
      "SimpleTag",
      [textElement("TagName", name, width), textElement("TagString", value, width)],
      width,
    ),
  );
  const tag = element("Tag", simple, width);
  if (options.crc === undefined) return element("Tags", tag, width);
  return element("Tags", [crcElement(options.crc(tag)), tag], width);
}

/** CRC-32 element, 6 bytes, little-endian (RFC 8794 §11.3.1). */
export function crcElement(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return element("CRC32", out);
}

export interface ClusterHeaderOptions {
  /** Cluster Timestamp in ticks, ≥ 0. */
  readonly ticks: number | bigint;
  /** Bytes of block elements that follow the header. */
  readonly blocksBytes: number;
  /** CRC-32 of those bytes alone. */
  readonly blocksCrc: number;
}

/** Bytes of `clusterHeader`: id 4, size 8, CRC-32 6, Timestamp 10. */
export const CLUSTER_HEADER_BYTES = 28;

/** Everything of a Cluster before its blocks, always `CLUSTER_HEADER_BYTES` long. */
export function clusterHeader(options: ClusterHeaderOptions): Uint8Array {
  const timestamp = uintElement("Timestamp", options.ticks, 8);
  const crc = crc32Combine(crc32(timestamp), options.blocksCrc, options.blocksBytes);
  const size = 6 + timestamp.length + options.blocksBytes;
  const header = join([idBytes("Cluster"), sizeBytes(size, 8), crcElement(crc), timestamp]);
  assert(header.length === CLUSTER_HEADER_BYTES, "cluster header of another length");
  return header;
}

export interface SeekPoint {
  readonly name: "Info" | "Tracks" | "Cues" | "Tags";
  /** Bytes from the first byte of the Segment's payload. */
  readonly position: number;
}

/** Every position is 8 bytes wide, so the length depends on the number of points alone. */
export function seekHeadElement(points: readonly SeekPoint[]): Uint8Array {
  const seek = (point: SeekPoint) =>
    element("Seek", [
      element("SeekID", idBytes(point.name)),
      uintElement("SeekPosition", point.position, 8),
    ]);
  return element("SeekHead", points.map(seek));
}

export interface CuePoint {
  readonly ticks: number | bigint;
  readonly track: number;
  /** Of the Cluster: bytes from the first byte of the Segment's payload. */
  readonly position: number;
}

/** Bytes of one cue point: CueTime 10, CueTrack 4, CueClusterPosition 10, and two headers of 2. */
const CUE_POINT_BYTES = 28;

/** Exact length of `cuesElement` for so many points: known before any of them is. */
export function cuesSize(points: number): number {
  return 4 + 8 + points * CUE_POINT_BYTES;
}

/** Cues of fixed-width entries. */
export function cuesElement(points: readonly CuePoint[]): Uint8Array {
  const cues = element("Cues", points.map(cuePointElement), 8);
  assert(cues.length === cuesSize(points.length), "cues of another length");
  return cues;
}

/** One CuePoint, always `CUE_POINT_BYTES` long. */
export function cuePointElement({ ticks, track, position }: CuePoint): Uint8Array {
  return element("CuePoint", [
    uintElement("CueTime", ticks, 8),
    element("CueTrackPositions", [
      uintElement("CueTrack", track, 2),
      uintElement("CueClusterPosition", position, 8),
    ]),
  ]);
}

export interface SimpleBlockOptions {
  readonly track: number;
  /** Ticks from the Cluster's Timestamp, −32,768 to 32,767. */
  readonly relativeTicks: number;
  readonly key: boolean;
  readonly payload: Rope;
}

/** A SimpleBlock without lacing; the payload is not copied. */
export function simpleBlock(options: SimpleBlockOptions): Rope {
  const head = simpleBlockHead(options, (bytes) => new Uint8Array(bytes));
  return Rope.from([head, ...options.payload.parts]);
}

/** What stands before a SimpleBlock's payload, in an array of `room`'s. Its last three bytes are time and flags. */
export function simpleBlockHead(
  { track, relativeTicks, key, payload }: SimpleBlockOptions,
  room: (bytes: number) => Uint8Array,
): Uint8Array {
  assert(relativeTicks >= -0x8000 && relativeTicks <= 0x7fff, "relative time beyond 16 bits");
  const numberWidth = sizeWidth(track);
  const size = numberWidth + 3 + payload.length;
  const width = sizeWidth(size);
  // Made for every frame of a live stream: without arrays in between.
  const head = room(1 + width + numberWidth + 3);
  head[0] = ID.SimpleBlock;
  putSize(head, 1, size, width);
  putSize(head, 1 + width, track, numberWidth);
  head[head.length - 3] = relativeTicks >> 8;
  head[head.length - 2] = relativeTicks;
  head[head.length - 1] = key ? 0x80 : 0;
  return head;
}
