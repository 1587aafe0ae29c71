/**
 * The frames of an archived fragment, in the order they were stored.
 *
 * Reads the fragment's block elements (RFC 9559 §5.1.3.5) with the Matroska reader, as if they stood in
 * a Cluster of a stream of their own. Knows nothing of packs.
 */
import { micros } from "../../base/units.ts";
import type { Block } from "../../media/mkv/items.ts";
import { MkvReader } from "../../media/mkv/reader.ts";
import type { Frame, TrackSet } from "../../media/track.ts";

/** EBML header with DocType "matroska"; Segment and Cluster of unknown size (RFC 8794 §6.2). */
const EBML_HEADER = [0x1a, 0x45, 0xdf, 0xa3, 0x8b, 0x42, 0x82, 0x88, ...ascii("matroska")];
const SEGMENT = [0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const CLUSTER_AT_0 = [0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const TIMESTAMP_0 = [0xe7, 0x81, 0x00];

/**
 * @param clusterNs time of the fragment's blocks, ns since the Unix epoch
 * Throws `mkv.*` when the stored bytes are not whole block elements.
 */
export function archivedFrames(trackSet: TrackSet, clusterNs: bigint, blocks: Uint8Array): Frame[] {
  const reader = new MkvReader();
  reader.push(Uint8Array.from([...EBML_HEADER, ...SEGMENT, ...info(trackSet)]));
  reader.push(trackSet.tracksElement);
  reader.push(Uint8Array.from([...CLUSTER_AT_0, ...TIMESTAMP_0]));
  reader.push(blocks);
  reader.end();
  const frames: Frame[] = [];
  const timing = timingOf(trackSet, clusterNs);
  for (let item = reader.pull(); item !== undefined; item = reader.pull())
    if (item.kind === "block") addFrames(frames, item.block, timing);
  return frames;
}

/** Info with nothing but TimestampScale (RFC 9559 §5.1.2.9), 8 bytes wide. */
function info({ timestampScaleNs }: TrackSet): number[] {
  const scale = new Uint8Array(8);
  new DataView(scale.buffer).setBigUint64(0, BigInt(timestampScaleNs));
  return [0x15, 0x49, 0xa9, 0x66, 0x8c, 0x2a, 0xd7, 0xb1, 0x88, ...scale];
}

interface Timing {
  /** Of the cluster: whole µs, and the ns left over. */
  readonly baseUs: number;
  readonly restNs: number;
  readonly scaleNs: number;
  readonly defaultNs: ReadonlyMap<number, number>;
}

function timingOf(trackSet: TrackSet, clusterNs: bigint): Timing {
  const defaultNs = new Map<number, number>();
  for (const { number, defaultDurationNs } of trackSet.tracks)
    if (defaultDurationNs !== undefined) defaultNs.set(number, defaultDurationNs);
  const baseUs = Number(clusterNs / 1000n);
  const restNs = Number(clusterNs % 1000n);
  return { baseUs, restNs, scaleNs: trackSet.timestampScaleNs, defaultNs };
}

function addFrames(frames: Frame[], block: Block, timing: Timing): void {
  const { track, key, durationTicks, relativeTicks } = block;
  const payloads = block.frames;
  const ofBlock = durationTicks === undefined ? undefined : durationTicks * timing.scaleNs;
  const eachNs =
    ofBlock === undefined ? timing.defaultNs.get(track) : ofBlock / Math.max(1, payloads.length);
  const startNs = relativeTicks * timing.scaleNs + timing.restNs;
  for (const [i, payload] of payloads.entries()) {
    const timeUs = micros(timing.baseUs + Math.floor((startNs + i * (eachNs ?? 0)) / 1000));
    const duration = eachNs === undefined ? {} : { durationUs: Math.round(eachNs / 1000) };
    frames.push({ track, timeUs, key, payload, ...duration });
  }
}

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}
