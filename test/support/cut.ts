/** Runs a producer's bytes through reader, normaliser and fragmenter, as a session does. */
import type { CutFragment } from "../../src/fragment/fragment-builder.ts";
import { Fragmenter, type FragmenterOptions } from "../../src/fragment/fragmenter.ts";
import { Normaliser } from "../../src/fragment/normaliser.ts";
import { MkvReader } from "../../src/media/mkv/reader.ts";
import type { Frame, TrackSet } from "../../src/media/track.ts";

export interface CutResult {
  readonly fragments: CutFragment[];
  readonly timecodes: number[];
  readonly frames: Frame[];
  readonly trackSets: TrackSet[];
  readonly droppedTags: number;
}

export function cut(
  chunks: Iterable<Uint8Array>,
  options: Partial<FragmenterOptions> = {},
): CutResult {
  const reader = new MkvReader();
  const normaliser = new Normaliser();
  const fragmenter = new Fragmenter({ startNs: 0n, ...options });
  const result = { fragments: [], timecodes: [], frames: [], trackSets: [] } as {
    fragments: CutFragment[];
    timecodes: number[];
    frames: Frame[];
    trackSets: TrackSet[];
  };
  const drain = () => {
    for (let item = reader.pull(); item !== undefined; item = reader.pull())
      if (normaliser.idle && item.kind !== "tracks") fragmenter.accept(item);
      else for (const made of normaliser.accept(item)) fragmenter.accept(made);
    for (let event = fragmenter.pull(); event !== undefined; event = fragmenter.pull()) {
      if (event.kind === "sealed") result.fragments.push(event.fragment);
      if (event.kind === "opened") result.timecodes.push(event.timecode);
      if (event.kind === "frame") result.frames.push(event.frame);
      if (event.kind === "tracks") result.trackSets.push(event.trackSet);
    }
  };
  for (const chunk of chunks) {
    reader.push(chunk);
    drain();
  }
  reader.end();
  drain();
  for (const made of normaliser.finish()) fragmenter.accept(made);
  fragmenter.finish();
  drain();
  return { ...result, droppedTags: fragmenter.droppedTags };
}

/** A file in pieces of one size. */
export function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The frames inside a cut fragment's blocks, read back as a stored fragment is. */
export function framesIn(fragment: CutFragment): { track: number; timeUs: number; hex: string }[] {
  const found: { track: number; timeUs: number; hex: string }[] = [];
  const reader = new MkvReader();
  reader.push(asFile(fragment));
  reader.end();
  const { timestampScaleNs } = fragment.trackSet;
  const clusterUs = Number(fragment.clusterNs / 1000n);
  for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
    if (item.kind !== "block") continue;
    const timeUs = clusterUs + (item.block.relativeTicks * timestampScaleNs) / 1000;
    for (const frame of item.block.frames) {
      const hex = Buffer.from(frame.toBytes()).toString("hex");
      found.push({ track: item.block.track, timeUs: Math.round(timeUs), hex });
    }
  }
  return found;
}

import { crc32 } from "../../src/base/crc32.ts";
import { join } from "../../src/media/mkv/out.ts";
import {
  clusterHeader,
  ebmlHeader,
  infoElement,
  segmentHeader,
} from "../../src/media/mkv/writer.ts";

function asFile({ trackSet, blocks }: CutFragment): Uint8Array {
  const { timestampScaleNs, tracksElement } = trackSet;
  const bytes = blocks.toBytes();
  const cluster = { ticks: 0, blocksBytes: bytes.length, blocksCrc: crc32(bytes) };
  const info = infoElement({ timestampScaleNs });
  return join([ebmlHeader(), segmentHeader(), info, tracksElement, clusterHeader(cluster), bytes]);
}
