/**
 * The newest fragments of one stream as the hub shows them: parts of the one that is being recorded, and the last ones
 * that are whole, until the archive has them. One for all viewers of the stream; it says when something is new.
 */

import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { LiveItem, LiveSubscription, TimelineItem } from "../../live/items.ts";
import { LiveFmp4Muxer } from "../../media/fmp4/live-muxer.ts";
import type { TrackSet } from "../../media/track.ts";
import { renditionsOf } from "../cmaf/renditions.ts";
import { EdgeFragment, type PartRendition } from "./edge-fragment.ts";
import { breaksBetween, durationOf, NATIVE_BREAKS } from "./listed.ts";

/** Whole fragments kept: the newest of them, so many at least, and as long as they play together. */
const KEEP_COUNT = 3;
const KEEP_US = 12_000_000;
/** Over it older ones go, bytes. */
const KEEP_BYTES = 64 << 20;

export interface EdgeOptions {
  readonly hub: LiveHub;
  readonly stream: string;
  readonly clock: Clock;
  /** By the content of the set, as the archive names it. */
  trackSetId(trackSet: TrackSet): string;
}

export class LiveEdge {
  readonly #options: EdgeOptions;
  readonly #subscription: LiveSubscription;
  readonly #waiting = new Set<() => void>();
  #timeline: TimelineItem | undefined;
  #muxer: LiveFmp4Muxer | undefined;
  #fragments: EdgeFragment[] = [];
  /** Breaks before each fragment since this began; for streams of which nothing is archived. */
  readonly #breaks = new WeakMap<EdgeFragment, number>();
  /** The first fragment that comes is seen from its beginning. */
  #first = true;

  constructor(options: EdgeOptions) {
    this.#options = options;
    const { hub, stream } = options;
    const listener = (item: LiveItem) => this.#take(item);
    const oldest = hub.oldestFragment(stream);
    const after =
      oldest === undefined
        ? undefined
        : hub.subscribeAfter(stream, {
            sequence: oldest.sequence - 1,
            maxBytes: KEEP_BYTES,
            listener,
          });
    // Without it the first fragment may lack its beginning.
    if (oldest !== undefined && after === undefined) this.#first = false;
    this.#subscription = after ?? hub.subscribe(stream, listener);
  }

  /** Those that can be served from here, by their numbers; the last one may not be whole yet. */
  get fragments(): readonly EdgeFragment[] {
    return this.#fragments.filter(({ whole, listed }) => whole && listed !== undefined);
  }

  fragment(sequence: number): EdgeFragment | undefined {
    return this.fragments.find((one) => one.sequence === sequence);
  }

  trackSet(id: string): TrackSet | undefined {
    return this.#fragments.find(({ trackSetId }) => trackSetId === id)?.timeline.trackSet;
  }

  breaksBefore(fragment: EdgeFragment): number {
    return this.#breaks.get(fragment) ?? 0;
  }

  /**
   * Whether this part, or without one the whole segment, or something after it is there. A part behind the last one of
   * its segment is the first of the next (rfc8216bis §6.2.5.2).
   */
  has(sequence: number, part: number | undefined, rendition: PartRendition): boolean {
    return this.#fragments.some((one) => {
      if (one.sequence > sequence) return one.complete || one.parts(rendition).length > 0;
      if (one.sequence !== sequence) return false;
      return part === undefined ? one.complete : one.parts(rendition).length > part;
    });
  }

  /** Resolves when the condition holds, or after `ms`: true when it holds. Looked at after every frame. */
  until(condition: () => boolean, ms: number, signal?: AbortSignal): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    if (signal?.aborted === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (held: boolean) => {
        cancel();
        signal?.removeEventListener("abort", give);
        this.#waiting.delete(look);
        resolve(held);
      };
      const look = () => {
        if (condition()) done(true);
      };
      const give = () => done(false);
      const cancel = this.#options.clock.after(ms, give);
      signal?.addEventListener("abort", give, { once: true });
      this.#waiting.add(look);
    });
  }

  close(): void {
    this.#subscription.close();
  }

  #take(item: LiveItem): void {
    switch (item.kind) {
      case "timeline":
        this.#finish();
        this.#timeline = item;
        this.#muxer = muxerOf(item.trackSet);
        break;
      case "fragment":
        this.#begin(item);
        break;
      case "frame":
        this.#frame(item);
        break;
      case "end":
        this.#finish();
        break;
    }
    for (const look of [...this.#waiting]) look();
  }

  #begin(item: Extract<LiveItem, { kind: "fragment" }>): void {
    this.#finish();
    const [timeline, muxer] = [this.#timeline, this.#muxer];
    if (timeline === undefined || muxer === undefined) return;
    const whole = item.whole && (this.#first || this.#fragments.length > 0);
    const trackSetId = this.#options.trackSetId(timeline.trackSet);
    const made = new EdgeFragment({ item: { ...item, whole }, timeline, trackSetId, muxer });
    this.#fragments.push(made);
  }

  #frame(item: Extract<LiveItem, { kind: "frame" }>): void {
    const fragment = this.#fragments.at(-1);
    if (fragment === undefined || fragment.complete) return;
    const began = fragment.listed !== undefined;
    try {
      fragment.add(item);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    if (!began) this.#countBreak(fragment);
  }

  #countBreak(fragment: EdgeFragment): void {
    const before = this.#fragments.at(-2);
    const [a, b] = [before?.listed, fragment.listed];
    const breaks = a !== undefined && b !== undefined && breaksBetween(a, b, NATIVE_BREAKS);
    const sum = before === undefined ? 0 : this.breaksBefore(before);
    this.#breaks.set(fragment, sum + (breaks ? 1 : 0));
  }

  #finish(): void {
    const last = this.#fragments.at(-1);
    if (last === undefined || last.complete) return;
    last.finish();
    this.#trim();
  }

  /** From the newest back, as many as are wanted. */
  #trim(): void {
    let [us, bytes, kept] = [0, 0, 0];
    for (const one of this.#fragments.toReversed()) {
      const enough = kept >= KEEP_COUNT && us >= KEEP_US;
      if (enough || (kept > 0 && bytes + one.bytes > KEEP_BYTES)) break;
      us += one.listed === undefined ? 0 : durationOf(one.listed.info);
      bytes += one.bytes;
      kept++;
    }
    this.#fragments = this.#fragments.slice(-Math.max(1, kept));
  }
}

/** Of the tracks that renditions carry; media time counts from 1970. Undefined when there are none. */
function muxerOf(trackSet: TrackSet): LiveFmp4Muxer | undefined {
  const { video, audio } = renditionsOf(trackSet);
  const tracks = [video, audio].flatMap((media) => media?.track ?? []);
  if (tracks.length === 0) return undefined;
  return new LiveFmp4Muxer({ trackSet: { ...trackSet, tracks }, originUs: 0, signedOffsets: true });
}
