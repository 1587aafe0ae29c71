/**
 * Fragments that are not durable at the server yet, in order, with the place the current connection has
 * reached. Bounded by bytes and by time: when the server stays away, whole fragments are given up, oldest first. With a
 * store most of them are in it and not in memory.
 */
import { assert } from "../../src/base/assert.ts";
import { asFault, type Fault } from "../../src/base/errors.ts";
import type { Frame } from "../../src/media/track.ts";
import type { FragmentStore, KeptFragment } from "./fragment-store.ts";
import { OutgoingFragment, type OutgoingTracks } from "./outgoing-fragment.ts";

export interface BufferOptions {
  /** Bytes of everything; beyond, the oldest fragments are given up. */
  readonly maxBytes: number;
  /** Bytes in memory: with a store, what is more is only there; without one, this is a limit like `maxBytes`. */
  readonly memoryBytes: number;
  /** Media kept, µs of its own time, whatever the clock did between fragments; beyond, the oldest are given up. */
  readonly maxUs: number;
  readonly store?: FragmentStore | undefined;
  /** A fragment came back from the store: there is more to send. */
  loaded(): void;
  /** The store cannot keep a fragment: it is in memory alone. */
  notKept(fault: Fault): void;
  /** The store has lost a fragment. */
  lost(fragment: OutgoingFragment): void;
}

export class FragmentBuffer {
  readonly #options: BufferOptions;
  #fragments: OutgoingFragment[] = [];
  #bytes = 0;
  #lengthUs = 0;
  /** The next chunk to send: index of its fragment, and of the chunk in it. */
  #fragment = 0;
  #chunk = 0;
  /** What the connection has been told of tracks. */
  #header: Uint8Array | undefined;
  #loading: OutgoingFragment | undefined;

