/**
 * Playback sessions of KVS: what GetHLSStreamingSessionURL and GetDASHStreamingSessionURL have in common. The session is
 * its token: what was asked for, checked once, and signed.
 */
import { Fault } from "../base/errors.ts";
import { millis } from "../base/units.ts";
import type { ClockName, StoredFragment } from "../fragment/fragment.ts";
import { codecString, fileSampleEntry } from "../media/codec/describe.ts";
import type { Track, TrackSet } from "../media/track.ts";
import { renditionsOf } from "../play/cmaf/renditions.ts";
import { BreakCounts } from "../play/hls/breaks-before.ts";
import { type SessionSelection, sessionList } from "../play/hls/session-list.ts";
import { keyOf } from "../play/order.ts";
import type { StreamOperation } from "./kvs/context.ts";
import { epochMs } from "./kvs/timestamps.ts";

/** Which manifest a token opens. */
export type PlaybackPurpose = "hls" | "dash";

/** As it stands in the token. */
export interface PlaybackSession extends SessionSelection {
  /** Seconds and numbers of fragments are told in the manifest. */
  readonly timestamps: boolean;
  readonly numbers: boolean;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** DASH: server time minus media time, ms, of what is shown when the session is opened. */
  readonly shiftMs: number;
}

/** Parts of both operations' input, under one name each. */
export interface PlaybackInput {
  readonly PlaybackMode?: SessionSelection["mode"];
  readonly Expires?: number;
  readonly selector?: {
    readonly FragmentSelectorType?: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP";
    readonly TimestampRange?: { readonly StartTimestamp?: number; readonly EndTimestamp?: number };
  };
  readonly max?: number;
  readonly timestamps?: "ALWAYS" | "NEVER";
  readonly numbers?: "ALWAYS" | "NEVER";
  rule(clock: SessionSelection["clock"]): SessionSelection["rule"];
}

/** KVS's defaults and limits. */
const EXPIRES_S = 300;
const MAX_LIVE = 5;
const MAX_ON_DEMAND = 1000;
const DAY_MS = 86_400_000;
const LIVE_WITHIN_MS = 30_000;

type Context = Parameters<StreamOperation<never, never>>[1];

/**
 * A token for the session. Throws `request.bad-time` for times that do not fit the mode, `stream.no-retention`,
 * `request.no-media`, `codec.no-config`, `codec.bad-config`, `codec.unsupported`.
 */
export async function openPlayback(
  purpose: PlaybackPurpose,
  input: PlaybackInput,
  context: Context,
): Promise<string> {
  const { parts, stream, principal } = context;
  const nowMs = parts.clock.now();
  const { PlaybackMode: mode = "LIVE", selector = {}, Expires = EXPIRES_S } = input;
  const clock: ClockName =
    selector.FragmentSelectorType === "PRODUCER_TIMESTAMP" ? "producer" : "server";
  const times = timesOf(mode, selector.TimestampRange, nowMs);
  if (stream.retentionHours === 0)
    throw new Fault("stream.no-retention", `${stream.name} keeps nothing`);
  // A key that is bound to a window of time opens no session beyond it.
  if (times.fromMs !== undefined && clock === "producer") {
    const toMs = millis((times.toMs ?? times.fromMs + DAY_MS) + 1);
    principal.require("read", {
      stream: stream.name,
      range: { fromMs: millis(times.fromMs), toMs },
    });
  }
  const max = input.max ?? (mode === "ON_DEMAND" ? MAX_ON_DEMAND : MAX_LIVE);
  const rule = input.rule(clock);
  const asked = { mode, clock, ...times, openedMs: nowMs, since: 0, max, rule };
  const list = await firstOf(context, asked);
  const [first] = list;
  if (first === undefined) throw new Fault("request.no-media", nothing(stream.name, mode));
  const found = await checkTracks(context, list, purpose);
  const session: PlaybackSession = {
    ...asked,
    since: first.info.number.sequence,
    timestamps: input.timestamps === "ALWAYS",
    numbers: input.numbers === "ALWAYS",
    ...found,
    shiftMs: shiftOf(mode, nowMs, list),
  };
  const expiresMs = Math.min(
    nowMs + Expires * 1000,
    principal.expiresMs ?? Number.MAX_SAFE_INTEGER,
  );
  const maker = principal.maker === undefined ? {} : { maker: principal.maker };
  return parts.sessions.issue({ purpose, stream: stream.name, expiresMs, data: session, ...maker });
}

