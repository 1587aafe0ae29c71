/** SimpleBlock and BlockGroup elements as blocks (RFC 9559 §10). */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import { vintValue, vintWidth } from "../ebml/vint.ts";
import type { Track } from "../track.ts";
import type { Block } from "./items.ts";
import { LACINGS, type Lacing, splitLaces } from "./lacing.ts";
import { childSpans, type Span, uint } from "./values.ts";

/** Track number (1 to 8 bytes), relative time (2), flags (1). */
const MAX_BLOCK_HEADER = 11;

export type TrackLookup = (number: number) => Track | undefined;

interface BlockSource {
  /** The SimpleBlock or BlockGroup, and its byte offset in the input. */
  readonly element: Rope;
  readonly at: number;
  /** Where in `element` the payload of the (Simple)Block begins and ends. */
  readonly start: number;
  readonly end: number;
  readonly simple: boolean;
  /** BlockGroup only: it has a ReferenceBlock. */
  readonly refers: boolean;
  readonly durationTicks: number | undefined;
}

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
  readonly #end: number;
  #frames: readonly Rope[] | undefined;

  constructor(source: BlockSource, tracks: TrackLookup) {
    const { element, at, start, end, simple } = source;
    const bytes = headOf(element, start, end);
    const width = vintWidth(bytes[start] ?? 0);
    const timeOffset = start + width;
    if (width > 8 || timeOffset + 3 > end)
      throw new Fault("mkv.bad-block", "a block too short for its header", { at });
    const number = vintValue(bytes, start, width);
    const track = tracks(number);
    if (track === undefined)
      throw new Fault("mkv.unknown-track", `a block of track ${number}, which is not declared`, {
        at,
      });
    const time = ((bytes[timeOffset] as number) << 8) | (bytes[timeOffset + 1] as number);
    const flags = bytes[timeOffset + 2] as number;
    this.at = at;
    this.element = element;
    this.timeOffset = timeOffset;
    this.track = number;
    this.relativeTicks = time > 0x7fff ? time - 0x10000 : time;
    this.key = track.type === "audio" || (simple ? (flags & 0x80) !== 0 : !source.refers);
    this.invisible = (flags & 0x08) !== 0;
    this.discardable = simple && (flags & 0x01) !== 0;
    this.lacing = LACINGS[(flags >> 1) & 3] as Lacing;
    this.durationTicks = source.durationTicks;
    this.#stripped = track.encoding === "header-stripping" ? track.strippedHeader : undefined;
    this.#end = end;
    // A bad lace is the producer's fault and must be found while its bytes are being parsed.
    if (this.lacing !== "none") this.#frames = this.#cut();
  }

  get frames(): readonly Rope[] {
    this.#frames ??= this.#cut();
    return this.#frames;
  }

  #cut(): Rope[] {
    const body = this.element.slice(this.timeOffset + 3, this.#end);
    const frames = this.lacing === "none" ? [body] : splitLaces(body, this.lacing, this.at);
    const header = this.#stripped;
    if (header === undefined || header.length === 0) return frames;
    return frames.map((frame) => Rope.concat([Rope.of(header), frame]));
  }
}

/** Bytes that hold the block's header at `start`, without joining its payload. */
function headOf(element: Rope, start: number, end: number): Uint8Array {
  const first = element.parts[0];
  assert(first !== undefined, "an element without bytes");
  if (first.length >= start + MAX_BLOCK_HEADER || element.parts.length === 1) return first;
  return element.slice(0, Math.min(start + MAX_BLOCK_HEADER, end)).toBytes();
}

/** `headerBytes` is the element's own. Throws `mkv.bad-block`, `mkv.bad-lacing`, `mkv.unknown-track`. */
export function simpleBlockOf(
  element: Rope,
  headerBytes: number,
  at: number,
  tracks: TrackLookup,
): Block {
  return new MkvBlock(
    {
      element,
      at,
      start: headerBytes,
      end: element.length,
      simple: true,
      refers: false,
      durationTicks: undefined,
    },
    tracks,
  );
}

/**
 * Throws as `simpleBlockOf` does, and what `childSpans` does; `mkv.bad-value` for a BlockDuration beyond
 * 2^53. `undefined` for a group without a Block.
 */
export function blockGroupOf(
  element: Rope,
  headerBytes: number,
  at: number,
  tracks: TrackLookup,
): Block | undefined {
  const inside = childSpans(element, headerBytes, at);
  const block = inside.find((child) => child.name === "Block");
  if (block === undefined) return undefined;
  const refers = inside.some((child) => child.name === "ReferenceBlock");
  const duration = inside.find((child) => child.name === "BlockDuration");
  const durationTicks = duration === undefined ? undefined : durationOf(element, duration, at);
  const { payloadStart: start, end } = block;
  return new MkvBlock({ element, at, start, end, simple: false, refers, durationTicks }, tracks);
}

function durationOf(element: Rope, span: Span, at: number): number {
  const { name, start, payloadStart, end } = span;
  const payload = element.slice(payloadStart, end).toBytes();
  return uint({ name, at: at + start, start, payloadStart, payload });
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
