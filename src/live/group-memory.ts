/**
 * The newest media of one stream, for viewers who join: everything since the newest group start, and
 * everything since the newest fragment's start, so that a reader of the archive can go on from here.
 *
 * Holds the producer's own payload slices; nothing is copied. Bounded by bytes and by items.
 */
import type { FragmentItem, FrameItem } from "./items.ts";

export interface MemoryLimits {
  /** Payload bytes of one stream. */
  readonly maxBytes: number;
  readonly maxItems: number;
}

export interface OldestFragment {
  readonly sequence: number;
  /** Its first frame starts a group. */
  readonly seekable: boolean;
}

type Kept = FragmentItem | FrameItem;

export class GroupMemory {
  readonly #limits: MemoryLimits;
  #items: Kept[] = [];
  #bytes = 0;
  /** Index of the newest group start; -1: none is kept. */
  #group = -1;
  /** Index of the newest fragment's start; -1: none is kept. */
  #fragment = -1;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#items.length;
  }

  addFragment(item: FragmentItem): void {
    this.#fragment = this.#items.length;
    this.#items.push(item);
    this.#trim();
  }

  /** Over the limit the oldest fragment goes first, then everything: joiners wait for the next group. */
  addFrame(item: FrameItem): void {
    if (item.startsGroup) this.#group = this.#items.length;
    else if (this.#group < 0 && this.#fragment < 0) return;
    this.#items.push(item);
    this.#bytes += item.frame.payload.length;
    if (item.startsGroup) this.#trim();
    if (this.#over() && this.#group > 0) this.#drop(this.#group);
    if (this.#over()) this.clear();
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#group = -1;
    this.#fragment = -1;
  }

  /** The newest group, its fragment's item first. Empty when there is none. */
  group(): readonly Kept[] {
    if (this.#group < 0) return [];
    const items = this.#items.slice(this.#group);
    for (let i = this.#group - 1; i >= 0; i--) {
      const item = this.#items[i];
      if (item?.kind === "fragment") return [item, ...items];
    }
    return items;
  }

  /**
   * Everything after this fragment, from the start of the next one. Undefined when that start is not
   * here (not yet, no longer, or its number is not the next), and when it is several groups of more than
   * `maxBytes` together: too much to hand over at once.
   */
  after(sequence: number, maxBytes: number): readonly Kept[] | undefined {
    const start = this.#items.findIndex(
      (item) => item.kind === "fragment" && item.number.sequence > sequence,
    );
    const first = this.#items[start];
    if (first?.kind !== "fragment" || !first.whole) return undefined;
    if (first.number.sequence !== sequence + 1) return undefined;
    const items = this.#items.slice(start);
    const several = this.#group > start + 1;
    return several && payloadBytes(items) > maxBytes ? undefined : items;
  }

  /** The oldest fragment whose start is here; undefined when there is none. */
  oldest(): OldestFragment | undefined {
    const index = this.#items.findIndex((item) => item.kind === "fragment");
    const [item, next] = [this.#items[index], this.#items[index + 1]];
    if (item?.kind !== "fragment") return undefined;
    const seekable = next?.kind === "frame" && next.startsGroup;
    return { sequence: item.number.sequence, seekable };
  }

  #over(): boolean {
    return this.#bytes > this.#limits.maxBytes || this.#items.length > this.#limits.maxItems;
  }

  /** Lets go of what neither the newest group nor the newest fragment needs. */
  #trim(): void {
    const starts = [this.#group, this.#fragment].filter((index) => index >= 0);
    this.#drop(Math.min(...starts));
  }

  #drop(count: number): void {
    if (count <= 0) return;
    for (const item of this.#items.splice(0, count))
      if (item.kind === "frame") this.#bytes -= item.frame.payload.length;
    this.#group = Math.max(-1, this.#group - count);
    this.#fragment = Math.max(-1, this.#fragment - count);
  }
}

function payloadBytes(items: readonly Kept[]): number {
  let bytes = 0;
  for (const item of items) if (item.kind === "frame") bytes += item.frame.payload.length;
  return bytes;
}
