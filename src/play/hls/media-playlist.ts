/**
 * A media playlist as text (RFC 8216 §4.3.3, and draft-pantos-hls-rfc8216bis for parts and delta updates). Pure: knows
 * segments by their URIs and times, nothing of archives.
 */
import { isoTime } from "../../base/clock.ts";
import { quoted, seconds, tag } from "./attributes.ts";

export interface PlaylistPart {
  readonly uri: string;
  readonly durationUs: number;
  /** A decoder can start here. */
  readonly independent: boolean;
}

export interface PlaylistSegment {
  /** Undefined: the segment is not whole yet, only its parts are listed. */
  readonly uri: string | undefined;
  readonly durationUs: number;
  /** Its init segment. */
  readonly map: string;
  /** Its timeline, or its tracks, are not those of the segment before. */
  readonly discontinuity: boolean;
  /** There is no media: a number that was given and not stored, or a rendition that is silent meanwhile. */
  readonly gap: boolean;
  /** Producer or server time of its beginning, ms since 1970; undefined: not told. */
  readonly dateMs: number | undefined;
  readonly parts: readonly PlaylistPart[];
}

export interface LowLatency {
  /** s; no part is longer. */
  readonly partTarget: number;
  /** The part to be asked for next. */
  readonly hint: string | undefined;
}

export interface MediaPlaylist {
  readonly kind: "vod" | "event" | "live";
  /** Numbers of the first segment, and of the stretch it belongs to. */
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly PlaylistSegment[];
  /** Every segment can be decoded without the one before. */
  readonly independent: boolean;
  /** Nothing more will come. */
  readonly ended: boolean;
  /** For people, a line each. */
  readonly comments: readonly string[];
  readonly lowLatency: LowLatency | undefined;
  /** s; default: what `targetDuration` finds. */
  readonly target?: number;
}

/** A client that has all but the newest: this many target durations, at least 6 (rfc8216bis §4.4.3.8). */
const SKIP_TARGETS = 6;
/** PART-HOLD-BACK is at least twice the target of parts, better three times (§4.4.3.8). */
const HOLD_BACK_PARTS = 3;
const HOLD_BACK_TARGETS = 3;

/** What target durations are rounded up to, s: it may not change while a stream goes on, and lengths differ a little. */
const TARGETS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60];

/** s; no segment, rounded to whole seconds, is longer. */
export function targetDuration(segments: readonly PlaylistSegment[]): number {
  let longest = 1;
  for (const { durationUs } of segments) longest = Math.max(longest, Math.round(durationUs / 1e6));
  return TARGETS.find((target) => target >= longest) ?? longest;
}

/** `skip`: as a delta update, without what a client of this playlist has for sure. */
export function writeMediaPlaylist(playlist: MediaPlaylist, { skip = false } = {}): string {
  const target = playlist.target ?? targetDuration(playlist.segments);
  const skipped = skip ? skippable(playlist.segments, target) : 0;
  const lines = [...head(playlist, target)];
  if (skipped > 0) lines.push(tag("EXT-X-SKIP", [["SKIPPED-SEGMENTS", skipped]]));
  let map = skipped > 0 ? playlist.segments[skipped - 1]?.map : undefined;
  for (const segment of playlist.segments.slice(skipped)) {
    lines.push(...segmentLines(segment, segment.map !== map));
    map = segment.map;
  }
  const hint = playlist.lowLatency?.hint;
  if (hint !== undefined)
    lines.push(
      tag("EXT-X-PRELOAD-HINT", [
        ["TYPE", "PART"],
        ["URI", quoted(hint)],
      ]),
    );
  if (playlist.ended) lines.push("#EXT-X-ENDLIST");
  return `${lines.join("\n")}\n`;
}

function* head(playlist: MediaPlaylist, target: number): Generator<string> {
  const { kind, lowLatency } = playlist;
  yield "#EXTM3U";
  yield `#EXT-X-VERSION:${lowLatency === undefined ? 7 : 9}`;
  for (const comment of playlist.comments) yield `## ${comment.replace(/[\r\n]/g, " ")}`;
  if (kind !== "live") yield `#EXT-X-PLAYLIST-TYPE:${kind.toUpperCase()}`;
  yield `#EXT-X-TARGETDURATION:${target}`;
  if (lowLatency !== undefined) {
    const { partTarget } = lowLatency;
    yield tag("EXT-X-SERVER-CONTROL", [
      ["CAN-BLOCK-RELOAD", "YES"],
      ["CAN-SKIP-UNTIL", (SKIP_TARGETS * target).toFixed(1)],
      ["HOLD-BACK", (HOLD_BACK_TARGETS * target).toFixed(1)],
      ["PART-HOLD-BACK", (HOLD_BACK_PARTS * partTarget).toFixed(3)],
    ]);
    yield tag("EXT-X-PART-INF", [["PART-TARGET", partTarget.toFixed(3)]]);
  }
  yield `#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`;
  if (kind === "live") yield `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`;
  if (playlist.independent) yield "#EXT-X-INDEPENDENT-SEGMENTS";
}

function* segmentLines(segment: PlaylistSegment, newMap: boolean): Generator<string> {
  const { uri, durationUs, dateMs } = segment;
  if (segment.discontinuity) yield "#EXT-X-DISCONTINUITY";
  if (newMap) yield tag("EXT-X-MAP", [["URI", quoted(segment.map)]]);
  if (dateMs !== undefined) yield `#EXT-X-PROGRAM-DATE-TIME:${isoTime(dateMs)}`;
  for (const part of segment.parts) {
    yield tag("EXT-X-PART", [
      ["DURATION", seconds(part.durationUs)],
      ["URI", quoted(part.uri)],
      ...(part.independent ? ([["INDEPENDENT", "YES"]] as const) : []),
    ]);
  }
  if (uri === undefined) return;
  if (segment.gap) yield "#EXT-X-GAP";
  yield `#EXTINF:${seconds(durationUs)},`;
  yield uri;
}

/** How many of the first segments are older than the skip boundary. Not those whose parts are listed. */
function skippable(segments: readonly PlaylistSegment[], target: number): number {
  let after = 0;
  for (let i = segments.length - 1; i >= 0; i--) {
    after += segments[i]?.durationUs ?? 0;
    if (after > SKIP_TARGETS * target * 1e6) return i;
  }
  return 0;
}
