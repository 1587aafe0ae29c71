/**
 * Turns hub items into what viewers of one format get. Used by a feed for all its viewers, and by a
 * viewer that reads from the archive for itself alone.
 *
 * Media that cannot be encoded never reaches the publisher as an exception: the frame is left out and counted.
 */
import { asFault, Fault } from "../base/errors.ts";
import type { MakeEncoder, TimelineEncoder } from "./encoders/encoder.ts";
import { makeFmp4Encoder } from "./encoders/fmp4-encoder.ts";
import { makeFramesEncoder } from "./encoders/frames-encoder.ts";
import { makeMkvEncoder } from "./encoders/mkv-encoder.ts";
import type { ChunkItem, ConfigItem, NoticeItem, TailFormat } from "./feed-items.ts";
import type { FrameItem, LiveItem, TimelineItem } from "./items.ts";

const encoders: Record<TailFormat, MakeEncoder> = {
  frames: makeFramesEncoder,
  mkv: makeMkvEncoder,
  fmp4: makeFmp4Encoder,
};

/** Result of one frame: what comes before it, if anything, and the frame. */
export interface Messages {
  readonly before: ConfigItem | NoticeItem | undefined;
  readonly chunk: ChunkItem | undefined;
}

const NOTHING: Messages = { before: undefined, chunk: undefined };

export class TimelineMessages {
  readonly #format: TailFormat;
  #timeline: TimelineItem | undefined;
  #encoder: TimelineEncoder | undefined;
  /** The timeline cannot be sent in this format. */
  #refused = false;
  #leftOut = 0;

  constructor(format: TailFormat) {
    this.#format = format;
  }

  /** Frames the encoder refused, since the beginning. */
  get leftOut(): number {
    return this.#leftOut;
  }

  timeline(item: TimelineItem): void {
    this.#timeline = item;
    this.#encoder = undefined;
    this.#refused = false;
  }

  frame(item: FrameItem): Messages {
    if (this.#refused || this.#timeline === undefined) return NOTHING;
    const before = this.#encoder === undefined ? this.#begin(this.#timeline, item) : undefined;
    return { before, chunk: this.#encode(item) };
  }

  #begin(timeline: TimelineItem, first: FrameItem): ConfigItem | NoticeItem {
    try {
      this.#encoder = encoders[this.#format](timeline, first);
    } catch (error) {
      this.#refused = true;
      const { code, message } = asFault(error);
      return { kind: "error", code, message };
    }
    return configOf(this.#format, timeline, this.#encoder);
  }

  #encode(source: FrameItem): ChunkItem | undefined {
    try {
      const made = this.#encoder?.add(source);
      if (made === undefined) return undefined;
      return { kind: "chunk", bytes: made.bytes, source, joins: made.joins };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#leftOut++;
      return undefined;
    }
  }
}

function configOf(
  format: TailFormat,
  timeline: TimelineItem,
  encoder: TimelineEncoder,
): ConfigItem {
  const { init, mime, originUs } = encoder;
  const tracks = timeline.trackSet.tracks.map((track) => ({
    track,
    carried: encoder.carries(track.number),
  }));
  return {
    kind: "config",
    format,
    timeline,
    tracks,
    ...(mime === undefined ? {} : { mime }),
    ...(originUs === undefined ? {} : { originUs }),
    ...(init === undefined ? {} : { init }),
  };
}

/** True when these two are one timeline for a decoder: nothing needs to be said between them. */
export function sameTimeline(a: TimelineItem | undefined, b: LiveItem): boolean {
  if (a === undefined || b.kind !== "timeline") return false;
  const [one, two] = [a.trackSet, b.trackSet];
  if (a.session !== b.session || a.run !== b.run) return false;
  if (one.timestampScaleNs !== two.timestampScaleNs) return false;
  const [left, right] = [one.tracksElement, two.tracksElement];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
