/** Query strings of the native HLS and DASH routes as values, and the URIs that carry them on. */
import { Fault } from "../../base/errors.ts";
import { type Millis, millis } from "../../base/units.ts";
import type { ClockName, TimeRange } from "../../fragment/fragment.ts";
import type { Rendition } from "../../play/cmaf/renditions.ts";
import { MAX_RANGE_MS } from "../../play/hls/lists.ts";
import type { MediaUris } from "../../play/hls/segments.ts";
import { MAX_TIME_MS, parseTime, timeRange } from "../../play/time.ts";
import type { Principal } from "../access/guard.ts";
import { type RawQuery, refuseOthers, text } from "./query.ts";

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

const KNOWN = [
  ...["from", "to", "clock", "token", "muxed", "since", "skewMs"],
  ...["_HLS_msn", "_HLS_part", "_HLS_skip"],
];

/** Throws `request.bad`, `request.bad-time`. */
export function playQuery(query: RawQuery): PlayQuery {
  refuseOthers(query, KNOWN);
  const [from, to] = [text(query, "from"), text(query, "to")];
  if (from === undefined && to !== undefined)
    throw new Fault("request.bad-time", "to without from: what is live has no end");
  const fromMs = from === undefined ? undefined : parseTime(from);
  return {
    range: fromMs === undefined ? undefined : timeRange(fromMs, endOf(fromMs, to)),
    closed: to !== undefined,
    clock: oneOf(query, "clock", ["producer", "server"]) ?? "producer",
    token: text(query, "token"),
    muxed: oneOf(query, "muxed", ["0", "1"]) === "1",
    since: whole(query, "since"),
    skewMs: whole(query, "skewMs"),
    msn: whole(query, "_HLS_msn"),
    part: whole(query, "_HLS_part"),
    // `v2` also allows to leave out date ranges: there are none.
    skip: oneOf(query, "_HLS_skip", ["YES", "v2"]) !== undefined,
  };
}

/** A key with a window of time lists what is in it, on the producer's clock, and nothing live. Throws `auth.denied`. */
export function requireRange(principal: Principal, stream: string, query: PlayQuery): void {
  if (principal.window === undefined) return;
  const range = query.clock === "producer" ? query.range : undefined;
  principal.require("read", { stream, range });
}

function endOf(fromMs: Millis, to: string | undefined): Millis {
  if (to !== undefined) return parseTime(to);
  return millis(Math.min(MAX_TIME_MS, fromMs + MAX_RANGE_MS));
}

function oneOf<T extends string>(query: RawQuery, name: string, all: readonly T[]): T | undefined {
  const value = text(query, name);
  if (value === undefined || all.includes(value as T)) return value as T | undefined;
  throw new Fault("request.bad", `${name}: ${all.join(" or ")}, not ${value.slice(0, 60)}`);
}

function whole(query: RawQuery, name: string): number | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new Fault("request.bad", `${name}: a whole number, not ${value.slice(0, 60)}`);
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