function timesOf(
  mode: SessionSelection["mode"],
  range: { readonly StartTimestamp?: number; readonly EndTimestamp?: number } | undefined,
  nowMs: number,
): { fromMs?: number; toMs?: number } {
  const { StartTimestamp: start, EndTimestamp: end } = range ?? {};
  if (mode === "LIVE") {
    if (range === undefined) return {};
    throw new Fault("request.bad-time", "LIVE takes no TimestampRange");
  }
  if (start === undefined)
    throw new Fault("request.bad-time", `${mode} needs TimestampRange.StartTimestamp`);
  if (end === undefined && mode === "ON_DEMAND")
    throw new Fault("request.bad-time", "ON_DEMAND needs TimestampRange.EndTimestamp");
  const fromMs = epochMs(start);
  if (fromMs > nowMs) throw new Fault("request.bad-time", "StartTimestamp is in the future");
  if (end === undefined) return { fromMs };
  const toMs = epochMs(end);
  if (toMs <= fromMs)
    throw new Fault("request.bad-time", "EndTimestamp must be later than StartTimestamp");
  if (toMs - fromMs > DAY_MS)
    throw new Fault("request.bad-time", "a session spans at most 24 hours");
  return { fromMs, toMs };
}

/** What the session begins with. */
async function firstOf(
  { parts, stream }: Context,
  selection: SessionSelection,
): Promise<readonly StoredFragment[]> {
  const walk = { reader: parts.reader, stream: stream.name };
  const { openedMs: nowMs, mode } = selection;
  // Of a recording the beginning decides; its playlist finds the rest.
  const asked = mode === "ON_DEMAND" ? { ...selection, max: 1 } : selection;
  const { list } = await sessionList(walk, { selection: asked, counts: new BreakCounts(), nowMs });
  const newest = list.at(-1);
  const old = newest === undefined || newest.info.number.receivedMs < nowMs - LIVE_WITHIN_MS;
  return mode === "LIVE" && old ? [] : list;
}

function nothing(stream: string, mode: SessionSelection["mode"]): string {
  if (mode === "LIVE") return `${stream} had no fragment within the last 30 seconds`;
  return `${stream} has no fragment in this range`;
}

/** Whether there are pictures and sound. In DASH a track set stands for all of the session. */
async function checkTracks(
  { parts }: Context,
  list: readonly StoredFragment[],
  purpose: PlaybackPurpose,
): Promise<{ hasVideo: boolean; hasAudio: boolean }> {
  const ids = [...new Set(list.map(({ trackSetId }) => trackSetId))];
  if (purpose === "dash" && ids.length > 1)
    throw new Fault("codec.bad-config", "the tracks change, which a DASH session does not allow");
  let [hasVideo, hasAudio] = [false, false];
  for (const id of ids) {
    const trackSet = await parts.reader.trackSet(id);
    const { video, audio } = renditionsOf(trackSet);
    if (video === undefined && audio === undefined) throw refusal(trackSet);
    if (video === undefined) refuseBroken(trackSet, "video");
    if (audio === undefined) refuseBroken(trackSet, "audio");
    hasVideo ||= video !== undefined;
    hasAudio ||= audio !== undefined;
  }
  return { hasVideo, hasAudio };
}

function refusal(trackSet: TrackSet): Fault {
  refuseBroken(trackSet, "video");
  refuseBroken(trackSet, "audio");
  const names = trackSet.tracks.map(({ codecId }) => codecId.slice(0, 60)).join(", ");
  return new Fault("codec.unsupported", `no track that fragmented MP4 carries here: ${names}`);
}

/** A track of a codec that could be carried, were it described. Throws `codec.no-config`, `codec.bad-config`. */
function refuseBroken({ tracks }: TrackSet, type: Track["type"]): void {
  for (const track of tracks) {
    if (track.type !== type || !DESCRIBED.test(track.codecId)) continue;
    if (track.codecPrivate === undefined)
      throw new Fault("codec.no-config", `the ${track.codecId} track has no CodecPrivate`);
    if (codecString(track) === undefined || fileSampleEntry(track) === undefined)
      throw new Fault("codec.bad-config", `the CodecPrivate of ${track.codecId} cannot be used`);
  }
}

const DESCRIBED = /^(?:V_MPEG4\/ISO\/AVC|V_MPEGH\/ISO\/HEVC|V_AV1|A_AAC|A_OPUS)$/;

function shiftOf(
  mode: SessionSelection["mode"],
  nowMs: number,
  list: readonly StoredFragment[],
): number {
  if (mode === "ON_DEMAND") return 0;
  // What is listed at first has played when the session begins.
  const ends = list.map(({ info }) => info.producedEndUs);
  return Math.round(nowMs - Math.max(...ends) / 1000);
}

/** Whether a fragment is the session's to be loaded: nothing outside of its range is. */
export function belongs({ info }: StoredFragment, session: PlaybackSession): boolean {
  const { mode, clock, since, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = session;
  if (mode === "LIVE") return info.number.sequence >= since;
  const key = keyOf(info, clock);
  const startMs = clock === "producer" ? key / 1000 : key;
  const end = clock === "producer" ? info.producedEndUs / 1000 : key;
  return startMs < toMs + 1 && end >= fromMs;
}
