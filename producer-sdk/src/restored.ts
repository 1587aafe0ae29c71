/** A fragment as an earlier process left it: its last frame may be cut, and the disk may have eaten its end. Pure. */
import { MkvReader } from "../../src/media/mkv/reader.ts";

export interface Restored {
  /** EBML header, Segment, Info, Tracks. */
  readonly header: Uint8Array;
  /** The Cluster up to its last whole frame. */
  readonly cluster: Uint8Array;
  /** The Cluster's Timestamp, ms since the Unix epoch. */
  readonly timecodeMs: number;
  readonly frames: number;
}

/** `undefined` when not one frame is whole. */
export function restore(bytes: Uint8Array): Restored | undefined {
  const reader = new MkvReader();
  reader.push(bytes);
  let cluster: { at: number; ticks: number } | undefined;
  let end = 0;
  let frames = 0;
  try {
    for (let item = reader.pull(); item !== undefined; item = reader.pull()) {
      if (item.kind === "cluster") cluster ??= item;
      if (item.kind !== "block") continue;
      end = item.block.at + item.block.element.length;
      frames++;
    }
  } catch {
    // Damaged from here on: what came before it is whole.
  }
  if (cluster === undefined || frames === 0) return undefined;
  return {
    header: bytes.subarray(0, cluster.at),
    cluster: bytes.subarray(cluster.at, end),
    timecodeMs: cluster.ticks,
    frames,
  };
}
