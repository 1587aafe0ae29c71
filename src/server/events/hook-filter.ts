/** Which events a hook is told. */
import type { EventType, HookRow, NewEvent } from "../../archive/index/index-events.ts";

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
  const parts = streams.split(/\*+/);
  return ({ type, stream }) => wanted.has(type) && matches(stream, parts);
}

/** Each part as early as it can be; the last one at the end. No backtracking, so a pattern cannot be made slow. */
function matches(name: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
