/**
 * The payloads of a fragment track after track, as `mdat` wants them, out of the block elements they came in.
 *
 * The track with the most bytes, a camera's picture, is moved together inside the array that was read: every byte
 * goes a little to the left, over the block headers between. That costs half of what copying to a new array does,
 * which has to be allocated and cleared first (bench/clip.ts).
 */
import { payloadBytes } from "../../media/fmp4/clip-fragment.ts";
import type { ClipFrame } from "../../media/fmp4/sample-times.ts";

/**
 * One array per track that has frames, in order. `blocks` is what the frames' payloads are slices of; it is
 * changed, and so the frames are of no use afterwards.
 */
export function gatherPayloads(
  tracks: readonly (readonly ClipFrame[])[],
  blocks: Uint8Array,
): Uint8Array[] {
  const present = tracks.filter((frames) => frames.length > 0);
  const sizes = present.map(payloadBytes);
  const largest = sizes.indexOf(Math.max(...sizes));
  // The others first: their bytes lie between those that move.
  const out = present.map((frames, i) => (i === largest ? blocks : copied(frames, sizes[i] ?? 0)));
  const main = present[largest];
  if (main !== undefined)
    out[largest] = movedTogether(main, blocks) ?? copied(main, sizes[largest] ?? 0);
  return out;
}

/**
 * The payloads inside the array they are slices of, one after the other from byte `start` on, which is not behind the first
 * of them. Undefined, and nothing is changed, when a payload is not a slice of `blocks` or they are out of order.
 */
export function movedTogether(
  frames: readonly ClipFrame[],
  blocks: Uint8Array,
  start = 0,
): Uint8Array | undefined {
  const spans: number[] = [];
  let end = start;
  for (const { payload } of frames)
    for (const part of payload.parts) {
      const from = part.byteOffset - blocks.byteOffset;
      if (part.buffer !== blocks.buffer || from < end) return undefined;
      end = from + part.length;
      spans.push(from, end);
    }
  let at = start;
  for (let i = 0; i < spans.length; i += 2) {
    const [from, to] = [spans[i] as number, spans[i + 1] as number];
    blocks.copyWithin(at, from, to);
    at += to - from;
  }
  return blocks.subarray(start, at);
}

function copied(frames: readonly ClipFrame[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const { payload } of frames) at = payload.copyTo(out, at);
  return out;
}
