/** SimpleBlock and BlockGroup elements as blocks (RFC 9559 §10). */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import type { Track } from "../track.ts";
import type { Block } from "./items.ts";
import { LACINGS, type Lacing, splitLaces } from "./lacing.ts";
import { children, uint } from "./values.ts";

/** Track number (1 to 8 bytes), relative time (2), flags (1). */
const MAX_BLOCK_HEADER = 11;

/** One block. Frames are cut out when somebody asks for them: a fragment is stored without. */
class MkvBlock implements Block {
  readonly at: number;
  readonly element: Rope;
  readonly timeOffset: number;
  readonly track: number;
  readonly relativeTicks: number;
  readonly key: boolean;
  readonly invisible: boolean;
  readonly discardable: boolean;
  readonly lacing: Lacing;
  readonly durationTicks: number | undefined;
  readonly #stripped: Uint8Array | undefined;
  readonly #bodyStart: number;
  readonly #bodyEnd: number;
  #frames: readonly Rope[] | undefined;

  constructor(parts: BlockParts) {
    this.at = parts.at;
    this.element = parts.element;
    this.timeOffset = parts.timeOffset;
    this.track = parts.track.number;
    this.relativeTicks = parts.relativeTicks;
    this.key = parts.key;
    this.invisible = (parts.flags & 0x08) !== 0;
    this.discardable = parts.simple && (parts.flags & 0x01) !== 0;
    this.lacing = LACINGS[(parts.flags >> 1) & 3] ?? "none";
    this.durationTicks = parts.durationTicks;
    this.#stripped =
      parts.track.encoding === "header-stripping" ? parts.track.strippedHeader : undefined;
    this.#bodyStart = parts.timeOffset + 3;
    this.#bodyEnd = parts.bodyEnd;
    // A bad lace is the producer's fault and must be found while its bytes are being parsed.
    if (this.lacing !== "none") this.#frames = this.#cut();
  }

  get frames(): readonly Rope[] {
    this.#frames ??= this.#cut();
    return this.#frames;
  }

  #cut(): Rope[] {
    const body = this.element.slice(this.#bodyStart, this.#bodyEnd);
    const frames = this.lacing === "none" ? [body] : splitLaces(body, this.lacing, this.at);
    const header = this.#stripped;
    if (header === undefined || header.length === 0) return frames;
    return frames.map((frame) => Rope.concat([Rope.of(header), frame]));
  }
}

interface BlockParts {
  readonly at: number;
  readonly element: Rope;
  readonly timeOffset: number;
  readonly bodyEnd: number;
  readonly track: Track;
  readonly relativeTicks: number;
  readonly flags: number;
  readonly simple: boolean;
  readonly key: boolean;
  readonly durationTicks: number | undefined;
}

export type TrackLookup = (number: number) => Track | undefined;

/** Throws `mkv.bad-block`, `mkv.bad-lacing`, `mkv.unknown-track`. */
export function simpleBlockOf(
  element: Rope,
  headerBytes: number,
  at: number,
  tracks: TrackLookup,
): Block {
  const head = readHead(element, headerBytes, element.length, at, tracks);
  const key = (head.flags & 0x80) !== 0 || head.track.type === "audio";
  return new MkvBlock({
    ...head,
    at,
    element,
    bodyEnd: element.length,
    simple: true,
    key,
    durationTicks: undefined,
  });
}

/** Throws as `simpleBlockOf` does; `undefined` for a group without a Block. */
export function blockGroupOf(
  element: Rope,
  headerBytes: number,
  at: number,
  tracks: TrackLookup,
): Block | undefined {
  const bytes = element.toBytes();
  const inside = children(bytes.subarray(headerBytes), at + headerBytes);
  const block = inside.find((child) => child.name === "Block");
  if (block === undefined) return undefined;
  const start = headerBytes + block.payloadStart;
  const bodyEnd = start + block.payload.length;
  const head = readHead(element, start, bodyEnd, block.at, tracks);
  const duration = inside.find((child) => child.name === "BlockDuration");
  const refers = inside.some((child) => child.name === "ReferenceBlock");
  return new MkvBlock({
    ...head,
    at,
    element,
    bodyEnd,
    simple: false,
    key: !refers || head.track.type === "audio",
    durationTicks: duration === undefined ? undefined : uint(duration),
  });
}

function readHead(element: Rope, start: number, end: number, at: number, tracks: TrackLookup) {
  const first = element.parts[0];
  assert(first !== undefined, "an element without bytes");
  const enough = first.length >= start + MAX_BLOCK_HEADER || element.parts.length === 1;
  const bytes = enough
    ? first
    : element.slice(0, Math.min(start + MAX_BLOCK_HEADER, end)).toBytes();
  const width = Math.clz32(bytes[start] ?? 0) - 23;
  const timeOffset = start + width;
  if (width > 8 || timeOffset + 3 > end)
    throw new Fault("mkv.bad-block", "a block too short for its header", { at });
  let number = (bytes[start] as number) & (0xff >> width);
  for (let i = 1; i < width; i++) number = number * 256 + (bytes[start + i] as number);
  const track = tracks(number);
  if (track === undefined)
    throw new Fault("mkv.unknown-track", `a block of track ${number}, which is not declared`, {
      at,
    });
  const time = ((bytes[timeOffset] as number) << 8) | (bytes[timeOffset + 1] as number);
  return {
    timeOffset,
    track,
    relativeTicks: time > 0x7fff ? time - 0x10000 : time,
    flags: bytes[timeOffset + 2] as number,
  };
}

/** The same block at another relative time: its header is copied, its payload is not. */
export function retimeBlock(block: Block, relativeTicks: number): Rope {
  if (relativeTicks === block.relativeTicks) return block.element;
  assert(relativeTicks >= -0x8000 && relativeTicks <= 0x7fff, "relative time beyond 16 bits");
  const end = block.timeOffset + 2;
  const head = new Uint8Array(end);
  block.element.slice(0, end).copyTo(head, 0);
  head[block.timeOffset] = (relativeTicks >> 8) & 0xff;
  head[block.timeOffset + 1] = relativeTicks & 0xff;
  return Rope.concat([Rope.of(head), block.element.slice(end)]);
}
