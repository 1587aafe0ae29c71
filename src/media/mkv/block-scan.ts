/**
 * The blocks of an archived fragment, found in its bytes without building anything else: one pass over the
 * element headers, no payload byte is looked at (RFC 9559 §5.1.3, §10; RFC 8794 §4). What was archived has
 * been through the full reader once, so this knows only what a Cluster can hold after that.
 */
import { Fault } from "../../base/errors.ts";
import { ID } from "../ebml/elements.ts";

const BLOCK_DURATION = 0x9b;
const REFERENCE_BLOCK = 0xfb;

/** One SimpleBlock, or the Block of one BlockGroup. Offsets are into the bytes that were scanned. */
export interface ScannedBlock {
  readonly track: number;
  /** Ticks from the Cluster's Timestamp, −32,768 to 32,767. */
  readonly relativeTicks: number;
  /** Where the two bytes of that time stand. */
  readonly timeAt: number;
  /** SimpleBlock: its key flag. BlockGroup: it refers to no other block. */
  readonly key: boolean;
  /** BlockDuration, when a BlockGroup says so. */
  readonly durationTicks: number | undefined;
  /** Block flags as they are; lacing is in 0x06. */
  readonly flags: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

/** All blocks in order. Throws `mkv.bad-block` with the offset when the bytes are not whole blocks. */
export function scanBlocks(bytes: Uint8Array): ScannedBlock[] {
  const scan = new Scan(bytes);
  const blocks: ScannedBlock[] = [];
  while (scan.next(bytes.length)) {
    if (scan.id === ID.SimpleBlock) blocks.push(blockAt(scan, bytes, true));
    else if (scan.id === ID.BlockGroup) readGroup(scan, bytes, blocks);
    scan.pos = scan.end;
  }
  return blocks;
}

/** How many of these bytes, from their start on, are whole elements: of the first part of a fragment. */
export function wholeBlocks(bytes: Uint8Array): number {
  const scan = new Scan(bytes);
  try {
    while (scan.next(bytes.length)) scan.pos = scan.end;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  return scan.pos;
}

/**
 * Moves every block by so many ticks, in place: where a Cluster's Timestamp has to change by more than the
 * clip's start allows. Sizes stay. Throws `mkv.bad-block` where a time leaves its 16 bits.
 */
export function retimeBlocks(bytes: Uint8Array, ticks: number): void {
  for (const { relativeTicks, timeAt } of scanBlocks(bytes)) {
    const time = relativeTicks + ticks;
    if (time < -0x8000 || time > 0x7fff) throw bad("a block cannot be moved so far", timeAt);
    bytes[timeAt] = (time >> 8) & 0xff;
    bytes[timeAt + 1] = time & 0xff;
  }
}

/** Reads element headers one after another. */
class Scan {
  readonly bytes: Uint8Array;
  pos = 0;
  /** Of the element whose header was read last. */
  id = 0;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the header at `pos`; false at `limit`. The element must end by then. */
  next(limit: number): boolean {
    if (this.pos >= limit) return false;
    const { bytes, pos } = this;
    const idWidth = Math.clz32(bytes[pos] ?? 0) - 23;
    const sizeAt = pos + idWidth;
    const width = Math.clz32(bytes[sizeAt] ?? 0) - 23;
    this.start = sizeAt + width;
    if (idWidth > 4 || width > 8 || this.start > limit) throw bad("not an element", pos);
    let id = 0;
    for (let i = pos; i < sizeAt; i++) id = id * 256 + (bytes[i] as number);
    this.id = id;
    this.end = this.start + vint(bytes, sizeAt, width);
    if (this.end > limit) throw bad("an element longer than its fragment", pos);
    return true;
  }
}

/** The value of a vint whose width is known, without its marker (RFC 8794 §4). */
function vint(bytes: Uint8Array, at: number, width: number): number {
  let value = (bytes[at] as number) & (0xff >> width);
  for (let i = 1; i < width; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}

function blockAt({ start, end }: Scan, bytes: Uint8Array, simple: boolean): ScannedBlock {
  const width = Math.clz32(bytes[start] ?? 0) - 23;
  const timeAt = start + width;
  if (width > 8 || timeAt + 3 > end) throw bad("a block too short for its header", start);
  const time = ((bytes[timeAt] as number) << 8) | (bytes[timeAt + 1] as number);
  const flags = bytes[timeAt + 2] as number;
  return {
    track: vint(bytes, start, width),
    relativeTicks: time > 0x7fff ? time - 0x10000 : time,
    timeAt,
    key: simple && (flags & 0x80) !== 0,
    durationTicks: undefined,
    flags,
    bodyStart: timeAt + 3,
    bodyEnd: end,
  };
}

function readGroup(scan: Scan, bytes: Uint8Array, blocks: ScannedBlock[]): void {
  const { start, end } = scan;
  let block: ScannedBlock | undefined;
  let key = true;
  let durationTicks: number | undefined;
  for (scan.pos = start; scan.next(end); scan.pos = scan.end) {
    if (scan.id === ID.Block) block ??= blockAt(scan, bytes, false);
    else if (scan.id === REFERENCE_BLOCK) key = false;
    else if (scan.id === BLOCK_DURATION) durationTicks = uint(bytes, scan.start, scan.end);
  }
  scan.end = end;
  if (block !== undefined) blocks.push({ ...block, key, durationTicks });
}

function uint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + (bytes[i] as number);
  return value;
}

function bad(why: string, at: number): Fault {
  return new Fault("mkv.bad-block", `archived media: ${why}`, { at });
}
