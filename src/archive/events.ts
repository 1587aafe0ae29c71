/**
 * What the archive tells the outside, and the port it tells it through. The bodies are made here because the archive knows
 * what happened; who wants to hear it is the server's business. Bodies: docs/reference/events.md.
 */
import { isoTime } from "../base/clock.ts";
import type { Millis } from "../base/units.ts";
import type { StoredFragment } from "../fragment/fragment.ts";
import { formatFragmentNumber } from "../fragment/fragment-number.ts";
import type { NewEvent } from "./index/index-events.ts";
import type { NewGap, RemovalCause } from "./index/index-ledger.ts";

/** Given to the archive. Calls never wait and never throw. */
export interface EventSource {
  /**
   * Events of fragments whose row is about to be committed: they go into that `Commit`, so that there is an event exactly
   * when there is a fragment. Empty, at the cost of one look into a map, when nobody wants them.
   */
  forPersisted(stream: string, fragments: readonly StoredFragment[]): readonly NewEvent[];
  /** A commit with events is durable: they may be delivered. Without this call they are found within a second. */
  written(): void;
  /** An event that is part of no transaction: written as soon as it can be, in order. */
  tell(event: NewEvent): void;
}

/** Tells nobody. For tests and for tools that open an archive beside a server. */
export const noEvents: EventSource = {
  forPersisted: () => [],
  written: () => {},
  tell: () => {},
};

/** Of one stored fragment. */
export function persistedEvent(
  stream: string,
  { info, size }: StoredFragment,
  atMs: Millis,
): NewEvent {
  const { number, producedStartUs, producedEndUs, seekable, session, run } = info;
  return event("fragment.persisted", stream, atMs, {
    fragmentNumber: formatFragmentNumber(number),
    sequence: number.sequence,
    ...span(producedStartUs, producedEndUs),
    receivedMs: number.receivedMs,
    received: isoTime(number.receivedMs),
    bytes: size,
    seekable,
    session,
    run,
  });
}

/** Of a hole, when it is written down. */
export function gapEvent(gap: NewGap): NewEvent {
  const { stream, startUs, endUs, cause, detail, recordedMs } = gap;
  return event("gap", stream, recordedMs, { ...span(startUs, endUs), cause, detail });
}

export interface RemovedMedia {
  readonly stream: string;
  readonly cause: RemovalCause;
  /** `retention` or a person. */
  readonly who: string;
  readonly packs: number;
  readonly bytes: number;
  /** Of what went, producer's clock, µs. */
  readonly startUs: number;
  readonly endUs: number;
  readonly atMs: Millis;
}

/** Of media that was removed: one event per removal, however many packs went with it. */
export function retentionEvent(media: RemovedMedia): NewEvent {
  const { stream, startUs, endUs, atMs, cause, who, packs, bytes } = media;
  return event("retention", stream, atMs, { ...span(startUs, endUs), cause, who, packs, bytes });
}

export interface Trouble {
  /** "" when it is about the server. */
  readonly stream?: string;
  /** A `FaultCode` or a word of docs/reference/events.md. */
  readonly code: string;
  /** For people. No secrets. */
  readonly message: string;
  readonly atMs: Millis;
  readonly detail?: Readonly<Record<string, string | number>>;
}

/** Of something that an operator should know. */
export function errorEvent({ stream = "", code, message, atMs, detail }: Trouble): NewEvent {
  return event("error", stream, atMs, { code, message, ...detail });
}

/** Of a producer that came or has been gone for the grace time. */
export function presenceEvent(
  type: "stream.online" | "stream.offline",
  stream: string,
  atMs: Millis,
  body: Readonly<Record<string, string | number | undefined>>,
): NewEvent {
  return event(type, stream, atMs, body);
}

function event(
  type: NewEvent["type"],
  stream: string,
  atMs: Millis,
  body: Readonly<Record<string, unknown>>,
): NewEvent {
  return { type, stream, atMs, body: JSON.stringify(body) };
}

/** Half open, in both spellings: rounded outwards to whole milliseconds. */
function span(startUs: number, endUs: number) {
  const startMs = Math.floor(startUs / 1000);
  const endMs = Math.ceil(endUs / 1000);
  return { startMs, start: isoTime(startMs), endMs, end: isoTime(endMs) };
}
