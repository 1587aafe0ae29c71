/**
 * Frames of one fragment into the parts of one rendition, as they come: each part is some whole `moof` + `mdat`, one per
 * frame, made once for all viewers. Pure.
 */
import type { LiveChunk } from "../../media/fmp4/live-muxer.ts";

/** No part is longer unless a single frame is, µs; and none but a segment's last is shorter than 85 % of it. */
export const PART_TARGET_US = 400_000;
const ENOUGH_US = 0.85 * PART_TARGET_US;

export interface Part {
  readonly chunks: readonly Uint8Array[];
  readonly durationUs: number;
  /** Begins where a decoder can start. */
  readonly independent: boolean;
}

export class PartCutter {
  readonly parts: Part[] = [];
  #chunks: Uint8Array[] = [];
  #us = 0;
  #independent = false;

  add({ bytes, durationUs, key }: LiveChunk): void {
    if (this.#us > 0 && this.#us + durationUs > PART_TARGET_US) this.finish();
    if (this.#chunks.length === 0) this.#independent = key;
    this.#chunks.push(bytes);
    this.#us += durationUs;
    if (this.#us >= ENOUGH_US) this.finish();
  }

  /** What is waiting becomes the last part. */
  finish(): void {
    if (this.#chunks.length === 0) return;
    const [chunks, durationUs, independent] = [this.#chunks, this.#us, this.#independent];
    this.#chunks = [];
    this.#us = 0;
    this.#independent = false;
    this.parts.push({ chunks, durationUs, independent });
  }
}
