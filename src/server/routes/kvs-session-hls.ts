/** HLS playlists of a KVS session, and the addresses in them, which KVS's players may look at but need not know. */
import { Fault } from "../../base/errors.ts";
import { formatFragmentNumber } from "../../fragment/fragment-number.ts";
import type { TrackSet } from "../../media/track.ts";
import type { Rendition } from "../../play/cmaf/renditions.ts";
import { MOST_MISSING } from "../../play/hls/live-playlist.ts";
import { masterOf } from "../../play/hls/masters.ts";
import { writeMediaPlaylist } from "../../play/hls/media-playlist.ts";
import { leftOut } from "../../play/hls/range-playlist.ts";
import { type MediaUris, numberedSegments, segmentsOf, unbroken } from "../../play/hls/segments.ts";
import type { SegmentService } from "../../play/hls/service.ts";
import { type SessionList, sessionList } from "../../play/hls/session-list.ts";
import { trackSetsOf } from "../../play/hls/track-sets.ts";
import { measuredFragment } from "../../play/hls/variant.ts";
import type { PlaybackSession } from "../kvs-playback.ts";
import { queryText } from "./hls-query.ts";

/** A request within a session, its token already read. */
export interface SessionRequest {
  readonly service: SegmentService;
  readonly stream: string;
  readonly session: PlaybackSession;
  readonly token: string;
  readonly nowMs: number;
}

/** What is listed now. Throws `request.no-media` of nothing. */
export async function listedNow(
  request: SessionRequest,
): Promise<{ now: SessionList; trackSets: Map<string, TrackSet> }> {
  const { service, stream, session, nowMs } = request;
  const walk = service.walk(stream);
  const { counts } = service;
  const now = await sessionList(walk, { selection: session, counts, nowMs });
  if (now.list.length === 0) throw new Fault("request.no-media", "there is no media to play");
  return { now, trackSets: await trackSetsOf(service.reader, now.list) };
}

/** TrackNumber 1 is the picture, or the sound where there is none; 2 the sound beside a picture. Throws `request.bad`. */
export function renditionOf(session: PlaybackSession, trackNumber: string | undefined): Rendition {
  if (trackNumber === "1") return session.hasVideo ? "v" : "a";
  if (trackNumber === "2" && session.hasVideo && session.hasAudio) return "a";
  throw new Fault("request.bad", "TrackNumber: 1, or 2 where the stream has sound and pictures");
}

export function trackNumberOf(session: PlaybackSession, rendition: Rendition): number {
  return session.hasVideo && rendition === "a" ? 2 : 1;
}

/** Throws as `masterOf`, `request.no-media`. */
export async function sessionMaster(request: SessionRequest): Promise<string> {
  const { session, token: SessionToken } = request;
  const { now, trackSets } = await listedNow(request);
  return masterOf(now.list.map(measuredFragment), trackSets, {
    uri: (rendition) => {
      const TrackNumber = trackNumberOf(session, rendition);
      return `getHLSMediaPlaylist.m3u8${queryText({ SessionToken, TrackNumber })}`;
    },
  });
}

/** Throws `request.no-media`. */
export async function sessionPlaylist(
  request: SessionRequest,
  rendition: Rendition,
): Promise<string> {
  const { session } = request;
  const { now, trackSets } = await listedNow(request);
  const { mode, rule, clock, timestamps } = session;
  const options = {
    ...{ rendition, rule, trackSets, uris: urisOf(request), context: now.before },
    dates: timestamps ? ("all" as const) : ("none" as const),
    dateClock: clock,
  };
  const list = mode === "LIVE" ? unbroken(now.list, MOST_MISSING) : now.list;
  const first = list[0]?.info.number.sequence ?? 0;
  const segments = mode === "LIVE" ? numberedSegments(list, options) : segmentsOf(list, options);
  return writeMediaPlaylist({
    kind: mode === "ON_DEMAND" ? "vod" : "live",
    mediaSequence: mode === "LIVE" ? first : now.mediaSequence,
    discontinuitySequence: now.discontinuitySequence,
    segments,
    independent: list.every(({ info }) => info.seekable),
    ended: now.ended,
    comments: [...trackSets.values()].flatMap(leftOut),
    lowLatency: undefined,
  });
}

function urisOf({ session, token: SessionToken }: SessionRequest): MediaUris {
  const media = "getMP4MediaFragment.mp4";
  return {
    init: (TrackSetId, rendition) => initUri({ session, SessionToken, TrackSetId, rendition }),
    segment: (number, rendition) => {
      const FragmentNumber = formatFragmentNumber(number);
      const TrackNumber = trackNumberOf(session, rendition);
      return `${media}${queryText({ FragmentNumber, SessionToken, TrackNumber })}`;
    },
    part: () => "",
    gap: () => `${media}${queryText({ SessionToken })}`,
  };
}

export function initUri(of: {
  session: PlaybackSession;
  SessionToken: string;
  TrackSetId: string;
  rendition: Rendition;
}): string {
  const { session, SessionToken, TrackSetId, rendition } = of;
  const TrackNumber = trackNumberOf(session, rendition);
  return `getMP4InitFragment.mp4${queryText({ SessionToken, TrackNumber, TrackSetId })}`;
}
