/**
 * The sample tables of one track of a plain MP4 (ISO/IEC 14496-12 §8.6, §8.7): `stbl` from lists of samples and chunks.
 * Knows no frames and no codecs.
 */
import { box, fullBox, setUint64, u32, zeros } from "../fmp4/box.ts";

const UINT32 = 2 ** 32;

/** A run of samples that lie together in the file. */
export interface Chunk {
  /** From the first byte of the media, not of the file. */
  readonly at: number;
  readonly samples: number;
  /** Which sample entry, from 1. */
  readonly entry: number;
}

/** What the tables say. */
export interface TableContent {
  readonly entries: readonly Uint8Array[];
  /** `[samples, ticks each]`, in decode order; ticks below 2³². */
  readonly durations: readonly (readonly [number, number])[];
  /** Presentation less decode time of every sample, ticks ≥ 0; empty when all are 0. */
  readonly offsets: readonly number[];
  /** Bytes of every sample, or the size all have and how many there are. */
  readonly sizes: readonly number[] | { readonly each: number; readonly count: number };
  /** Numbers of the samples a decoder can start at, from 1; undefined: all. */
  readonly sync: readonly number[] | undefined;
  readonly chunks: readonly Chunk[];
}

/** `mediaAt`: where in the file the media begins; `wide`: offsets of 64 bits. The size depends on `wide` alone. */
export function sampleTables(
  content: TableContent,
  { mediaAt, wide }: { mediaAt: number; wide: boolean },
): Uint8Array {
  const { entries, durations, offsets, sync, chunks } = content;
  return box(
    "stbl",
    fullBox("stsd", {}, u32(entries.length), ...entries),
    fullBox("stts", {}, numbers([durations.length, ...durations.flat()])),
    offsets.length === 0 ? zeros(0) : compositionOffsets(offsets),
    sync === undefined ? zeros(0) : fullBox("stss", {}, numbers([sync.length, ...sync])),
    samplesToChunks(chunks),
    sampleSizes(content.sizes),
    chunkOffsets(chunks, mediaAt, wide),
  );
}

/** Equal neighbours as one: `[how many, value]`. */
export function runs(values: readonly number[]): [number, number][] {
  const out: [number, number][] = [];
  for (const value of values) {
    const last = out.at(-1);
    if (last !== undefined && last[1] === value) last[0]++;
    else out.push([1, value]);
  }
  return out;
}

function compositionOffsets(offsets: readonly number[]): Uint8Array {
  const pairs = runs(offsets);
  return fullBox("ctts", {}, numbers([pairs.length, ...pairs.flat()]));
}

function sampleSizes(sizes: TableContent["sizes"]): Uint8Array {
  if ("each" in sizes) return fullBox("stsz", {}, u32(sizes.each, sizes.count));
  return fullBox("stsz", {}, numbers([0, sizes.length, ...sizes]));
}

/** An entry wherever the number of samples or the sample entry changes (§8.7.4). */
function samplesToChunks(chunks: readonly Chunk[]): Uint8Array {
  const rows: number[] = [];
  for (const [i, { samples, entry }] of chunks.entries()) {
    const before = chunks[i - 1];
    if (before?.samples !== samples || before.entry !== entry) rows.push(i + 1, samples, entry);
  }
  return fullBox("stsc", {}, numbers([rows.length / 3, ...rows]));
}

function chunkOffsets(chunks: readonly Chunk[], mediaAt: number, wide: boolean): Uint8Array {
  if (!wide)
    return fullBox("stco", {}, numbers([chunks.length, ...chunks.map(({ at }) => mediaAt + at)]));
  const out = new Uint8Array(8 * chunks.length);
  const view = new DataView(out.buffer);
  for (const [i, { at }] of chunks.entries()) setUint64(view, 8 * i, mediaAt + at);
  return fullBox("co64", {}, u32(chunks.length), out);
}

/** As `u32`, of lists too long for arguments. */
function numbers(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length);
  const view = new DataView(out.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value % UINT32);
  return out;
}
