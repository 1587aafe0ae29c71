/**
 * Frames from producers to live viewers, in this process's memory. One channel per stream.
 *
 * Publishing never waits and encodes nothing by itself: without viewers a frame costs one small object.
 * Viewers can never slow or stop a producer. Knows nothing of sockets or of the archive.
 */
import type { Clock } from "../base/clock.ts";
import type { Millis } from "../base/units.ts";
import type { LivePublisher, LiveSink } from "../fragment/live.ts";
import type { TrackSet } from "../media/track.ts";
import { Channel } from "./channel.ts";
import { EncodedFeed } from "./encoded-feed.ts";
import type { FeedViewer, TailFormat } from "./feed-items.ts";
import type { FrameRates } from "./frame-rate.ts";
import type { OldestFragment } from "./group-memory.ts";
import type { FrameItem, LiveListener, LiveSubscription } from "./items.ts";

export interface HubOptions {
  readonly clock: Clock;
  /** Media kept per stream for viewers who join, and again per format in use. Default 32 MB. */
  readonly maxGroupBytes?: number;
  /** Frames kept per stream for viewers who join. Default 20,000. */
  readonly maxGroupFrames?: number;
}

export interface LiveStatus {
  /** A producer is connected. */
  readonly live: boolean;
  /** Server time of the newest frame, also when nobody publishes any more. */
  readonly lastFrameMs: Millis | undefined;
  /** Of the newest timeline, also when nobody publishes any more. */
  readonly trackSet: TrackSet | undefined;
  readonly session: string | undefined;
  readonly viewers: number;
  /** Over the last seconds. */
  readonly rates: FrameRates;
}

/** Of all streams together. */
export interface LiveTotals {
  /** Streams with a producer. */
  readonly liveStreams: number;
  readonly viewers: number;
}

interface Feed {
  readonly feed: EncodedFeed;
  readonly subscription: LiveSubscription;
}

interface Entry {
  readonly channel: Channel;
  readonly feeds: Map<TailFormat, Feed>;
}

export class LiveHub implements LiveSink {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #maxItems: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ clock, maxGroupBytes = 32 << 20, maxGroupFrames = 20_000 }: HubOptions) {
    this.#clock = clock;
    this.#maxBytes = maxGroupBytes;
    this.#maxItems = maxGroupFrames;
  }

  open(stream: string, session: string): LivePublisher {
    return this.#entry(stream).channel.open(session);
  }

  /** Undefined when nothing was published since the hub was made (or the stream was forgotten). */
  status(stream: string): LiveStatus | undefined {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return undefined;
    const { live, lastFrameMs, timeline, rates } = entry.channel;
    let viewers = 0;
    for (const { feed } of entry.feeds.values()) viewers += feed.viewers;
    const { trackSet, session } = timeline ?? { trackSet: undefined, session: undefined };
    return { live, lastFrameMs, trackSet, session, viewers, rates };
  }

  /** Costs in proportion to the streams in memory. */
  totals(): LiveTotals {
    let liveStreams = 0;
    let viewers = 0;
    for (const { channel, feeds } of this.#entries.values()) {
      if (channel.live) liveStreams++;
      for (const { feed } of feeds.values()) viewers += feed.viewers;
    }
    return { liveStreams, viewers };
  }

  /** Calls `listener` with the current timeline and newest group at once, then with every item. */
  subscribe(stream: string, listener: LiveListener): LiveSubscription {
    return this.#releasing(stream, this.#entry(stream).channel.subscribe(listener));
  }

  /**
   * As `subscribe`, but from the start of the fragment numbered `sequence + 1`: for a reader that has
   * everything up to `sequence` from the archive. Undefined when the hub does not hold that start, or
   * holds several groups of more than `maxBytes` together since then: the archive will soon have them.
   */
  subscribeAfter(
    stream: string,
    options: { sequence: number; maxBytes: number; listener: LiveListener },
  ): LiveSubscription | undefined {
    const channel = this.#entries.get(stream)?.channel;
    const subscription = channel?.subscribeAfter(options.sequence, options);
    return subscription && this.#releasing(stream, subscription);
  }

  /** The oldest fragment whose start is still in memory. */
  oldestFragment(stream: string): OldestFragment | undefined {
    return this.#entries.get(stream)?.channel.memory.oldest();
  }

  /** Encoded media in this format, made once for all viewers: state, config, newest group, then all. */
  watch(stream: string, format: TailFormat, viewer: FeedViewer): LiveSubscription {
    const entry = this.#entry(stream);
    const { feed } = this.#feed(entry, format);
    feed.add(viewer);
    return this.#watching({ stream, entry, format, viewer });
  }

  /**
   * As `watch`, but only when the newest group begins with this very frame: for a viewer that has
   * everything before it. Otherwise undefined, and nothing happens.
   */
  watchFrom(
    stream: string,
    format: TailFormat,
    options: { viewer: FeedViewer; frame: FrameItem },
  ): LiveSubscription | undefined {
    const entry = this.#entry(stream);
    const { feed } = this.#feed(entry, format);
    if (feed.joinsAt !== options.frame) {
      this.#release(stream, entry, format);
      return undefined;
    }
    feed.add(options.viewer);
    return this.#watching({ stream, entry, format, viewer: options.viewer });
  }

  /** Drops what is known of a deleted stream, unless somebody still publishes or watches. */
  forget(stream: string): void {
    const entry = this.#entries.get(stream);
    if (entry?.channel.idle) this.#entries.delete(stream);
  }

  #entry(stream: string): Entry {
    const known = this.#entries.get(stream);
    if (known !== undefined) return known;
    const limits = { maxBytes: this.#maxBytes, maxItems: this.#maxItems };
    const channel = new Channel({ limits, now: () => this.#clock.now() });
    const entry: Entry = { channel, feeds: new Map() };
    this.#entries.set(stream, entry);
    return entry;
  }

  #feed(entry: Entry, format: TailFormat): Feed {
    const known = entry.feeds.get(format);
    if (known !== undefined) return known;
    const feed = new EncodedFeed(format, {
      maxBytes: this.#maxBytes,
      maxChunks: this.#maxItems,
    });
    const subscription = entry.channel.subscribe((item) => feed.take(item), { first: true });
    const made: Feed = { feed, subscription };
    entry.feeds.set(format, made);
    return made;
  }

  #watching(watch: {
    stream: string;
    entry: Entry;
    format: TailFormat;
    viewer: FeedViewer;
  }): LiveSubscription {
    const { stream, entry, format, viewer } = watch;
    const close = () => {
      entry.feeds.get(format)?.feed.remove(viewer);
      this.#release(stream, entry, format);
    };
    return { close };
  }

  #releasing(stream: string, subscription: LiveSubscription): LiveSubscription {
    const close = () => {
      subscription.close();
      this.#releaseEntry(stream);
    };
    return { close };
  }

  /** A feed without viewers encodes for nobody: it goes. */
  #release(stream: string, entry: Entry, format: TailFormat): void {
    const made = entry.feeds.get(format);
    if (made === undefined || made.feed.viewers > 0) return;
    made.subscription.close();
    entry.feeds.delete(format);
    this.#releaseEntry(stream);
  }

  /** Somebody only waited for a stream that never had media: nothing to remember. */
  #releaseEntry(stream: string): void {
    const entry = this.#entries.get(stream);
    if (entry?.channel.idle && entry.channel.timeline === undefined) this.#entries.delete(stream);
  }
}
