/**
 * One archived fragment as one media segment, `moof` and `mdat` (ISO/IEC 23000-19 §7.3.2, CMAF). docs/formats/cmaf.md.
 *
 * Media time is the producer's clock, counted from 1970: a segment needs no other one, and every node makes the same
 * bytes of it. Its first decode time is its first presentation time; pictures that are reordered have composition offsets
 * of both signs, or, in `av`, an edit list.
 */
import { Fault } from "../../base/errors.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import { clipFragmentHead } from "../../media/fmp4/clip-fragment.ts";
import { framesByTrack } from "../clip/mp4-frames.ts";
import { gatherPayloads } from "../clip/mp4-payloads.ts";
import { type Rendition, tracksOf } from "./renditions.ts";

/** No sample lasts longer than this, µs: no fragment does. */
const MAX_SAMPLE_US = 60_000_000;

export interface SegmentOptions {
  readonly reader: FragmentReader;
  readonly fragment: StoredFragment;
  readonly rendition: Rendition;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The segment in pieces that follow each other. Throws `request.no-media` when the fragment has nothing for this
 * rendition, `store.not-found` when retention has taken it, `store.corrupt`.
 */
export async function segmentOf(options: SegmentOptions): Promise<Uint8Array[]> {
  const { reader, fragment, rendition, signal } = options;
  const { packId, blocksOffset, blocksSize, info, trackSetId } = fragment;
  const trackSet = await reader.trackSet(trackSetId);
  const media = tracksOf(trackSet, rendition);
  const wanted = new Set(media.map(({ track }) => track.number));
  if (!info.totals.some(({ track, frames }) => frames > 0 && wanted.has(track)))
    throw new Fault("request.no-media", "the fragment has nothing of these tracks");
  const blocks = await reader.read(packId, blocksOffset, blocksSize, signal);
  const frames = framesByTrack(blocks, fragment, { trackSet, wanted });
  const tracks = media.map((one) => ({
    media: one,
    frames: (frames.get(one.track.number) ?? []).filter(({ payload }) => payload.length > 0),
  }));
  const head = clipFragmentHead({
    sequence: info.number.sequence % 2 ** 32,
    tracks,
    baseUs: 0,
    endUs: info.producedEndUs,
    maxSampleUs: MAX_SAMPLE_US,
    signedOffsets: rendition !== "av",
  });
  const payload = gatherPayloads(
    tracks.map((track) => track.frames),
    blocks,
  );
  return [head, ...payload];
}
