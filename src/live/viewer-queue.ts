/**
 * What one viewer has still to get. Never waits; one slow viewer costs the others nothing.
 *
 * Over its limit it drops everything older than the newest group of pictures, counts the lost frames by
 * track, and says so in front of what remains. The newest group itself is not dropped: its bytes are the
 * feed's own, shared by all viewers, and the viewer goes on in it without loss. Only when that group alone passes
 * `maxGroupBytes` is it given up; then the viewer waits for the next one.
 */
import type { ChunkItem, ConfigItem, FeedItem, LostItem, NoticeItem } from "./feed-items.ts";

export interface QueueLimits {
  /** Media bytes waiting, unless all of it is one group. */
  readonly maxBytes: number;
  /** Items waiting, unless all of them are one group. */
  readonly maxPieces: number;
  /** Media bytes of a single group. */
  readonly maxGroupBytes: number;
  readonly maxGroupPieces: number;
}

export const QUEUE_LIMITS: QueueLimits = {
  maxBytes: 4 << 20,
  maxPieces: 4096,
  maxGroupBytes: 32 << 20,
  maxGroupPieces: 20_000,
};

/** Items taken before the array is cut: keeps taking linear. */
const CUT_EVERY = 1024;

/** Of one class the newest says it all. */
function classOf(item: NoticeItem | ConfigItem): "config" | "gap" | "state" {
  return item.kind === "config" || item.kind === "gap" ? item.kind : "state";
}

export class ViewerQueue {
  readonly #limits: QueueLimits;
  #items: FeedItem[] = [];
  /** Index of the first item not yet taken. */
  #head = 0;
  #bytes = 0;
  /** Index of the newest chunk that joins; -1 when all chunks here are the tail of a group begun before. */
  #group = -1;
  #groupBytes = 0;
  /** A group was given up: nothing is of use before the next one. */
  #waiting = false;
  #lost = new Map<number, number>();
  #lostTotal = 0;

  constructor(limits: Partial<QueueLimits> = {}) {
    this.#limits = { ...QUEUE_LIMITS, ...limits };
  }

  /** Nothing here, nothing lost that was not told: items may go to the viewer directly. */
  get idle(): boolean {
    return this.length === 0 && !this.#waiting && this.#lost.size === 0;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Frames lost since the beginning, told or not. */
  get lostTotal(): number {
    return this.#lostTotal;
  }

  push(item: FeedItem): void {
    if (item.kind !== "chunk") this.#pushNotice(item);
    else if (this.#waiting && !item.joins) this.#lose(item);
    else this.#pushChunk(item);
  }

  #pushChunk(item: ChunkItem): void {
    this.#waiting = false;
    if (item.joins) {
      this.#group = this.#items.length;
      this.#groupBytes = 0;
    }
    this.#items.push(item);
    this.#bytes += item.bytes.length;
    this.#groupBytes += item.bytes.length;
    if (this.#bytes > this.#limits.maxBytes || this.length > this.#limits.maxPieces)
      this.#relieve();
  }

  /** Between two chunks only the newest notice of each class counts: flapping cannot fill the queue. */
  #pushNotice(item: NoticeItem | ConfigItem): void {
    for (let i = this.#items.length - 1; i >= this.#head; i--) {
      const before = this.#items[i];
      if (before === undefined || before.kind === "chunk") break;
      if (classOf(before) === classOf(item)) this.#items.splice(i, 1);
    }
    this.#items.push(item);
  }

  /** The next thing to send; a `lost` item first when frames are missing before it. */
  take(): FeedItem | LostItem | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    if (this.#lost.size > 0) return this.#tellLost();
    if (item.kind === "chunk") {
      this.#bytes -= item.bytes.length;
      if (this.#group <= this.#head) this.#groupBytes -= item.bytes.length;
    }
    this.#head++;
    if (this.#group < this.#head) this.#group = -1;
    if (this.#head === this.#items.length || this.#head >= CUT_EVERY) this.#cut(this.#head);
    return item;
  }

  #relieve(): void {
    const { maxGroupBytes, maxGroupPieces } = this.#limits;
    if (this.#bytes > this.#groupBytes) this.#dropBefore(this.#group);
    if (this.#groupBytes <= maxGroupBytes && this.length <= maxGroupPieces) return;
    this.#dropBefore(this.#items.length);
    this.#waiting = true;
  }

  /** Drops what waits before this index, but for the newest notice of each class. */
  #dropBefore(end: number): void {
    const kept = new Map<string, FeedItem>();
    for (const item of this.#items.slice(this.#head, end)) {
      if (item.kind === "chunk") {
        this.#lose(item);
        this.#bytes -= item.bytes.length;
      } else {
        kept.delete(classOf(item));
        kept.set(classOf(item), item);
      }
    }
    this.#items = [...kept.values(), ...this.#items.slice(end)];
    this.#head = 0;
    this.#group = this.#items.length > kept.size ? kept.size : -1;
    this.#groupBytes = this.#bytes;
  }

  #lose(item: ChunkItem): void {
    const track = item.source.frame.track;
    this.#lost.set(track, (this.#lost.get(track) ?? 0) + 1);
    this.#lostTotal++;
  }

  #tellLost(): LostItem {
    const tracks = this.#lost;
    this.#lost = new Map();
    let frames = 0;
    for (const count of tracks.values()) frames += count;
    return { kind: "lost", frames, tracks };
  }

  #cut(count: number): void {
    this.#items.splice(0, count);
    this.#head = 0;
    this.#group = Math.max(-1, this.#group - count);
  }
}
