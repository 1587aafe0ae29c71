/** Multivariant playlists of a range and of what is live. */
import { Fault } from "../../base/errors.ts";
import type { FragmentReader } from "../../fragment/fragment.ts";
import type { TrackSet } from "../../media/track.ts";
import type { Rendition } from "../cmaf/renditions.ts";
import type { Walk } from "../walk.ts";
import { MAX_RANGE_MS, type RangeOptions } from "./lists.ts";
import { writeMasterPlaylist } from "./master-playlist.ts";
import { trackSetsOf } from "./track-sets.ts";
import { type Measured, measuredPack, variantOf } from "./variant.ts";

export interface MasterOptions {
  /** The media playlist of a rendition, relative to this one. */
  uri(rendition: Rendition): string;
  /** Picture and sound in the same segments. */
  readonly muxed?: boolean;
}

/** Throws `codec.unsupported` when HLS carries none of the tracks, `request.no-media` of nothing. */
export function masterOf(
  measured: readonly Measured[],
  trackSets: ReadonlyMap<string, TrackSet>,
  { uri, muxed = false }: MasterOptions,
): string {
  if (measured.length === 0) throw new Fault("request.no-media", "there is no media to play");
  const variant = variantOf(measured, trackSets);
  const { hasVideo, hasAudio, omitted } = variant;
  if (!hasVideo && !hasAudio)
    throw new Fault(
      "codec.unsupported",
      `no track that segmented MP4 carries: ${omitted.join(", ")}`,
    );
  const both = hasVideo && hasAudio;
  const main = hasVideo ? (both && muxed ? "av" : "v") : "a";
  return writeMasterPlaylist({
    ...variant,
    uri: uri(main),
    audioUri: both && !muxed ? uri("a") : undefined,
    comments: omitted,
  });
}

/** Of a range, from the packs' totals. Throws as `masterOf`, `request.too-large`, `stream.not-found`. */
export async function rangeMaster(
  walk: Walk,
  { range, clock }: RangeOptions,
  options: MasterOptions,
): Promise<string> {
  const measured = await measuredRange(walk, { range, clock });
  return masterOf(measured, await trackSetsOf(walk.reader, measured), options);
}

/** What the packs of a range hold. Throws `request.too-large`, `stream.not-found`. */
export async function measuredRange(
  walk: Walk,
  { range, clock }: RangeOptions,
): Promise<Measured[]> {
  if (range.toMs - range.fromMs > MAX_RANGE_MS)
    throw new Fault("request.too-large", "a playlist of more than 24 hours: ask for several");
  const measured: Measured[] = [];
  for await (const page of packsOf(walk, { range, clock }))
    for (const pack of page) measured.push(measuredPack(pack));
  return measured;
}

function packsOf(walk: Walk, { range, clock }: RangeOptions): ReturnType<FragmentReader["packs"]> {
  return walk.reader.packs(walk.stream, { by: "time", clock, range }, walk.signal);
}
