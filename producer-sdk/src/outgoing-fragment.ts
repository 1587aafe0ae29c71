/**
 * One fragment on its way to the server: a Matroska Cluster, frame by frame, kept until it is durable there.
 * Every fragment has its own Cluster, so that whole fragments can be sent again on another connection.
 */
import { Fault } from "../../src/base/errors.ts";
import { MkvWriter } from "../../src/media/mkv/live-writer.ts";
import type { Frame, Track } from "../../src/media/track.ts";
import type { KeptFragment } from "./fragment-store.ts";
import { restore } from "./restored.ts";

/** More than any fragment lasts: the muxer then never begins a second Cluster by itself. */
const NEVER_MS = 10_000_000;
/** The next fragment shows how long this one lasts, unless the clock was set or the source paused, µs. */
const MAX_LENGTH_US = 20_000_000;
/** What comes back from a store goes to the network in pieces of this size. */
const PIECE_BYTES = 64 << 10;

/** Tracks with the bytes that announce them: the same object for all fragments that share them. */
export interface OutgoingTracks {
  readonly tracks: readonly Track[];
  readonly header: Uint8Array;
}

export function outgoingTracks(tracks: readonly Track[]): OutgoingTracks {
  return { tracks, header: new MkvWriter({ tracks }).header() };
}

export class OutgoingFragment {
  readonly startUs: number;
  readonly #writer: MkvWriter;
  #timecodeMs: number;
  #header: Uint8Array;
  /** `undefined`: only in the store. */
  #chunks: Uint8Array[] | undefined;
  #kept: KeptFragment | undefined;
  #endUs: number;
  #bytes: number;
  #frames = 0;
  #sealed = false;

  private constructor(tracks: readonly Track[], header: Uint8Array, startUs: number) {
    this.#writer = new MkvWriter({ tracks, audioClusterMs: NEVER_MS });
    this.startUs = startUs;
    this.#timecodeMs = Math.round(startUs / 1000);
    this.#header = header;
    this.#endUs = startUs;
    this.#bytes = 0;
  }

  /** A new one. `kept`: where it is kept besides memory. */
  static begin(
    { tracks, header }: OutgoingTracks,
    first: Frame,
    kept?: KeptFragment,
  ): OutgoingFragment {
    const fragment = new OutgoingFragment(tracks, header, first.timeUs);
    fragment.#kept = kept;
    fragment.#chunks = [];
    return fragment;
  }

  /** One that an earlier process left: no frame is added to it any more. */
  static restored(kept: KeptFragment): OutgoingFragment {
    const fragment = new OutgoingFragment([], new Uint8Array(), kept.startUs);
    fragment.#kept = kept;
    fragment.#bytes = kept.bytes;
    fragment.#sealed = true;
    return fragment;
  }

  /** Cluster Timestamp, ms since the Unix epoch: the name of the fragment in acks. */
  get timecodeMs(): number {
    return this.#timecodeMs;
  }

  /** What announces its tracks. Known when it is loaded. */
  get header(): Uint8Array {
    return this.#header;
  }

  /** Pieces of bytes so far; each is sent as it is. `undefined`: it has to be loaded. */
  get chunks(): readonly Uint8Array[] | undefined {
    return this.#chunks;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of its bytes those in memory. */
  get memoryBytes(): number {
    return this.#chunks === undefined ? 0 : this.#bytes;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Latest frame time in it, or where the next one begins, µs. */
  get endUs(): number {
    return this.#endUs;
  }

  /** Its media, µs: to the fragment that follows, when that is known. */
  get lengthUs(): number {
    return this.#endUs - this.startUs;
  }

  /** Another fragment begins at this time. */
  followedBy(startUs: number): void {
    if (startUs > this.#endUs && startUs - this.startUs <= MAX_LENGTH_US) this.#endUs = startUs;
  }

  /** No frame will be added. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** It is in a store, whole so far. */
  get kept(): boolean {
    return this.#kept !== undefined;
  }

  /** Copies the payload: the caller may use its buffer again. Throws `store.*`: then it is in memory alone. */
  add(frame: Frame): void {
    this.#frames++;
    this.#endUs = Math.max(this.#endUs, frame.timeUs);
    this.#push(this.#writer.add(frame).toBytes());
  }

  /** `told`: say to the server that it is whole, because no Cluster follows to show it. */
  seal(told: boolean): void {
    if (this.#sealed) return;
    this.#sealed = true;
    if (told) this.#chunks?.push(this.#writer.endOfFragment());
    this.#kept?.seal();
  }

  /** Gives its memory back, when a store has it. */
  release(): void {
    if (this.#sealed && this.#kept !== undefined) this.#chunks = undefined;
  }

  /** Brings it back from the store. Rejects `store.*`: it is lost. */
  async load(): Promise<void> {
    if (this.#kept === undefined) throw new Fault("store.not-found", "the fragment is not kept");
    const found = restore(await this.#kept.read());
    if (found === undefined) throw new Fault("store.corrupt", "the fragment has no whole frame");
    const { header, cluster, timecodeMs, frames } = found;
    this.#header = header;
    this.#timecodeMs = timecodeMs;
    this.#frames = frames;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < cluster.length; at += PIECE_BYTES)
      pieces.push(cluster.subarray(at, at + PIECE_BYTES));
    pieces.push(this.#writer.endOfFragment());
    this.#chunks = pieces;
  }

  /** It is durable at the server, or given up. */
  forget(): void {
    this.#kept?.remove();
    this.#kept = undefined;
  }

  #push(chunk: Uint8Array): void {
    this.#chunks?.push(chunk);
    this.#bytes += chunk.length;
    try {
      this.#kept?.append(chunk);
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}
