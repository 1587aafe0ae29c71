/**
 * The fragments of one pack as a compact blob: the heart of the index row, drawn in bytes in
 * docs/formats/index.md. Entries are appended; what has been written never changes.
 */
import { Fault } from "../../base/errors.ts";
import { micros, millis } from "../../base/units.ts";
import type { PackTotals, StoredFragment, TrackTotals } from "../../fragment/fragment.ts";
import { BlobReader, BlobWriter } from "./varint.ts";

const VERSION = 1;
const FLAG_SEEKABLE = 1;
/** The entry begins with a session id that is new in this list. */
const FLAG_SESSION = 2;

/** What all fragments of a pack share. */
export interface PackBase {
  readonly packId: string;
  readonly trackSetId: string;
  /** Cluster time of tick 0, ns since the Unix epoch. */
  readonly baseNs: bigint;
  readonly timestampScaleNs: number;
  /** Byte offset of the first fragment. */
  readonly firstOffset: number;
}

/** Values an entry is written as differences to. */
interface Previous {
  sequence: number;
  receivedMs: number;
  ticks: number;
  end: number;
}

const start = (firstOffset: number): Previous => ({
  sequence: 0,
  receivedMs: 0,
  ticks: 0,
  end: firstOffset,
});

export class FragmentListWriter {
  readonly #base: PackBase;
  readonly #out = new BlobWriter();
  readonly #previous: Previous;
  #session = "";

  constructor(base: PackBase) {
    this.#base = base;
    this.#previous = start(base.firstOffset);
    this.#out.byte(VERSION);
    this.#out.int64(base.baseNs);
    this.#out.uint(base.timestampScaleNs);
    this.#out.uint(base.firstOffset);
  }

  add(f: StoredFragment): void {
    const out = this.#out;
    const before = this.#previous;
    const { number, session } = f.info;
    const ticks = Number((f.clusterNs - this.#base.baseNs) / BigInt(this.#base.timestampScaleNs));
    const isNew = session !== this.#session;
    out.byte((f.info.seekable ? FLAG_SEEKABLE : 0) | (isNew ? FLAG_SESSION : 0));
    if (isNew) out.text(session);
    this.#session = session;
    out.uint(f.info.run);
    out.int(number.sequence - before.sequence);
    out.int(number.receivedMs - before.receivedMs);
    out.uint(number.salt);
    out.int(ticks - before.ticks);
    out.int(f.info.producedStartUs - clusterUs(f.clusterNs));
    out.uint(f.info.producedEndUs - f.info.producedStartUs);
    out.uint(f.offset - before.end);
    out.uint(f.blocksOffset - f.offset);
    out.uint(f.blocksSize);
    out.uint32(f.blocksCrc);
    writeTracks(out, f.info.totals);
    before.sequence = number.sequence;
    before.receivedMs = number.receivedMs;
    before.ticks = ticks;
    before.end = f.offset + f.size;
  }

  /** A copy of the blob so far. */
  bytes(): Uint8Array {
    return this.#out.bytes();
  }
}

function clusterUs(ns: bigint): number {
  return Number(ns / 1000n);
}

function writeTracks(out: BlobWriter, totals: readonly TrackTotals[]): void {
  out.uint(totals.length);
  for (const { track, frames, keyframes, payloadBytes } of totals)
    for (const value of [track, frames, keyframes, payloadBytes]) out.uint(value);
}

function readTracks(blob: BlobReader): TrackTotals[] {
  return Array.from({ length: blob.uint() }, () => {
    const [track, frames, keyframes, payloadBytes] = [
      blob.uint(),
      blob.uint(),
      blob.uint(),
      blob.uint(),
    ];
    return { track, frames, keyframes, payloadBytes };
  });
}

export interface FragmentList {
  readonly base: PackBase;
  readonly fragments: readonly StoredFragment[];
}

/** Throws `store.corrupt`. */
export function readFragmentList(
  bytes: Uint8Array,
  { packId, trackSetId }: { packId: string; trackSetId: string },
): FragmentList {
  const blob = new BlobReader(bytes);
  const version = blob.byte();
  if (version !== VERSION) throw new Fault("store.corrupt", `fragment list version ${version}`);
  const base: PackBase = {
    packId,
    trackSetId,
    baseNs: blob.int64(),
    timestampScaleNs: blob.uint(),
    firstOffset: blob.uint(),
  };
  const previous = start(base.firstOffset);
  const fragments: StoredFragment[] = [];
  let session = "";
  while (!blob.done) {
    const flags = blob.byte();
    if ((flags & FLAG_SESSION) !== 0) session = blob.text();
    fragments.push(readEntry({ blob, flags, session, base, previous }));
  }
  return { base, fragments };
}

interface EntryContext {
  readonly blob: BlobReader;
  readonly flags: number;
  readonly session: string;
  readonly base: PackBase;
  readonly previous: Previous;
}

function readEntry({ blob, flags, session, base, previous }: EntryContext): StoredFragment {
  const run = blob.uint();
  const sequence = previous.sequence + blob.int();
  const receivedMs = previous.receivedMs + blob.int();
  const salt = blob.uint();
  const ticks = previous.ticks + blob.int();
  const clusterNs = base.baseNs + BigInt(ticks) * BigInt(base.timestampScaleNs);
  const startUs = clusterUs(clusterNs) + blob.int();
  const endUs = startUs + blob.uint();
  const offset = previous.end + blob.uint();
  const blocksOffset = offset + blob.uint();
  const blocksSize = blob.uint();
  const size = blocksOffset + blocksSize - offset;
  const blocksCrc = blob.uint32();
  const totals = readTracks(blob);
  Object.assign(previous, { sequence, receivedMs, ticks, end: offset + size });
  return {
    info: {
      number: { sequence, receivedMs: millis(receivedMs), salt },
      producedStartUs: micros(startUs),
      producedEndUs: micros(endUs),
      seekable: (flags & FLAG_SEEKABLE) !== 0,
      session,
      run,
      totals,
    },
    packId: base.packId,
    trackSetId: base.trackSetId,
    offset,
    size,
    blocksOffset,
    blocksSize,
    blocksCrc,
    clusterNs,
  };
}

export function writeTotals(totals: PackTotals): Uint8Array {
  const out = new BlobWriter();
  out.byte(VERSION);
  out.uint(totals.fragments);
  out.uint(totals.blocksBytes);
  out.uint(totals.tracks.length);
  for (const t of totals.tracks)
    for (const value of [t.track, t.fragments, t.frames, t.keyframes, t.payloadBytes])
      out.uint(value);
  return out.bytes();
}

/** Throws `store.corrupt`. */
export function readTotals(bytes: Uint8Array): PackTotals {
  const blob = new BlobReader(bytes);
  const version = blob.byte();
  if (version !== VERSION) throw new Fault("store.corrupt", `pack totals version ${version}`);
  const fragments = blob.uint();
  const blocksBytes = blob.uint();
  const tracks = Array.from({ length: blob.uint() }, () => {
    const [track, inFragments, frames, keyframes, payloadBytes] = [
      blob.uint(),
      blob.uint(),
      blob.uint(),
      blob.uint(),
      blob.uint(),
    ];
    return { track, fragments: inFragments, frames, keyframes, payloadBytes };
  });
  return { fragments, blocksBytes, tracks };
}
