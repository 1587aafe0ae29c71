/**
 * Audio and video messages to the items of a live Matroska stream, which then goes the way of every producer's. A new
 * configuration begins a new Segment with its Tracks; times go on. Pure. Metadata is not looked at: what it
 * says about codecs and rates is often wrong.
 */
import type { Crc32 } from "../../../base/crc32.ts";
import { micros } from "../../../base/units.ts";
import type { MkvItem } from "../../../media/mkv/items.ts";
import { LiveItems } from "../../../media/mkv/live-items.ts";
import type { Frame, Track } from "../../../media/track.ts";
import type { RtmpMessage } from "../chunk-reader.ts";
import { type AudioTag, readAudioTag } from "./audio-tag.ts";
import { RtmpClock } from "./clock.ts";
import { AUDIO_TRACK, audioTrack, VIDEO_TRACK, videoTrack } from "./flv-tracks.ts";
import { readVideoTag, type VideoTag } from "./video-tag.ts";

/** A second track may begin so much later, ms of media; then the first goes on without it. */
const WAIT_MS = 1000;
const MAX_WAITING_BYTES = 8 << 20;
const MAX_WAITING_FRAMES = 500;
/** Names of codecs kept for the log; a peer can send billions. */
const MAX_NAMES = 16;
/** Fragments are no shorter where key frames are closer, ms. */
const MIN_CLUSTER_MS = 2000;

export class FlvToMatroska {
  readonly #clock = new RtmpClock();
  readonly #tracks = new Map<number, Track>();
  readonly #crc32: Crc32;
  #writer: LiveItems | undefined;
  /** Until both tracks are known, or it is clear that one is all. */
  #waiting: Frame[] = [];
  #waitingBytes = 0;
  /** Codecs that were left out, by the sender's names; the first few. */
  readonly unsupported = new Set<string>();

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** What the message becomes, possibly nothing. Throws `codec.bad-config`. */
  accept(kind: "audio" | "video", { timestamp, payload }: RtmpMessage): readonly MkvItem[] {
    const atMs = this.#clock.next(kind, timestamp);
    return kind === "video"
      ? this.#video(readVideoTag(payload), atMs)
      : this.#audio(readAudioTag(payload), atMs);
  }

  /** No more messages: what was waiting for a second track goes out, and the last Cluster is over. */
  finish(): readonly MkvItem[] {
    const waited = this.#waiting.length > 0 ? this.#begin() : [];
    return [...waited, ...(this.#writer?.end() ?? [])];
  }

  #video(tag: VideoTag, atMs: number): readonly MkvItem[] {
    if (tag.kind === "config") return this.#configure(videoTrack(tag.codec, tag.config));
    if (tag.kind === "unsupported") this.#leaveOut(tag.name);
    if (tag.kind !== "frame" || !this.#tracks.has(VIDEO_TRACK)) return [];
    const timeUs = micros((atMs + tag.offsetMs) * 1000);
    return this.#frame({ track: VIDEO_TRACK, timeUs, key: tag.key, payload: tag.payload });
  }

  #audio(tag: AudioTag, atMs: number): readonly MkvItem[] {
    if (tag.kind === "config")
      return this.#configure(audioTrack(tag.codec, { config: tag.config }));
    if (tag.kind === "unsupported") this.#leaveOut(tag.name);
    if (tag.kind !== "frame") return [];
    const out: MkvItem[] = [];
    if (!this.#tracks.has(AUDIO_TRACK)) {
      // Only these can be described without a configuration.
      if (tag.codec === "mp4a" || tag.codec === "Opus") return [];
      out.push(...this.#configure(audioTrack(tag.codec, tag)));
    }
    const timeUs = micros(atMs * 1000);
    out.push(...this.#frame({ track: AUDIO_TRACK, timeUs, key: true, payload: tag.payload }));
    return out;
  }

  #leaveOut(name: string): void {
    if (this.unsupported.size < MAX_NAMES) this.unsupported.add(name);
  }

  #configure(track: Track): readonly MkvItem[] {
    const known = this.#tracks.get(track.number);
    if (known !== undefined && same(known, track)) return [];
    this.#tracks.set(track.number, track);
    if (this.#writer === undefined) return [];
    return [...this.#writer.end(), ...this.#begin()];
  }

  #frame(frame: Frame): readonly MkvItem[] {
    if (this.#writer !== undefined) return this.#writer.add(frame);
    this.#waiting.push(frame);
    this.#waitingBytes += frame.payload.length;
    const [first] = this.#waiting;
    const waited = (frame.timeUs - (first?.timeUs ?? frame.timeUs)) / 1000;
    const tooMany =
      this.#waitingBytes > MAX_WAITING_BYTES || this.#waiting.length >= MAX_WAITING_FRAMES;
    return this.#tracks.size === 2 || waited >= WAIT_MS || tooMany ? this.#begin() : [];
  }

  /** A Segment with the tracks as they are now, and everything that waited. */
  #begin(): readonly MkvItem[] {
    const tracks = [...this.#tracks.values()].sort((a, b) => a.number - b.number);
    const options = { tracks, minClusterMs: MIN_CLUSTER_MS, crc32: this.#crc32 };
    const writer = new LiveItems(options);
    this.#writer = writer;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return [...writer.start(), ...waiting.flatMap((frame) => writer.add(frame))];
  }
}

function same(a: Track, b: Track): boolean {
  const [x, y] = [a.codecPrivate, b.codecPrivate];
  if (a.codecId !== b.codecId || x?.length !== y?.length) return false;
  return x === undefined || x.every((byte, i) => byte === y?.[i]);
}
