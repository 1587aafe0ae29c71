/**
 * `from=T`: archived fragments in the order they arrived, then the hub's frames, none twice and none missing.
 *
 * The cursor is the sequence of the last fragment sent. The viewer reads the archive, at its own speed, until the
 * hub still holds the start of the next fragment; then it takes that fragment's frames from the hub. Until
 * the next key frame its media is encoded for it alone, then it moves to the feed all viewers share.
 */

import { type Clock, sleep } from "../../base/clock.ts";
import { Fault } from "../../base/errors.ts";
import { Rope } from "../../base/rope.ts";
import type { FragmentReader, StoredFragment } from "../../fragment/fragment.ts";
import type { ChunkItem, TailFormat } from "../../live/feed-items.ts";
import { GroupStarts } from "../../live/group-starts.ts";
import type { LiveHub } from "../../live/hub.ts";
import type { FrameItem, LiveItem, LiveSubscription, TimelineItem } from "../../live/items.ts";
import { sameTimeline, TimelineMessages } from "../../live/timeline-messages.ts";
import { QUEUE_LIMITS } from "../../live/viewer-queue.ts";
import { firstFragment, fragmentsAfter, type WalkOptions } from "./archive-walk.ts";
import { archivedFrames } from "./archived-frames.ts";
import type { SocketWriter } from "./socket-writer.ts";

/** How often a viewer at the end of the archive looks again. */
const POLL_MS = 250;
/** No new fragment for so long: the archive will not get what is missing. */
export const GIVE_UP_MS = 10_000;
/** The same while nothing at all is stored: most likely nothing of this stream is kept. */
export const EMPTY_PATIENCE_MS = 1000;
/** A fragment that began to arrive before this may still be on its way to the disk. */
const HOLE_PATIENCE_MS = 5000;
/** How many of the newest fragments may be on their way to the disk when nothing ends after T yet. */
const IN_FLIGHT = 64;
/** How far before T a stored fragment is looked for when the producer has only just left. */
const JUST_BEFORE_MS = 60_000;
/** Frames of the archive go together up to about this, where the viewer takes them so. */
const JOINED_BYTES = 64 << 10;
/** The hub hands over what the viewer's queue can hold. */
const HAND_OVER_BYTES = QUEUE_LIMITS.maxBytes;

