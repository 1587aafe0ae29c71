import { type ClipFragment, clipFragmentHead } from "../../src/media/fmp4/clip-fragment.ts";

/** A clip's fragment in one piece: its head, and every payload after it. */
export function wholeFragment(fragment: ClipFragment): Uint8Array {
  const frames = fragment.tracks.flatMap((track) => track.frames);
  const payloads = frames.map(({ payload }) => payload.toBytes());
  const bytes = Buffer.concat([clipFragmentHead(fragment), ...payloads]);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
