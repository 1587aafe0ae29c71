/**
 * One stream in the hub: who publishes, what is remembered, who listens.
 *
 * Of several publishers the one that opened last is shown, from its first usable frame on (with video:
 * its first key frame). When it closes, the newest of the others that is still open is shown again from its next key
 * frame. Knows nothing of formats or sockets; publishing only calls the listeners.
 */
import { assert } from "../base/assert.ts";
import type { Millis } from "../base/units.ts";
import type { FragmentNumber } from "../fragment/fragment-number.ts";
import type { LivePublisher } from "../fragment/live.ts";
import type { Frame, TrackSet } from "../media/track.ts";
import { FrameRate, type FrameRates } from "./frame-rate.ts";
import { GroupMemory, type MemoryLimits } from "./group-memory.ts";
import { GroupStarts } from "./group-starts.ts";
import type {
  EndItem,
  FrameItem,
  LiveItem,
  LiveListener,
  LiveSubscription,
  TimelineItem,
} from "./items.ts";

export interface ChannelOptions {
  readonly limits: MemoryLimits;
  now(): Millis;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #memory: GroupMemory;
  /** In the order they opened. */
  #publishers: Publisher[] = [];
  #shown: Publisher | undefined;
  #timeline: TimelineItem | undefined;
  #end: EndItem | undefined;
  #lastFrameMs: Millis | undefined;
  #rate = new FrameRate();
  /** Whose frames are pictures: the first video, else the first track. */
  #counted: number | undefined;
  /** Replaced, never changed, so that a delivery going on is not disturbed. */
  #first: readonly LiveListener[] = [];
  #listeners: readonly LiveListener[] = [];

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#memory = new GroupMemory(options.limits);
  }

  /** A producer is connected. */
  get live(): boolean {
    return this.#publishers.length > 0;
  }

  get lastFrameMs(): Millis | undefined {
    return this.#lastFrameMs;
  }

  /** Of what is shown; zero when nobody publishes. */
  get rates(): FrameRates {
    return this.live ? this.#rate.at(this.#options.now()) : { fps: 0, kbits: 0 };
  }

  /** The newest known, also when nobody publishes. */
  get timeline(): TimelineItem | undefined {
    return this.#timeline;
  }

  get memory(): GroupMemory {
    return this.#memory;
  }

  get idle(): boolean {
    return this.#publishers.length + this.#first.length + this.#listeners.length === 0;
  }

  open(session: string): LivePublisher {
    const publisher = new Publisher(this, session);
    this.#publishers.push(publisher);
    return publisher;
  }

  /**
   * Calls `listener` with the timeline and the newest group at once, then with every item. Those who
   * come `first` hear an item before all others, so that others may look at what they made of it.
   */
  subscribe(listener: LiveListener, options: { first?: boolean } = {}): LiveSubscription {
    return this.#attach(listener, this.#memory.group(), options.first ?? false);
  }

  /**
   * As `subscribe`, but from the start of the fragment after this one. Undefined, and nothing happens,
   * when its start is not in memory, or `GroupMemory.after` finds it too much.
   */
  subscribeAfter(
    sequence: number,
    options: { maxBytes: number; listener: LiveListener },
  ): LiveSubscription | undefined {
    const { maxBytes, listener } = options;
    const items = this.#memory.after(sequence, maxBytes);
    return items === undefined ? undefined : this.#attach(listener, items, false);
  }

  #attach(listener: LiveListener, past: readonly LiveItem[], first: boolean): LiveSubscription {
    let open = true;
    const heard: LiveListener = (item) => {
      if (open) listener(item);
    };
    if (first) this.#first = [...this.#first, heard];
    else this.#listeners = [...this.#listeners, heard];
    if (this.#end !== undefined) heard(this.#end);
    else if (this.#timeline !== undefined) heard(this.#timeline);
    for (const item of past) heard(item);
    const close = () => {
      open = false;
      this.#first = this.#first.filter((one) => one !== heard);
      this.#listeners = this.#listeners.filter((one) => one !== heard);
    };
    return { close };
  }

  /** Whether this publisher is shown; it takes over here if it may. */
  shows(publisher: Publisher, frame: Frame): boolean {
    const shown = this.#shown;
    if (shown === publisher) return true;
    if (shown !== undefined) {
      if (this.#publishers.indexOf(publisher) < this.#publishers.indexOf(shown)) return false;
      if (!publisher.startsAt(frame)) return false;
    }
    this.#shown = publisher;
    publisher.appear();
    return true;
  }

  beginTimeline(timeline: TimelineItem): void {
    this.#end = undefined;
    this.#timeline = timeline;
    const { tracks } = timeline.trackSet;
    this.#counted = (tracks.find(({ type }) => type === "video") ?? tracks[0])?.number;
    this.#memory.clear();
    this.#deliver(timeline);
  }

  beginFragment(number: FragmentNumber, whole: boolean): void {
    const item: LiveItem = { kind: "fragment", number, whole };
    this.#memory.addFragment(item);
    this.#deliver(item);
  }

  addFrame(item: FrameItem): void {
    this.#lastFrameMs = item.receivedMs;
    const { payload, track } = item.frame;
    this.#rate.add(item.receivedMs, payload.length, track === this.#counted);
    this.#memory.addFrame(item);
    this.#deliver(item);
  }

  remove(publisher: Publisher): void {
    this.#publishers = this.#publishers.filter((one) => one !== publisher);
    if (this.#publishers.length === 0) this.#rate = new FrameRate();
    if (this.#shown === publisher) this.#shown = undefined;
    if (this.#publishers.length > 0 || this.#timeline === undefined) return;
    this.#memory.clear();
    if (this.#end !== undefined) return;
    this.#end = { kind: "end", atMs: this.#options.now() };
    this.#deliver(this.#end);
  }

  #deliver(item: LiveItem): void {
    for (const listener of this.#first) listener(item);
    for (const listener of this.#listeners) listener(item);
  }
}

/** One producer connection. What it says before it is shown is remembered, not delivered. */
class Publisher implements LivePublisher {
  readonly #channel: Channel;
  readonly #session: string;
  #trackSet: TrackSet | undefined;
  #starts: GroupStarts | undefined;
  #number: FragmentNumber | undefined;
  #run = 0;
  /** Still to be said before the next frame. */
  #newTimeline = true;
  #newFragment = false;
  /** A frame of the fragment at hand was left out. */
  #leftOut = false;
  #closed = false;

  constructor(channel: Channel, session: string) {
    this.#channel = channel;
    this.#session = session;
  }

  tracks(trackSet: TrackSet): void {
    this.#trackSet = trackSet;
    this.#starts = new GroupStarts(trackSet);
    this.#newTimeline = true;
  }

  fragment(number: FragmentNumber, run: number, whole = true): void {
    if (run !== this.#run && this.#trackSet !== undefined) this.tracks(this.#trackSet);
    this.#run = run;
    this.#number = number;
    this.#newFragment = true;
    this.#leftOut = !whole;
  }

  frame(frame: Frame, receivedMs: Millis): void {
    assert(!this.#closed, "a frame after close");
    const shown = this.#channel.shows(this, frame);
    const starts = this.#starts;
    assert(starts !== undefined, "a frame before its tracks");
    if (!shown || starts.useless(frame)) {
      this.#leftOut = true;
      return;
    }
    if (this.#newTimeline || this.#newFragment) this.#announce();
    const sequence = this.#number?.sequence ?? 0;
    const startsGroup = starts.starts(frame);
    this.#channel.addFrame({ kind: "frame", frame, receivedMs, sequence, startsGroup });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel.remove(this);
  }

  /** A newcomer replaces another here: not in the middle of a group of pictures. */
  startsAt(frame: Frame): boolean {
    const set = this.#trackSet;
    assert(set !== undefined, "a frame before its tracks");
    const main = set.tracks.find((track) => track.type === "video");
    return main === undefined || (frame.track === main.number && frame.key);
  }

  /** Shown from now on, as if its media began here. */
  appear(): void {
    if (this.#trackSet !== undefined) this.tracks(this.#trackSet);
    this.#newFragment = this.#number !== undefined;
  }

  #announce(): void {
    const trackSet = this.#trackSet;
    assert(trackSet !== undefined, "a frame before its tracks");
    if (this.#newTimeline) {
      const [session, run] = [this.#session, this.#run];
      this.#channel.beginTimeline({ kind: "timeline", session, run, trackSet });
    }
    if (this.#number !== undefined)
      this.#channel.beginFragment(this.#number, this.#newFragment && !this.#leftOut);
    this.#newTimeline = false;
    this.#newFragment = false;
  }
}