export interface ReplayOptions {
  readonly hub: LiveHub;
  readonly reader: FragmentReader;
  readonly clock: Clock;
  readonly stream: string;
  readonly format: TailFormat;
  /** Producer time, ms since the Unix epoch. */
  readonly fromMs: number;
  /** The viewer takes several frames of the archive in one message: a browser is told of each message. Default: one each. */
  readonly joined?: boolean;
  readonly writer: SocketWriter;
  readonly signal: AbortSignal;
}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #walk: WalkOptions;
  readonly #messages: TimelineMessages;
  #timeline: TimelineItem | undefined;
  #starts: GroupStarts | undefined;
  #subscription: LiveSubscription | undefined;
  #cursor = 0;
  #patienceMs = GIVE_UP_MS;
  #saidOffline = false;
  #pending: ChunkItem[] = [];
  #pendingBytes = 0;
  /** A frame was sent: what follows it can be decoded. */
  #sent = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#walk = options;
    this.#messages = new TimelineMessages(options.format);
  }

  /** Resolves when the viewer is live, or gone. Rejects with `store.*`, `stream.not-found`. */
  async run(): Promise<void> {
    const { hub, clock, stream, signal } = this.#options;
    if (!(await this.#findStart())) return this.#goLive();
    let since = clock.elapsed();
    while (!signal.aborted) {
      if (this.#handOver()) return;
      const before = this.#cursor;
      const oldest = hub.oldestFragment(stream)?.sequence;
      const quietMs = clock.elapsed() - since;
      if (oldest !== undefined || quietMs < this.#patienceMs) await this.#deliver();
      if (this.#subscription !== undefined || signal.aborted) return;
      if (this.#cursor > before) [since, this.#patienceMs] = [clock.elapsed(), GIVE_UP_MS];
      else if (quietMs >= this.#patienceMs && oldest !== undefined && oldest > before + 1)
        return this.#skipTo(oldest);
      else await this.#wait();
      if (oldest === undefined && hub.oldestFragment(stream)?.sequence !== undefined)
        since = clock.elapsed();
    }
  }

  close(): void {
    this.#subscription?.close();
  }

  /** Sets the cursor. False: nothing after T is stored or arriving, go live. */
  async #findStart(): Promise<boolean> {
    const { stream, fromMs, reader } = this.#options;
    const first = await firstFragment(fromMs, this.#walk);
    if (first !== undefined) {
      this.#cursor = first.info.number.sequence - 1;
      return true;
    }
    if ((await reader.extent(stream)) === undefined) this.#patienceMs = EMPTY_PATIENCE_MS;
    const after = await this.#beforeFlight();
    if (after === undefined) return false;
    this.#cursor = await this.#beforeArriving(after);
    return true;
  }

  /** A sequence before all fragments that may be on their way to the disk; undefined: none are. */
  async #beforeFlight(): Promise<number | undefined> {
    const { hub, stream, fromMs, clock } = this.#options;
    const oldest = hub.oldestFragment(stream);
    if (oldest !== undefined) return Math.max(0, oldest.sequence - IN_FLIGHT);
    const lastFrameMs = hub.status(stream)?.lastFrameMs;
    if (lastFrameMs === undefined || clock.now() - lastFrameMs > GIVE_UP_MS) return undefined;
    const recent = await firstFragment(fromMs - JUST_BEFORE_MS, this.#walk);
    if (recent !== undefined) return recent.info.number.sequence - 1;
    return this.#patienceMs === EMPTY_PATIENCE_MS ? 0 : undefined;
  }

  /**
   * T is in what is not stored yet. The cursor before the newest fragment above `after` that a decoder
   * can start in; the hub's own when it is the next.
   */
  async #beforeArriving(after: number): Promise<number> {
    const { hub, stream, fromMs } = this.#options;
    let last = after;
    let seekable: number | undefined;
    for await (const { info } of fragmentsAfter(after, this.#walk)) {
      last = info.number.sequence;
      if (info.seekable) seekable = last;
      // Stored since the first look: T is in this one.
      if (info.producedEndUs > fromMs * 1000) return (seekable ?? last) - 1;
    }
    const oldest = hub.oldestFragment(stream);
    if (oldest?.seekable && oldest.sequence === last + 1) return last;
    return seekable === undefined ? last : seekable - 1;
  }

  /** Sends what the archive has after the cursor, until the hub can take over. */
  async #deliver(): Promise<void> {
    const { clock, writer, signal } = this.#options;
    for await (const stored of fragmentsAfter(this.#cursor, this.#walk)) {
      const { number } = stored.info;
      const hole = number.sequence > this.#cursor + 1;
      if (hole && clock.now() - number.receivedMs < HOLE_PATIENCE_MS && this.#timeline) return;
      await this.#send(stored);
      await writer.room();
      this.#cursor = number.sequence;
      if (signal.aborted || this.#handOver()) return;
    }
  }

  async #send(stored: StoredFragment): Promise<void> {
    const { reader, writer, signal, joined = false } = this.#options;
    const { number, session, run } = stored.info;
    const { sequence, receivedMs } = number;
    let blocks: Uint8Array;
    try {
      const { packId, blocksOffset, blocksSize } = stored;
      blocks = await reader.read(packId, blocksOffset, blocksSize, signal);
      const trackSet = await reader.trackSet(stored.trackSetId);
      this.#begin({ kind: "timeline", session, run, trackSet });
    } catch (error) {
      if (!(error instanceof Fault) || signal.aborted) throw error;
      writer.push({ kind: "gap", afterSequence: sequence - 1, beforeSequence: sequence + 1 });
      return;
    }
    const trackSet = this.#timeline?.trackSet;
    if (trackSet === undefined) return;
    for (const frame of archivedFrames(trackSet, stored.clusterNs, blocks)) {
      if (writer.blocked) await writer.room();
      if (this.#starts === undefined || this.#starts.useless(frame)) continue;
      const startsGroup = this.#starts.starts(frame);
      this.#encode({ kind: "frame", frame, receivedMs, sequence, startsGroup }, joined);
    }
    this.#flush();
  }

  /** A new timeline, unless it goes on. */
  #begin(timeline: TimelineItem): void {
    if (sameTimeline(this.#timeline, timeline)) return;
    this.#timeline = timeline;
    this.#starts = new GroupStarts(timeline.trackSet);
    this.#messages.timeline(timeline);
  }

  #encode(item: FrameItem, joined = false): void {
    this.#sent = true;
    const { before, chunk } = this.#messages.frame(item);
    if (before !== undefined) {
      this.#flush();
      this.#options.writer.push(before);
    }
    if (chunk === undefined) return;
    if (!joined) {
      this.#options.writer.push(chunk);
      return;
    }
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.bytes.length;
    if (this.#pendingBytes >= JOINED_BYTES) this.#flush();
  }

  /** What was held back to go together. */
  #flush(): void {
    const { writer } = this.#options;
    const [first, ...others] = this.#pending;
    const parts = this.#pending.map(({ bytes }) => bytes);
    [this.#pending, this.#pendingBytes] = [[], 0];
    if (first === undefined) return;
    if (others.length === 0) writer.push(first);
    else writer.push({ ...first, bytes: Rope.from(parts).toBytes() });
  }

  /** Goes on with the hub's frames when the hub holds the start of the next fragment. */
  #handOver(): boolean {
    const { hub, stream } = this.#options;
    let shared: LiveSubscription | undefined;
    let told = false;
    const listener = (item: LiveItem): void => {
      if (shared !== undefined) return;
      if (!told) this.#options.writer.push({ kind: "live" });
      told = true;
      shared = this.#hear(item);
      if (shared === undefined) return;
      this.#subscription?.close();
      this.#subscription = shared;
    };
    const maxBytes = HAND_OVER_BYTES;
    const own = hub.subscribeAfter(stream, { sequence: this.#cursor, maxBytes, listener });
    if (own === undefined) return false;
    if (shared === undefined) this.#subscription = own;
    else own.close();
    return true;
  }

  /** An item of the hub. Returns the place on the shared feed when the viewer could move there. */
  #hear(item: LiveItem): LiveSubscription | undefined {
    const { hub, stream, format, writer } = this.#options;
    if (item.kind === "timeline") this.#begin(item);
    if (item.kind === "end") writer.push({ kind: "offline", sinceMs: item.atMs });
    if (item.kind !== "frame") return undefined;
    if (item.startsGroup) {
      const shared = hub.watchFrom(stream, format, { viewer: writer, frame: item });
      if (shared !== undefined) return shared;
    }
    if (this.#sent || item.startsGroup) this.#encode(item);
    return undefined;
  }

  #skipTo(oldest: number): void {
    const { writer } = this.#options;
    writer.push({ kind: "gap", afterSequence: this.#cursor, beforeSequence: oldest });
    this.#cursor = oldest - 1;
    if (!this.#handOver()) this.#goLive();
  }

  #goLive(): void {
    const { hub, stream, format, writer, signal } = this.#options;
    if (!signal.aborted) this.#subscription = hub.watch(stream, format, writer);
  }

  /** At the end of the archive. */
  async #wait(): Promise<void> {
    const { hub, stream, clock, signal, writer } = this.#options;
    const status = hub.status(stream);
    const offline = !(status?.live ?? false);
    if (offline && !this.#saidOffline) writer.push({ kind: "offline" });
    this.#saidOffline = offline;
    await sleep(clock, POLL_MS, signal);
  }
}
