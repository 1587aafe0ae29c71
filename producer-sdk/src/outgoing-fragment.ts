/**
 * One fragment on its way to the server: a Matroska Cluster, frame by frame, kept until it is durable there.
 * Every fragment has its own Cluster, so that whole fragments can be sent again on another connection.
 */
import { MkvWriter } from "../../src/media/mkv/live-writer.ts";
import type { Frame, Track } from "../../src/media/track.ts";

/** More than any fragment lasts: the muxer then never begins a second Cluster by itself. */
const NEVER_MS = 10_000_000;

export class OutgoingFragment {
  /** Cluster Timestamp, ms since the Unix epoch: the name of the fragment in acks. */
  readonly timecodeMs: number;
  readonly startUs: number;
  readonly #writer: MkvWriter;
  readonly #chunks: Uint8Array[] = [];
  #endUs: number;
  #bytes = 0;
  #frames = 0;
  #sealed = false;

  constructor(tracks: readonly Track[], first: Frame) {
    this.#writer = new MkvWriter({ tracks, audioClusterMs: NEVER_MS });
    this.startUs = first.timeUs;
    this.#endUs = first.timeUs;
    this.timecodeMs = Math.round(first.timeUs / 1000);
    this.add(first);
  }

  /** Pieces of bytes so far; each is sent as it is. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Latest frame time in it, µs. */
  get endUs(): number {
    return this.#endUs;
  }

  /** No frame will be added. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** Copies the payload: the caller may use its buffer again. */
  add(frame: Frame): void {
    this.#push(this.#writer.add(frame).toBytes());
    this.#frames++;
    this.#endUs = Math.max(this.#endUs, frame.timeUs);
  }

  /** `told`: say to the server that it is whole, because no Cluster follows to show it. */
  seal(told: boolean): void {
    if (this.#sealed) return;
    this.#sealed = true;
    if (told) this.#push(this.#writer.endOfFragment());
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }
}
