/** DASH manifests of a range and of what is live. */
import { Fault } from "../../base/errors.ts";
import { type Listed, playedUs, withoutTwins } from "../hls/listed.ts";
import { listRange, type RangeOptions } from "../hls/lists.ts";
import type { LiveList } from "../hls/live-playlist.ts";
import { trackSetsOf } from "../hls/track-sets.ts";
import type { Walk } from "../walk.ts";
import { hasTracks, type ManifestOptions, writeManifest } from "./manifest.ts";

type Shared = Pick<ManifestOptions, "uris" | "kvs">;

/** Throws `request.no-media`, `request.too-large`, `codec.unsupported`, `stream.not-found`. */
export async function rangeManifest(
  walk: Walk,
  range: RangeOptions,
  options: Shared,
): Promise<string> {
  const list = await listRange(walk, range);
  return writeManifest({ list, trackSets: await checked(walk, list), ...options });
}

export interface LiveManifestOptions extends Shared {
  readonly nowMs: number;
  /** Of this session; undefined: it begins, and is found. */
  readonly skewMs: number | undefined;
  readonly since: number | undefined;
  location(session: { skewMs: number; since: number }): string;
}

/** Clocks are taken for the same within this, ms. */
const SAME_CLOCK_MS = 5000;

/** Whole fragments only. Throws `request.no-media`, `codec.unsupported`. */
export async function liveManifest(
  walk: Walk,
  { list: all, edge }: LiveList,
  options: LiveManifestOptions,
): Promise<string> {
  const { since = 0, nowMs, location, uris, kvs } = options;
  const whole = all.filter(
    ({ info }) =>
      info.number.sequence >= since && edge.fragment(info.number.sequence)?.complete !== false,
  );
  const list = withoutTwins(whole);
  const trackSets = await checked(walk, list, edge);
  const skewMs = options.skewMs ?? skewOf(list.at(-1));
  const first = list[0]?.info.number.sequence ?? 0;
  const longest = list.reduce((most, one, i) => Math.max(most, playedUs(list[i - 1], one)), 0);
  const targetUs = Math.max(1, Math.ceil(longest / 1e6)) * 1e6;
  const session = { skewMs, since: options.since ?? first };
  const live = { nowMs, skewMs, location: location(session), targetUs };
  return writeManifest({ list, trackSets, uris, live, ...(kvs === undefined ? {} : { kvs }) });
}

async function checked(walk: Walk, list: readonly Listed[], edge?: LiveList["edge"]) {
  if (list.length === 0) throw new Fault("request.no-media", "there is no media to play");
  const sets = await trackSetsOf(walk.reader, list, edge);
  if (![...sets.values()].some(hasTracks))
    throw new Fault("codec.unsupported", "no track that segmented MP4 carries");
  return sets;
}

/** Not below 0: a producer ahead of the server's clock only seems to be less behind. */
function skewOf(newest: Listed | undefined): number {
  if (newest === undefined) return 0;
  const ms = newest.info.number.receivedMs - newest.info.producedStartUs / 1000;
  return Math.abs(ms) < SAME_CLOCK_MS ? 0 : Math.max(0, Math.round(ms));
}
