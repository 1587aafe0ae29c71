/** An event as it is told: by webhook, by poll and as a stream, the same everywhere. docs/reference/events.md. */
import type { EventRow } from "../../archive/index/index-events.ts";
import { isoTime } from "../../base/clock.ts";

export interface EventView {
  /** The row's number in the index: the same from whatever node it is told, and for ever. Rises. */
  readonly id: number;
  readonly type: EventRow["type"] | "test";
  /** Absent when it is about the server. */
  readonly stream?: string;
  /** When it happened, server time: ms since the Unix epoch, and the same as ISO 8601. */
  readonly timeMs: number;
  readonly time: string;
  readonly data: unknown;
}

export function eventView({ id, type, stream, atMs, body }: EventRow): EventView {
  return {
    id,
    type,
    ...(stream === "" ? {} : { stream }),
    timeMs: atMs,
    time: isoTime(atMs),
    data: JSON.parse(body),
  };
}
