/** A file that does not exist yet: extents of known size that can be loaded, and any byte range of them. */
import { assert } from "../../base/assert.ts";

/** A stretch of the file. */
export interface Extent {
  /** Its first byte's place in the file. */
  readonly at: number;
  readonly size: number;
  /** Gives exactly `size` bytes, in one or more arrays. At once, when nothing has to be read. */
  load(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
}

/** First byte, and the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An extent whose bytes are there. */
export function ready(at: number, bytes: Uint8Array): Extent {
  return { at, size: bytes.length, load: () => [bytes] };
}

/**
 * The bytes of a range. The extents come in order without a hole and begin at or before `range.start`; those
 * that end before it are not loaded. While one is being given the next is being loaded, and the event
 * loop gets a turn between them.
 */
export async function* bytesOf(
  extents: AsyncIterable<Extent>,
  range: ByteRange,
): AsyncGenerator<Uint8Array, undefined> {
  let ahead: { extent: Extent; bytes: Promise<readonly Uint8Array[]> } | undefined;
  try {
    for await (const extent of extents) {
      if (extent.at >= range.end) break;
      if (extent.at + extent.size <= range.start) continue;
      const loading = extent.load();
      const before = ahead;
      ahead = undefined;
      if (loading instanceof Promise) {
        // Nobody may be waiting when it fails: then the consumer has gone.
        loading.catch(() => {});
        ahead = { extent, bytes: loading };
      }
      if (before !== undefined) yield* cut(before.extent, await before.bytes, range);
      if (!(loading instanceof Promise)) yield* cut(extent, loading, range);
      else await turn();
    }
    if (ahead !== undefined) yield* cut(ahead.extent, await ahead.bytes, range);
  } finally {
    await ahead?.bytes.catch(() => {});
  }
}

function* cut(
  extent: Extent,
  parts: readonly Uint8Array[],
  range: ByteRange,
): Generator<Uint8Array> {
  let at = extent.at;
  for (const part of parts) {
    const from = Math.max(0, range.start - at);
    const to = Math.min(part.length, range.end - at);
    if (from < to) yield from === 0 && to === part.length ? part : part.subarray(from, to);
    at += part.length;
  }
  assert(at === extent.at + extent.size, "an extent of another size than planned");
}

/** Other connections go on meanwhile. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
