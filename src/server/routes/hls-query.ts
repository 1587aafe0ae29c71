/** Query strings of the native HLS and DASH routes as values, and the URIs that carry them on. */
import { Fault } from "../../base/errors.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { ClockName, TimeRange } from "../../fragment/fragment.ts";
import type { Rendition } from "../../play/cmaf/renditions.ts";
import { MAX_RANGE_MS } from "../../play/hls/lists.ts";
import type { MediaUris } from "../../play/hls/segments.ts";
import { MAX_TIME_MS, timeRange } from "../../play/time.ts";
import type { Principal } from "../access/guard.ts";
import {
  choice,
  free,
  type Parameter,
  type QueryValues,
  type RawQuery,
  readQuery,
  time,
  whole,
} from "./parameters.ts";

export interface PlayQuery {
  /** Undefined: what is live. */
  readonly range: TimeRange | undefined;
  /** The range has an end: nothing comes after it. */
  readonly closed: boolean;
  readonly clock: ClockName;
  readonly token: string | undefined;
  readonly muxed: boolean;
  /** Sequence with which a live session began. */
  readonly since: number | undefined;
  /** ms that the server's clock was ahead of the producer's when a live DASH session began. */
  readonly skewMs: number | undefined;
  readonly msn: number | undefined;
  readonly part: number | undefined;
  readonly skip: boolean;
}

/** Largest of sequences and the like: 15 digits. */
const MOST = 999_999_999_999_999;
const count = (words: string) => whole({ fallback: undefined, min: 0, max: MOST }, words);

/** Of DASH, and of every playlist and segment of HLS. */
export const PLAY = {
  from: time(undefined, "start of the range; without it: what is live"),
  to: time(undefined, "its end; without it media that comes later is added"),
  clock: choice<ClockName>(["producer", "server"], "which clock the times are on"),
  token: free("a session's token, which goes along to everything the playlist names"),
  muxed: choice(["0", "1"], "1: picture and sound in one rendition"),
  since: count("sequence with which a live session began; written by the server"),
  skewMs: count("ms that the server's clock was ahead; written by the server"),
} as const;

export const HLS = {
  ...PLAY,
  _HLS_msn: count("hold the answer until the playlist has this segment (RFC 8216bis)"),
  _HLS_part: count("and this part of it"),
  _HLS_skip: skipped("leave out what the player has"),
} as const;

/** Throws `request.bad`, `request.bad-time`. */
export function playQuery(query: RawQuery): PlayQuery {
  const { _HLS_msn: msn, _HLS_part: part, _HLS_skip, ...play } = readQuery(HLS, query);
  return { ...playOf(play), msn, part, skip: _HLS_skip !== undefined };
}

/** Of DASH: nothing is waited for. Throws `request.bad`, `request.bad-time`. */
export function dashQuery(query: RawQuery): PlayQuery {
  return { ...playOf(readQuery(PLAY, query)), msn: undefined, part: undefined, skip: false };
}

function playOf({ from, to, muxed, ...rest }: QueryValues<typeof PLAY>) {
  if (from === undefined && to !== undefined)
    throw new Fault("request.bad-time", "to without from: what is live has no end");
  const range = from === undefined ? undefined : timeRange(from, to ?? endOf(from));
  return { ...rest, range, closed: to !== undefined, muxed: muxed === "1" };
}

/** `v2` also allows to leave out date ranges: there are none. */
function skipped(words: string): Parameter<"YES" | "v2" | undefined> {
  const { schema, read } = choice(["YES", "v2"], words);
  const { default: _, ...rest } = schema;
  return { schema: rest, read, missing: () => undefined };
}

/** A key with a window of time lists what is in it, on the producer's clock, and nothing live. Throws `auth.denied`. */
export function requireRange(principal: Principal, stream: string, query: PlayQuery): void {
  if (principal.window === undefined) return;
  const range = query.clock === "producer" ? query.range : undefined;
  principal.require("read", { stream, range });
}

function endOf(fromMs: Millis): Millis {
  return millis(Math.min(MAX_TIME_MS, fromMs + MAX_RANGE_MS));
}

/** `?a=1&b=2` of those that are there, or nothing. */
export function queryText(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`).join("&")}`;
}

/** URIs of media beside the playlist; a token goes along. */
export function mediaUris(token: string | undefined): MediaUris {
  const more = queryText({ token });
  return {
    init: (trackSetId, rendition) => `init-${trackSetId}-${rendition}.mp4${more}`,
    segment: ({ sequence, receivedMs }, rendition) =>
      `${rendition}-${sequence}-${receivedMs}.m4s${more}`,
    part: (sequence, index, rendition) => `${rendition}-${sequence}.${index}.m4s${more}`,
    gap: () => `gap.m4s${more}`,
  };
}

/** What a file of the `hls` folder is, by its name. */
export type MediaName =
  | { readonly kind: "playlist"; readonly rendition: Rendition }
  | { readonly kind: "init"; readonly trackSetId: string; readonly rendition: Rendition }
  | {
      readonly kind: "segment";
      readonly sequence: number;
      readonly receivedMs: number;
      readonly rendition: Rendition;
    }
  | {
      readonly kind: "part";
      readonly sequence: number;
      readonly part: number;
      readonly rendition: Rendition;
    }
  /** By its beginning, µs on the producer's clock: DASH's `$Time$`. */
  | { readonly kind: "time"; readonly startUs: number; readonly rendition: Rendition }
  | { readonly kind: "gap" };

const NAME =
  /^(?:(av|a|v)(?:(\.m3u8)|-(\d{1,15})-(\d{1,15})\.m4s|-(\d{1,15})\.(\d{1,6})\.m4s|-t(\d{1,16})\.m4s)|init-([0-9a-z]{1,64})-(av|a|v)\.mp4|(gap)\.m4s)$/;

/** Undefined: none of ours. */
export function mediaName(file: string): MediaName | undefined {
  const [, own, playlist, sequence, receivedMs, of, part, time, trackSetId, set, gap] =
    NAME.exec(file) ?? [];
  const rendition = (own ?? set) as Rendition;
  if (gap !== undefined) return { kind: "gap" };
  if (playlist !== undefined) return { kind: "playlist", rendition };
  if (trackSetId !== undefined) return { kind: "init", trackSetId, rendition };
  if (time !== undefined) return { kind: "time", startUs: Number(time), rendition };
  if (part !== undefined)
    return { kind: "part", sequence: Number(of), part: Number(part), rendition };
  if (sequence === undefined) return undefined;
  const at = { sequence: Number(sequence), receivedMs: Number(receivedMs) };
  return { kind: "segment", ...at, rendition };
}
