/**
 * Playlists of what is being recorded: the newest fragments of the index, and in front of them what the hub has and the
 * archive not yet. A segment's number is its fragment's sequence, so every node gives it the same one, always.
 */
import { Fault } from "../../base/errors.ts";
import type { Rendition } from "../cmaf/renditions.ts";
import type { Walk } from "../walk.ts";
import type { BreakCounts } from "./breaks-before.ts";
import type { EdgeFragment, PartRendition } from "./edge-fragment.ts";
import { type Listed, NATIVE_BREAKS } from "./listed.ts";
import { listNewest } from "./lists.ts";
import type { LiveEdge } from "./live-edge.ts";
import { type MasterOptions, masterOf } from "./masters.ts";
import {
  type LowLatency,
  type PlaylistSegment,
  targetDuration,
  writeMediaPlaylist,
} from "./media-playlist.ts";
import { PART_TARGET_US } from "./part-cutter.ts";
import { leftOut } from "./range-playlist.ts";
import { type MediaUris, numberedSegments, unbroken } from "./segments.ts";
import { trackSetsOf } from "./track-sets.ts";
import { measuredFragment } from "./variant.ts";

/** Fragments a live playlist has at least, and how long they play at least, µs. */
const WINDOW_COUNT = 6;
const WINDOW_US = 60_000_000;
/** More missing numbers than these are not shown as gaps: the playlist begins behind them. */
export const MOST_MISSING = 64;
/** Parts are listed this many target durations back (rfc8216bis §4.4.4.9). */
const PART_TARGETS = 3;

export interface LiveList {
  /** By sequence; the last one may not be whole yet. */
  readonly list: readonly Listed[];
  /** Those of them that the archive has. */
  readonly archived: readonly Listed[];
  readonly edge: LiveEdge;
}

export interface LivePlaylistOptions {
  readonly rendition: Rendition;
  readonly uris: MediaUris;
  /** Sequence with which the session began; breaks are counted from there. */
  readonly since: number | undefined;
  readonly skip: boolean;
  readonly counts: BreakCounts;
}

/** What is listed now. Cheap to ask again: `archived` may be shared by those who ask at the same time. */
export function liveList(archived: readonly Listed[], edge: LiveEdge): LiveList {
  const merged = new Map(archived.map((one) => [one.info.number.sequence, one]));
  const newest = archived.at(-1)?.info.number.sequence ?? 0;
  // One that did not become whole and was not archived was followed by another: it is none.
  for (const { listed, complete, sequence } of edge.fragments)
    if (listed !== undefined && (complete || sequence > newest)) merged.set(sequence, listed);
  const list = [...merged.values()].sort((a, b) => a.info.number.sequence - b.info.number.sequence);
  return { list: unbroken(list, MOST_MISSING), archived: unbroken(archived, MOST_MISSING), edge };
}

/** The part of the index a live playlist needs. Throws `stream.not-found`. */
export function archivedNow(walk: Walk): Promise<readonly Listed[]> {
  return listNewest(walk, { count: WINDOW_COUNT + 1, spanUs: WINDOW_US });
}

/** Throws `request.no-media`, `codec.unsupported`. `uri` is given the sequence to begin with. */
export async function liveMaster(
  walk: Walk,
  { list, edge }: LiveList,
  options: Omit<MasterOptions, "uri"> & { uri(rendition: Rendition, since: number): string },
): Promise<string> {
  const measured = list.map(measuredFragment);
  const sets = await trackSetsOf(walk.reader, measured, edge);
  const since = list[0]?.info.number.sequence ?? 0;
  return masterOf(measured, sets, { ...options, uri: (one) => options.uri(one, since) });
}

