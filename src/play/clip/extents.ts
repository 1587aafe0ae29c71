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
 * Reads are begun this far ahead of what is being given: as many extents, and no more than so many bytes besides
 * the first of them. A read goes through the event loop a few times; with one alone the disk would wait.
 */
export const READ_AHEAD = { extents: 4, bytes: 8 << 20 } as const;

interface Loading {
  readonly extent: Extent;
  readonly bytes: Promise<readonly Uint8Array[]> | readonly Uint8Array[];
}

/**
 * The bytes of a range. The extents come in order without a hole and begin at or before `range.start`; those
 * that end before it are not loaded. The event loop gets a turn between two that are.
 */
export async function* bytesOf(
  extents: AsyncIterable<Extent>,
  range: ByteRange,
): AsyncGenerator<Uint8Array, undefined> {
  const ahead: Loading[] = [];
  let bytesAhead = 0;
  try {
    for await (const extent of extents) {
      if (extent.at >= range.end) break;
      if (extent.at + extent.size <= range.start) continue;
      const bytes = extent.load();
      // Nobody may be waiting when it fails: then the consumer has gone.
      if (bytes instanceof Promise) bytes.catch(() => {});
      ahead.push({ extent, bytes });
      bytesAhead += extent.size;
      for (let [first] = ahead; first !== undefined; [first] = ahead) {
        const tooMuch = ahead.length > READ_AHEAD.extents || bytesAhead > READ_AHEAD.bytes;
        // The last one to be begun is waited for only when there is nothing else to do.
        if (first.bytes instanceof Promise && (!tooMuch || ahead.length === 1)) break;
        ahead.shift();
        bytesAhead -= first.extent.size;
        yield* given(first, range);
      }
    }
    for (let first = ahead.shift(); first !== undefined; first = ahead.shift())
      yield* given(first, range);
  } finally {
    await Promise.allSettled(ahead.map(({ bytes }) => bytes));
  }
}

async function* given({ extent, bytes }: Loading, range: ByteRange): AsyncGenerator<Uint8Array> {
  yield* cut(extent, await bytes, range);
  if (bytes instanceof Promise) await turn();
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
