/**
 * Media segments into a video element by Media Source Extensions (W3C MSE). One source buffer, one append at a
 * time, old media removed. Media time 0 is a wall-clock time that is fixed when the first segment comes, so
 * that several timelines can stand in one buffer.
 */
import { AppendQueue, type QueueItem } from "./append-queue.ts";
import { PictureTimes } from "./picture-times.ts";

/** Media this far behind the playhead is removed, seconds. */
export const KEEP_S = 30;
/** When the buffer is full, only so much behind the playhead is kept. */
const KEEP_FULL_S = 3;
/** While seeking, no more than this is appended after the playhead, seconds. */
const ENOUGH_TO_SEEK_S = 2;
/** Wall-clock span one buffer may hold: farther jumps need a new one (media times stay exact). Seconds. */
const MAX_REACH_S = 7 * 86_400;

export interface PipeHandlers {
  /** Nothing more can be shown; the browser's own words, which may be none. */
  readonly failed: (why: string) => void;
  /** More is buffered, or less. */
  readonly appended: () => void;
}

export class MsePipe {
  readonly #video: HTMLVideoElement;
  readonly #source: MediaSource | undefined;
  readonly #url: string;
  readonly #queue = new AppendQueue();
  readonly #handlers: PipeHandlers;
  /** When each picture begins, media seconds. */
  readonly pictures = new PictureTimes();
  #buffer: SourceBuffer | undefined;
  #mime = "";
  #originUs: number | undefined;
  #closed = false;
  /** A seek to here has enough to be done. Media seconds, as the next one. */
  #enoughAt = -1;
  /** What is old was looked for when the playhead was here. */
  #cleanedAt = 0;
  readonly #seeked = (): void => this.#drain();
  readonly #broken = (): void => this.#fail(this.#video.error?.message ?? "");

