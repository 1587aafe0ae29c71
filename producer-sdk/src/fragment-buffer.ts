/**
 * Fragments that are not durable at the server yet, in order, with the place the current connection has
 * reached. Bounded by bytes: when the server stays away, whole fragments are given up, oldest first.
 */
import { assert } from "../../src/base/assert.ts";
import type { OutgoingFragment } from "./outgoing-fragment.ts";

export class FragmentBuffer {
  readonly #maxBytes: number;
  #fragments: OutgoingFragment[] = [];
  /** The next chunk to send: index of its fragment, and of the chunk in it. */
  #fragment = 0;
  #chunk = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#fragments.length;
  }

  get bytes(): number {
    return this.#fragments.reduce((sum, fragment) => sum + fragment.bytes, 0);
  }

  /** From the first frame kept to the last one, µs. */
  get spanUs(): number {
    const [first] = this.#fragments;
    return first === undefined ? 0 : Math.max(0, (this.last?.endUs ?? 0) - first.startUs);
  }

  /** The newest fragment. */
  get last(): OutgoingFragment | undefined {
    return this.#fragments.at(-1);
  }

  add(fragment: OutgoingFragment): void {
    this.#fragments.push(fragment);
  }

  /** A new connection knows nothing: everything kept is sent again, whole. */
  rewind(): void {
    this.#fragment = 0;
    this.#chunk = 0;
  }

  /** The next bytes to send, or `undefined` when all there is has been sent. */
  next(): Uint8Array | undefined {
    for (;;) {
      const fragment = this.#fragments[this.#fragment];
      const chunk = fragment?.chunks[this.#chunk];
      if (chunk !== undefined) {
        this.#chunk++;
        return chunk;
      }
      // A fragment that is still open may get more chunks.
      if (fragment === undefined || !fragment.sealed) return undefined;
      this.#fragment++;
      this.#chunk = 0;
    }
  }

  /**
   * Removes what the server has for certain: fragments sent completely on this connection whose timecode is
   * not above the acked one. (A server that joins two short Clusters acks only the first one's.)
   */
  confirm(timecodeMs: number): OutgoingFragment[] {
    const done = this.#fragments.filter(
      (fragment, i) => this.#sent(fragment, i) && fragment.timecodeMs <= timecodeMs,
    );
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
    const given: OutgoingFragment[] = [];
    let bytes = this.bytes;
    for (const [i, fragment] of this.#fragments.entries()) {
      if (bytes <= this.#maxBytes) break;
      const halfSent = i === this.#fragment && this.#chunk > 0;
      if (!fragment.sealed || halfSent) continue;
      given.push(fragment);
      bytes -= fragment.bytes;
    }
    if (given.length > 0) this.#remove(given);
    return given;
  }

  #sent(fragment: OutgoingFragment, index: number): boolean {
    if (!fragment.sealed) return false;
    if (index !== this.#fragment) return index < this.#fragment;
    return this.#chunk >= fragment.chunks.length;
  }

  #remove(gone: readonly OutgoingFragment[]): void {
    const current = this.#fragments[this.#fragment];
    const before = this.#fragments.slice(0, this.#fragment);
    const goneBefore = before.filter((fragment) => gone.includes(fragment)).length;
    this.#fragments = this.#fragments.filter((fragment) => !gone.includes(fragment));
    this.#fragment -= goneBefore;
    if (current !== undefined && gone.includes(current)) this.#chunk = 0;
    assert(this.#fragment >= 0, "the send cursor went below zero");
  }
}