/** Throws `request.no-media`. */
export async function livePlaylist(
  walk: Walk,
  live: LiveList,
  asked: LivePlaylistOptions,
): Promise<string> {
  const { since = 0, uris, rendition } = asked;
  const { list, context } = shown(rendition === "av" ? live.archived : live.list, since);
  const [first] = list;
  if (first === undefined) throw new Fault("request.no-media", "there is no media to play yet");
  const trackSets = await trackSetsOf(walk.reader, list, live.edge);
  const rule = NATIVE_BREAKS;
  const options = { rendition, uris, rule, trackSets, context };
  const plain = numberedSegments(list, { ...options, dates: "all" });
  const target = targetDuration(plain);
  const firstSequence = first.info.number.sequence;
  const parts = rendition === "av" ? undefined : { edge: live.edge, rendition, uris, target };
  const segments = parts === undefined ? plain : withParts(plain, firstSequence, parts);
  return writeMediaPlaylist(
    {
      kind: "live",
      mediaSequence: firstSequence,
      discontinuitySequence: await breaksBefore(walk, live, firstSequence, asked),
      segments,
      independent: list.every(({ info }) => info.seekable),
      ended: false,
      comments: [...trackSets.values()].flatMap(leftOut),
      lowLatency: parts && lowLatency(segments, parts),
      target,
    },
    { skip: asked.skip },
  );
}

/** What a session of this beginning is shown, and what stands in front of it. */
function shown(
  all: readonly Listed[],
  since: number,
): { list: readonly Listed[]; context: Listed | undefined } {
  const begins = all.findIndex(({ info }) => info.number.sequence >= since);
  if (begins < 0) return { list: [], context: undefined };
  const from = begins === 0 && all.length > WINDOW_COUNT ? 1 : begins;
  return { list: all.slice(from), context: all[from - 1] };
}

async function breaksBefore(
  walk: Walk,
  { edge }: LiveList,
  first: number,
  { since, counts }: LivePlaylistOptions,
): Promise<number> {
  const counted = await counts.count(walk, {
    since: since ?? first,
    until: first,
    rule: NATIVE_BREAKS,
  });
  const held = edge.fragments[0];
  // Nothing of the stream is archived: what the edge has seen is all there is to count.
  return counted === 0 && held?.sequence === first ? edge.breaksBefore(held) : counted;
}

interface PartOptions {
  readonly edge: LiveEdge;
  readonly rendition: PartRendition;
  readonly uris: MediaUris;
  /** s */
  readonly target: number;
}

/** Parts of the newest segments; one that is not whole yet has nothing else. */
function withParts(
  segments: readonly PlaylistSegment[],
  first: number,
  options: PartOptions,
): PlaylistSegment[] {
  let after = 0;
  const out: PlaylistSegment[] = [];
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i] as PlaylistSegment;
    const fragment = options.edge.fragment(first + i);
    const near = after <= PART_TARGETS * options.target * 1e6;
    after += segment.durationUs;
    const parts = fragment === undefined || !near ? [] : partsOf(fragment, options);
    const open = fragment !== undefined && !fragment.complete && i === segments.length - 1;
    if (open && parts.length === 0) continue;
    out.push({ ...segment, parts, uri: open ? undefined : segment.uri });
  }
  return out.reverse();
}

function partsOf(fragment: EdgeFragment, { rendition, uris }: PartOptions) {
  return fragment.parts(rendition).map(({ durationUs, independent }, index) => ({
    uri: uris.part(fragment.sequence, index, rendition),
    durationUs,
    independent,
  }));
}

/** Undefined where the hub shows nothing: then segments come when the archive has them. */
function lowLatency(
  segments: readonly PlaylistSegment[],
  { edge, uris, rendition }: PartOptions,
): LowLatency | undefined {
  const newest = edge.fragments.at(-1);
  if (newest === undefined) return undefined;
  const longest = Math.max(
    PART_TARGET_US,
    ...segments.flatMap(({ parts }) => parts.map(({ durationUs }) => durationUs)),
  );
  const open = !newest.complete;
  const sequence = open ? newest.sequence : newest.sequence + 1;
  const index = open ? newest.parts(rendition).length : 0;
  return {
    partTarget: Math.ceil(longest / 1000) / 1000,
    hint: uris.part(sequence, index, rendition),
  };
}
