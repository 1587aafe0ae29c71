/**
 * One stream in one format, for all its viewers: every chunk is made once. Made when the first viewer
 * comes, gone with the last.
 *
 * Keeps the chunks since the newest one a viewer can join at. Knows nothing of sockets.
 */
import type {
  ChunkItem,
  ConfigItem,
  FeedItem,
  FeedViewer,
  NoticeItem,
  TailFormat,
} from "./feed-items.ts";
import type { FrameItem, LiveItem } from "./items.ts";
import { TimelineMessages } from "./timeline-messages.ts";

export interface FeedLimits {
  /** Encoded bytes kept for joiners. */
  readonly maxBytes: number;
  readonly maxChunks: number;
}

export class EncodedFeed {
  readonly #limits: FeedLimits;
  readonly #messages: TimelineMessages;
  /** Replaced, never changed, so that a fan-out going on is not disturbed. */
  #viewers: readonly FeedViewer[] = [];
  #state: NoticeItem = { kind: "offline" };
  /** The newest timeline's config, or why there is none. */
  #config: ConfigItem | NoticeItem | undefined;
  #chunks: ChunkItem[] = [];
  #bytes = 0;

  constructor(format: TailFormat, limits: FeedLimits) {
    this.#limits = limits;
    this.#messages = new TimelineMessages(format);
  }

  get viewers(): number {
    return this.#viewers.length;
  }

  /** The frame a joiner would begin with. */
  get joinsAt(): FrameItem | undefined {
    return this.#chunks[0]?.source;
  }

  /** Gives the viewer the state, the config and the newest group at once, then every item. */
  add(viewer: FeedViewer): void {
    viewer.push(this.#state);
    if (this.#config !== undefined) viewer.push(this.#config);
    for (const chunk of this.#chunks) viewer.push(chunk);
    this.#viewers = [...this.#viewers, viewer];
  }

  remove(viewer: FeedViewer): void {
    this.#viewers = this.#viewers.filter((one) => one !== viewer);
  }

  /** The hub's items, as a listener gets them. */
  take(item: LiveItem): void {
    if (item.kind === "frame") this.#frame(item);
    else if (item.kind === "timeline") this.#timeline(item);
    else if (item.kind === "end") this.#end(item);
  }

  #timeline(item: Extract<LiveItem, { kind: "timeline" }>): void {
    this.#messages.timeline(item);
    this.#forget();
    this.#config = undefined;
    if (this.#state.kind === "live") return;
    this.#state = { kind: "live" };
    this.#fanOut(this.#state);
  }

  #end(item: Extract<LiveItem, { kind: "end" }>): void {
    this.#forget();
    this.#config = undefined;
    this.#state = { kind: "offline", sinceMs: item.atMs };
    this.#fanOut(this.#state);
  }

  #frame(item: FrameItem): void {
    const { before, chunk } = this.#messages.frame(item);
    if (before !== undefined) {
      this.#config = before;
      this.#fanOut(before);
    }
    if (chunk === undefined) return;
    this.#keep(chunk);
    this.#fanOut(chunk);
  }

  /** The hot loop: one call per viewer and frame, nothing made per viewer. */
  #fanOut(item: FeedItem): void {
    for (const viewer of this.#viewers) {
      try {
        viewer.push(item);
      } catch (error) {
        this.remove(viewer);
        viewer.failed(error);
      }
    }
  }

  #keep(chunk: ChunkItem): void {
    if (chunk.joins) this.#forget();
    else if (this.#chunks.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length;
    const { maxBytes, maxChunks } = this.#limits;
    if (this.#bytes > maxBytes || this.#chunks.length > maxChunks) this.#forget();
  }

  #forget(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}