  /** Takes over the video element. */
  constructor(video: HTMLVideoElement, handlers: PipeHandlers) {
    this.#video = video;
    this.#handlers = handlers;
    const Source = mediaSource();
    this.#source = Source === undefined ? undefined : new Source();
    this.#url = this.#source === undefined ? "" : URL.createObjectURL(this.#source);
    video.addEventListener("seeked", this.#seeked);
    video.addEventListener("error", this.#broken);
    if (this.#source === undefined) return;
    this.#source.addEventListener("sourceopen", () => this.#drain());
    video.src = this.#url;
  }

  /** Media time 0, µs since the Unix epoch; `undefined` before the first segment. */
  get originUs(): number | undefined {
    return this.#originUs;
  }

  /** Whether media with this origin can stand in this buffer. */
  takes(originUs: number): boolean {
    const offsetS = (originUs - (this.#originUs ?? originUs)) / 1e6;
    return offsetS >= 0 && offsetS < MAX_REACH_S;
  }

  /** An initialization segment. The media after it has times that count from `originUs`. */
  begin(mime: string, originUs: number, bytes: Uint8Array): void {
    this.#originUs ??= originUs;
    const offsetS = (originUs - this.#originUs) / 1e6;
    this.pictures.begin(bytes, offsetS);
    this.#add({ kind: "init", mime, offsetS, bytes });
  }

  append(bytes: Uint8Array): void {
    this.pictures.add(bytes);
    this.#add({ kind: "media", bytes });
  }

  /** Wall-clock ms of a media time in seconds. */
  wallMs(mediaS: number): number | undefined {
    return this.#originUs === undefined ? undefined : this.#originUs / 1000 + mediaS * 1000;
  }

  mediaS(wallMs: number): number | undefined {
    return this.#originUs === undefined ? undefined : wallMs / 1000 - this.#originUs / 1e6;
  }

  /** Buffered ranges in media seconds, in order. */
  get ranges(): readonly { readonly start: number; readonly end: number }[] {
    const buffered = this.#buffer?.buffered;
    if (buffered === undefined || this.#closed) return [];
    return Array.from({ length: buffered.length }, (_, i) => ({
      start: buffered.start(i),
      end: buffered.end(i),
    }));
  }

  /** Seconds buffered after the playhead, across ranges that begin later: what is still to be played. */
  get aheadS(): number | undefined {
    const end = this.ranges.at(-1)?.end;
    return end === undefined ? undefined : end - this.#video.currentTime;
  }

  /** Where the buffer ends, wall-clock ms. */
  get endMs(): number | undefined {
    const end = this.ranges.at(-1)?.end;
    return end === undefined ? undefined : this.wallMs(end);
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
    this.#buffer = undefined;
    this.#video.removeEventListener("seeked", this.#seeked);
    this.#video.removeEventListener("error", this.#broken);
    URL.revokeObjectURL(this.#url);
  }

  #add(item: QueueItem): void {
    if (this.#closed) return;
    if (!this.#queue.add(item)) this.#fail("it takes no more of it");
    this.#drain();
  }

  #drain(): void {
    if (this.#closed || this.#source?.readyState !== "open" || this.#buffer?.updating) return;
    if (this.#seekHasEnough() || this.#cleans()) return;
    const item = this.#queue.take();
    if (item === undefined) return;
    try {
      const buffer = item.kind === "init" ? this.#prepare(item) : this.#buffer;
      buffer?.appendBuffer(item.bytes as Uint8Array<ArrayBuffer>);
    } catch (error) {
      this.#refused(item, error);
    }
  }

  /** Appending and decoding compete: with enough there, the picture that somebody waits for comes first. */
  #seekHasEnough(): boolean {
    const { seeking, currentTime } = this.#video;
    if (!seeking) return false;
    // Asked at every message: what is buffered is looked up once for each place.
    if (this.#enoughAt !== currentTime && (this.aheadS ?? 0) > ENOUGH_TO_SEEK_S)
      this.#enoughAt = currentTime;
    return this.#enoughAt === currentTime;
  }

  /** True when old media is being removed; looked at about once a second of media. */
  #cleans(): boolean {
    const { currentTime } = this.#video;
    if (Math.abs(currentTime - this.#cleanedAt) < 1) return false;
    this.#cleanedAt = currentTime;
    return this.#removeOld(KEEP_S, 10);
  }

  #prepare({ mime, offsetS }: QueueItem & { kind: "init" }): SourceBuffer | undefined {
    let buffer = this.#buffer;
    if (buffer === undefined) {
      if (this.#source === undefined) return undefined;
      buffer = this.#source.addSourceBuffer(mime);
      buffer.addEventListener("updateend", () => {
        if (!this.#closed) this.#handlers.appended();
        this.#drain();
      });
      buffer.addEventListener("error", () => this.#fail(""));
      this.#buffer = buffer;
    } else if (mime !== this.#mime) buffer.changeType(mime);
    this.#mime = mime;
    buffer.timestampOffset = offsetS;
    return buffer;
  }

  #refused(item: QueueItem, error: unknown): void {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    if (!full) {
      this.#fail(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#queue.putBack(item);
    // With nothing old to remove, playing on makes room; the next append tries again.
    this.#removeOld(KEEP_FULL_S, 0);
  }

  /** True when a removal has begun. `slackS`: not for less than so many seconds, to remove seldom. */
  #removeOld(keepS: number, slackS: number): boolean {
    const start = this.ranges[0]?.start;
    const end = this.#video.currentTime - keepS;
    if (start === undefined || end - start <= slackS) return false;
    this.#buffer?.remove(0, end);
    return true;
  }

  #fail(why: string): void {
    if (!this.#closed) this.#handlers.failed(why);
  }
}

/** Safari on phones has the managed kind alone. */
function mediaSource(): typeof MediaSource | undefined {
  const { MediaSource: plain, ManagedMediaSource: managed } = globalThis as {
    MediaSource?: typeof MediaSource;
    ManagedMediaSource?: typeof MediaSource;
  };
  return plain ?? managed;
}

/** Whether there is any way to play here. */
export function canPlay(): boolean {
  return mediaSource() !== undefined;
}

/** Whether this browser has a decoder for it. */
export function plays(mime: string): boolean {
  return mediaSource()?.isTypeSupported(mime) ?? false;
}
