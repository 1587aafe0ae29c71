/**
 * Stored fragments of a stream from a place on, in the order of their numbers, and then each new one as soon as it is durable:
 * one cursor from the archive into live. Nothing is given twice. Ends when the signal aborts.
 */
import { type Clock, sleep } from "../../base/clock.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { LiveHub } from "../../live/hub.ts";
import { resolve } from "../resolver.ts";

/** How often the end of the archive is looked at while a producer is here, and else. */
const LIVE_POLL_MS = 100;
const IDLE_POLL_MS = 1000;
/** A fragment before one that is stored may still be on its way to the disk for so long. */
const HOLE_PATIENCE_MS = 5000;

export interface FollowOptions {
  readonly reader: FragmentReader;
  readonly hub: LiveHub;
  readonly clock: Clock;
  readonly stream: string;
  /** Sequence of the fragment before the first. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/** Throws `stream.not-found` when the stream is deleted meanwhile. */
export async function* follow(options: FollowOptions): AsyncGenerator<StoredFragment, undefined> {
  const { reader, hub, clock, stream, signal } = options;
  let cursor = options.after;
  let begun = false;
  while (!signal.aborted) {
    for await (const stored of resolve(
      { reader, stream, signal },
      { by: "after", sequence: cursor },
    )) {
      const { sequence, receivedMs } = stored.info.number;
      // Of two producers at once the later fragment may be durable first.
      const hole = begun && sequence > cursor + 1;
      if (hole && clock.now() - receivedMs < HOLE_PATIENCE_MS) break;
      yield stored;
      cursor = sequence;
      begun = true;
      if (signal.aborted) return;
    }
    const live = hub.status(stream)?.live ?? false;
    await sleep(clock, live ? LIVE_POLL_MS : IDLE_POLL_MS, signal);
  }
}
