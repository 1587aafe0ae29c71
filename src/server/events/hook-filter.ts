/** Which events a hook is told. */
import type { EventType, HookRow, NewEvent } from "../../archive/index/index-events.ts";
import { matchesWildcard } from "../../base/wildcard.ts";

export const EVENT_TYPES = [
  "fragment.persisted",
  "stream.online",
  "stream.offline",
  "gap",
  "retention",
  "error",
] as const satisfies readonly EventType[];

/** 1 to 256 characters of stream names and `*`. */
export function isStreamPattern(pattern: string): boolean {
  return /^[A-Za-z0-9_.*-]{1,256}$/.test(pattern);
}

/** An event of the server itself has the stream "", which only `*` matches. */
export function hookFilter({
  types,
  streams,
}: Pick<HookRow, "types" | "streams">): (event: Pick<NewEvent, "type" | "stream">) => boolean {
  const wanted = new Set<EventType>(types.length === 0 ? EVENT_TYPES : types);
  return ({ type, stream }) => wanted.has(type) && matchesWildcard(streams, stream);
}