  constructor(options: BufferOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#fragments.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Media kept, µs: the lengths of all fragments. Those of an earlier process count as what followed them shows. */
  get lengthUs(): number {
    return this.#lengthUs;
  }

  /** Everything kept now, oldest first. */
  get all(): readonly OutgoingFragment[] {
    return this.#fragments;
  }

  /** The newest fragment. */
  get last(): OutgoingFragment | undefined {
    return this.#fragments.at(-1);
  }

  /** What an earlier process left, before all that was put since. */
  restore(kept: readonly KeptFragment[]): void {
    assert(this.#fragment === 0 && this.#chunk === 0, "restored after something was sent");
    const before = kept.map((one) => OutgoingFragment.restored(one));
    this.#fragments = [...before, ...this.#fragments];
    for (const [i, { startUs }] of this.#fragments.entries())
      if (i <= before.length) this.#fragments[i - 1]?.followedBy(startUs);
    for (const { bytes, lengthUs } of before) {
      this.#bytes += bytes;
      this.#lengthUs += lengthUs;
    }
  }

  /** Begins a fragment with its first frame. */
  begin(tracks: OutgoingTracks, frame: Frame): void {
    const { store } = this.#options;
    let kept: KeptFragment | undefined;
    try {
      kept = store?.begin(frame.timeUs, tracks.header);
    } catch (error) {
      this.#options.notKept(asFault(error));
    }
    const { last } = this;
    if (last !== undefined) {
      const beforeUs = last.lengthUs;
      last.followedBy(frame.timeUs);
      this.#lengthUs += last.lengthUs - beforeUs;
    }
    this.#fragments.push(OutgoingFragment.begin(tracks, frame, kept));
    this.extend(frame);
  }

  /** Adds a frame to the newest fragment. */
  extend(frame: Frame): void {
    const { last } = this;
    assert(last !== undefined && !last.sealed, "no fragment is open");
    const before = last.bytes;
    const beforeUs = last.lengthUs;
    try {
      last.add(frame);
    } catch (error) {
      this.#options.notKept(asFault(error));
    }
    this.#bytes += last.bytes - before;
    this.#lengthUs += last.lengthUs - beforeUs;
  }

  /** No frame comes to the newest fragment. `told`: see `OutgoingFragment.seal`. */
  seal(told: boolean): void {
    this.last?.seal(told);
    this.#spill();
  }

  /** A new connection knows nothing: everything kept is sent again, whole. */
  rewind(): void {
    this.#fragment = 0;
    this.#chunk = 0;
    this.#header = undefined;
  }

  /** The next bytes to send, or `undefined` when all there is has been sent, or has to be loaded first. */
  next(): Uint8Array | undefined {
    for (;;) {
      const fragment = this.#fragments[this.#fragment];
      if (fragment === undefined) return undefined;
      if (fragment.chunks === undefined) return this.#load(fragment);
      if (this.#chunk === 0 && !same(fragment.header, this.#header)) {
        this.#header = fragment.header;
        return fragment.header;
      }
      const chunk = fragment.chunks[this.#chunk];
      if (chunk !== undefined) {
        this.#chunk++;
        return chunk;
      }
      // A fragment that is still open may get more chunks.
      if (!fragment.sealed) return undefined;
      this.#fragment++;
      this.#chunk = 0;
      fragment.release();
    }
  }

  /**
   * Removes what the server has for certain: the fragment with this timecode when it was sent completely on this
   * connection, and those before it, which the server made durable before it.
   */
  confirm(timecodeMs: number): OutgoingFragment[] {
    const found = this.#fragments.findIndex((fragment) => fragment.timecodeMs === timecodeMs);
    const named = this.#fragments[found];
    if (named === undefined || !this.#sent(named, found)) return [];
    const done = this.#fragments.slice(0, found + 1);
    this.#remove(done);
    return done;
  }

  /** Removes the fragment with this timecode, whether it was sent completely or not. */
  refuse(timecodeMs: number): OutgoingFragment | undefined {
    const found = this.#fragments.find((fragment) => fragment.timecodeMs === timecodeMs);
    if (found?.sealed) this.#remove([found]);
    return found?.sealed ? found : undefined;
  }

  /** Gives up oldest fragments until the rest fits. Neither the open one nor one that is half sent. */
  trim(): OutgoingFragment[] {
    const { maxBytes, memoryBytes, maxUs } = this.#options;
    const given: OutgoingFragment[] = [];
    let bytes = this.#bytes;
    let lengthUs = this.#lengthUs;
    let inMemory = bytes > memoryBytes ? this.#unkeptBytes() : 0;
    for (const [i, fragment] of this.#fragments.entries()) {
      const fits = bytes <= maxBytes && lengthUs <= maxUs;
      if (fits && inMemory <= memoryBytes) break;
      const halfSent = i === this.#fragment && this.#chunk > 0;
      if (!fragment.sealed || halfSent) continue;
      // When memory is what runs out, what is in the store need not go.
      if (fits && fragment.kept) continue;
      given.push(fragment);
      bytes -= fragment.bytes;
      lengthUs -= fragment.lengthUs;
      if (!fragment.kept) inMemory -= fragment.bytes;
    }
    if (given.length > 0) this.#remove(given);
    return given;
  }

  #unkeptBytes(): number {
    return this.#fragments.reduce((sum, f) => sum + (f.kept ? 0 : f.bytes), 0);
  }

  /** Newest first: the oldest are sent next. */
  #spill(): void {
    let bytes = this.#fragments.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    for (let i = this.#fragments.length - 1; i > this.#fragment; i--) {
      if (bytes <= this.#options.memoryBytes) return;
      const fragment = this.#fragments[i];
      const before = fragment?.memoryBytes ?? 0;
      fragment?.release();
      bytes -= before - (fragment?.memoryBytes ?? 0);
    }
  }

  #load(fragment: OutgoingFragment): undefined {
    if (this.#loading !== undefined) return;
    this.#loading = fragment;
    const { loaded, lost } = this.#options;
    const settled = (isThere: boolean) => {
      this.#loading = undefined;
      if (!isThere && this.#fragments.includes(fragment)) {
        this.#remove([fragment]);
        lost(fragment);
      }
      loaded();
    };
    fragment.load().then(
      () => settled(true),
      () => settled(false),
    );
  }

  #sent(fragment: OutgoingFragment, index: number): boolean {
    if (!fragment.sealed) return false;
    if (index !== this.#fragment) return index < this.#fragment;
    return fragment.chunks !== undefined && this.#chunk >= fragment.chunks.length;
  }

  #remove(gone: readonly OutgoingFragment[]): void {
    const current = this.#fragments[this.#fragment];
    const before = this.#fragments.slice(0, this.#fragment);
    const goneBefore = before.filter((fragment) => gone.includes(fragment)).length;
    this.#fragments = this.#fragments.filter((fragment) => !gone.includes(fragment));
    this.#fragment -= goneBefore;
    if (current !== undefined && gone.includes(current)) this.#chunk = 0;
    assert(this.#fragment >= 0, "the send cursor went below zero");
    for (const fragment of gone) {
      this.#bytes -= fragment.bytes;
      this.#lengthUs -= fragment.lengthUs;
      fragment.forget();
    }
  }
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  return a.length === b?.length && a.every((byte, i) => byte === b[i]);
}
