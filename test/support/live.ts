/** Hand-made live media: a camera that publishes one frame at a time, and viewers that remember. */
import { Rope } from "../../src/base/rope.ts";
import { type Millis, micros, millis } from "../../src/base/units.ts";
import type { SealedFragment } from "../../src/fragment/fragment.ts";
import type { LivePublisher, LiveSink } from "../../src/fragment/live.ts";
import type { ChunkItem, FeedItem, FeedViewer } from "../../src/live/feed-items.ts";
import type { FrameItem } from "../../src/live/items.ts";
import { simpleBlock, tracksElement } from "../../src/media/mkv/writer.ts";
import type { Frame, Track, TrackSet } from "../../src/media/track.ts";

export const VIDEO = 1;
export const AUDIO = 2;
export const START_US = 1_700_000_000_000_000;

/** Tracks with no codec configuration: enough wherever nothing decodes them. */
export function trackSetOf(kinds: readonly ("video" | "audio")[], width = 1280): TrackSet {
  const tracks = kinds.map((kind): Track => {
    const number = kind === "video" ? VIDEO : AUDIO;
    return kind === "video"
      ? { number, type: kind, codecId: "V_VP8", encoding: "plain", video: { width, height: 720 } }
      : {
          number,
          type: kind,
          codecId: "A_PCM/INT/LIT",
          encoding: "plain",
          audio: { sampleRate: 48000, channels: 1, bitDepth: 16 },
        };
  });
  return { tracks, timestampScaleNs: 1_000_000, tracksElement: tracksElement(tracks) };
}

export interface FrameOptions {
  readonly track?: number;
  readonly key?: boolean;
  readonly timeUs?: number;
  readonly bytes?: number;
  /** Written into the payload, so that a frame can be told from all others. */
  readonly id?: number;
}

export function frameOf(options: FrameOptions = {}): Frame {
  const { track = VIDEO, key = false, timeUs = START_US, bytes = 8, id = 0 } = options;
  const payload = new Uint8Array(Math.max(4, bytes));
  new DataView(payload.buffer).setUint32(0, id);
  return { track, key, timeUs: micros(timeUs), payload: Rope.of(payload) };
}

/** The number `frameOf` wrote. */
export function idOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}

export interface CameraOptions {
  readonly session?: string;
  readonly trackSet?: TrackSet;
  /** Frames from key frame to key frame. */
  readonly gop?: number;
  /** Video frames per fragment; need not be a multiple of `gop`. */
  readonly fragment?: number;
  readonly bytes?: number;
  /** Number of the first fragment, and of the first frame's id. */
  readonly sequence?: number;
  readonly firstId?: number;
  readonly startUs?: number;
}

/** 25 frames a second. Tells what it published as sealed fragments too. */
export class TestCamera {
  readonly publisher: LivePublisher;
  readonly sealed: SealedFragment[] = [];
  readonly #options: Required<CameraOptions>;
  #open: Frame[] = [];
  #sequence: number;
  #count = 0;

  constructor(hub: LiveSink, stream: string, options: CameraOptions = {}) {
    this.#options = {
      session: "session-1",
      trackSet: trackSetOf(["video", "audio"]),
      gop: 10,
      fragment: 20,
      bytes: 8,
      sequence: 1,
      firstId: 0,
      startUs: START_US,
      ...options,
    };
    this.#sequence = this.#options.sequence - 1;
    this.publisher = hub.open(stream, this.#options.session);
    this.publisher.tracks(this.#options.trackSet);
  }

  /** Frames published so far. */
  get published(): number {
    return this.#count;
  }

  receivedMs(index: number): Millis {
    return millis(Math.floor(this.#options.startUs / 1000) + index * 40);
  }

  /** Publishes the next `count` video frames. */
  run(count = 1): void {
    for (let i = 0; i < count; i++) this.#next();
  }

  close(): void {
    this.seal();
    this.publisher.close();
  }

  /** Ends the fragment at hand. */
  seal(): void {
    const frames = this.#open;
    const first = frames[0];
    const last = frames.at(-1);
    this.#open = [];
    if (first === undefined || last === undefined) return;
    const blocks = frames.map(({ track, key, timeUs, payload }) => {
      const relativeTicks = (timeUs - first.timeUs) / 1000;
      return simpleBlock({ track, relativeTicks, key, payload });
    });
    const number = this.#number(first);
    const { session, trackSet } = this.#options;
    this.sealed.push({
      info: {
        number,
        producedStartUs: first.timeUs,
        producedEndUs: micros(last.timeUs + 40_000),
        seekable: first.key,
        session,
        run: 0,
        totals: [],
      },
      trackSet,
      clusterNs: BigInt(first.timeUs) * 1000n,
      blocks: Rope.concat(blocks),
      tags: [],
    });
  }

  #number(first: Frame) {
    return { sequence: this.#sequence, receivedMs: millis(first.timeUs / 1000), salt: 1 };
  }

  #next(): void {
    const { gop, fragment, bytes, firstId, startUs } = this.#options;
    const index = this.#count++;
    const timeUs = startUs + index * 40_000;
    const frame = frameOf({ key: index % gop === 0, timeUs, bytes, id: firstId + index });
    if (index % fragment === 0) {
      this.seal();
      this.#sequence++;
      this.publisher.fragment(this.#number(frame), 0);
    }
    this.#open.push(frame);
    this.publisher.frame(frame, this.receivedMs(index));
  }
}

/** A viewer that keeps everything. */
export class KeepingViewer implements FeedViewer {
  readonly items: FeedItem[] = [];
  readonly errors: unknown[] = [];
  push(item: FeedItem): void {
    this.items.push(item);
  }
  failed(error: unknown): void {
    this.errors.push(error);
  }
  get chunks(): ChunkItem[] {
    return this.items.filter((item) => item.kind === "chunk");
  }
  get kinds(): string[] {
    return this.items.map((item) => item.kind);
  }
}

/** A chunk without an encoder, for queues. */
export function chunkOf(options: FrameOptions & { joins?: boolean } = {}): ChunkItem {
  const { joins = options.key ?? false } = options;
  const frame = frameOf(options);
  const receivedMs = millis(0);
  const source: FrameItem = { kind: "frame", frame, receivedMs, sequence: 1, startsGroup: joins };
  return { kind: "chunk", bytes: frame.payload.toBytes(), source, joins };
}
