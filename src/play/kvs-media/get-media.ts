/** The body of GetMedia: fragments from a place on and into live, without an end. */
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { LiveHub } from "../../live/hub.ts";
import { follow } from "./follow.ts";
import { liveFragments } from "./live-only.ts";
import { miniMkv, stopTags } from "./mini-mkv.ts";
import { type MediaStart, sequenceBefore } from "./start.ts";
import { storedMkv } from "./stored.ts";

/** How long the newest fragment's time is believed, ms. */
const NEWEST_MS = 1000;

export interface GetMediaOptions {
  readonly reader: FragmentReader;
  readonly hub: LiveHub;
  readonly clock: Clock;
  readonly stream: string;
  /** False: the stream keeps nothing, only live fragments are there. */
  readonly persists: boolean;
  readonly start: MediaStart;
  readonly signal: AbortSignal;
}

/**
 * Bytes in order. Ends when the signal aborts, or with KVS's stop tags when the archive cannot be read. Throws
 * `stream.not-found` before the first byte.
 */
export async function* getMedia(options: GetMediaOptions): AsyncGenerator<Uint8Array, undefined> {
  const { reader, hub, stream, persists, start, signal } = options;
  if (!persists) {
    for await (const fragment of liveFragments(hub, stream, signal))
      yield* miniMkv({ ...fragment, behindMs: 0 });
    return;
  }
  const after = await sequenceBefore(start, { reader, stream, signal });
  const behind = new Behind(options);
  for await (const stored of follow({ ...options, after })) {
    let parts: Uint8Array[];
    try {
      parts = await storedMkv(reader, stored, { behindMs: await behind.of(stored), signal });
    } catch (error) {
      if (signal.aborted) return;
      // Retention was faster; or the disk or the store fails: then the reader comes again.
      if (error instanceof Fault && error.code === "store.not-found") continue;
      yield stopTags(5000, "INTERNAL_ERROR");
      return;
    }
    yield* parts;
  }
}

/** How far a fragment is behind the newest one. */
class Behind {
  readonly #options: GetMediaOptions;
  #newestMs = 0;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: GetMediaOptions) {
    this.#options = options;
  }

  async of({ info }: StoredFragment): Promise<number> {
    const { reader, stream, clock } = this.#options;
    if (clock.elapsed() - this.#askedMs >= NEWEST_MS) {
      this.#askedMs = clock.elapsed();
      this.#newestMs = (await reader.extent(stream))?.receivedLastMs ?? 0;
    }
    return Math.max(0, this.#newestMs - info.number.receivedMs);
  }
}
