/** EBML bytes for tests, built without the code under test. */
import { hex } from "./hex.ts";

export type Part = Uint8Array | string | readonly number[];

/** All parts one after another; strings are hex. */
export function cat(...parts: readonly Part[]): Uint8Array {
  const arrays = parts.map((p) => (typeof p === "string" ? hex(p) : Uint8Array.from(p)));
  return Uint8Array.from(Buffer.concat(arrays));
}

/** A size of `width` bytes. */
export function size(value: number, width: number): Uint8Array {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value) | (1n << BigInt(7 * width)));
  return Uint8Array.from(out.subarray(8 - width));
}

/** One element; its size takes 1 byte up to 126, then 4, or what `width` says. */
export function el(id: string, payload: Part = [], width?: number): Uint8Array {
  const body = cat(payload);
  return cat(id, size(body.length, width ?? (body.length < 127 ? 1 : 4)), body);
}

/** The header of a master of unknown size, all ones in `width` bytes. */
export function unknown(id: string, width = 8): Uint8Array {
  const ones = new Uint8Array(width).fill(0xff);
  ones[0] = 0xff >> (width - 1);
  return cat(id, ones);
}

/** ASCII. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** The header of every file: EBML with DocType. */
export function ebml(docType = "matroska"): Uint8Array {
  return el("1a45dfa3", el("4282", ascii(docType)));
}

/** TrackEntry of a number and type (1 video, 2 audio) and whatever else. */
export function trackEntry(number: number, type: number, ...more: readonly Part[]): Uint8Array {
  const codec = type === 1 ? "V_TEST" : "A_TEST";
  return el("ae", cat(el("d7", [number]), el("83", [type]), el("86", ascii(codec)), ...more));
}

/** Tracks: video 1 and audio 2. */
export function tracks(): Uint8Array {
  return el("1654ae6b", cat(trackEntry(1, 1), trackEntry(2, 2)));
}

/** Info with a TimestampScale. */
export function info(scaleNs = 1_000_000): Uint8Array {
  const scale = Buffer.alloc(8);
  scale.writeBigUInt64BE(BigInt(scaleNs));
  return el("1549a966", el("2ad7b1", Uint8Array.from(scale)));
}

/** Payload of a SimpleBlock or Block. */
export function blockBody(track: number, time: number, flags: number, body: Part): Uint8Array {
  return cat([0x80 | track, (time >> 8) & 0xff, time & 0xff, flags], body);
}

/** SimpleBlock, key flag set. */
export function simple(track: number, time: number, body: Part = "0102", flags = 0x80): Uint8Array {
  return el("a3", blockBody(track, time, flags, body));
}

/** Cluster content: Timestamp (2 bytes) and blocks. */
export function inCluster(ticks: number, ...blocks: readonly Part[]): Uint8Array {
  return cat(el("e7", [ticks >> 8, ticks & 0xff]), ...blocks);
}

/** A whole stream as a live muxer writes it: nothing has a size that need not. */
export function liveFile(...clusters: readonly Uint8Array[]): Uint8Array {
  const parts = clusters.flatMap((content) => [unknown("1f43b675"), content]);
  return cat(ebml(), unknown("18538067"), info(), tracks(), ...parts);
}

/** The same with every size known. */
export function sizedFile(...clusters: readonly Uint8Array[]): Uint8Array {
  const parts = clusters.map((content) => el("1f43b675", content));
  return cat(ebml(), el("18538067", cat(info(), tracks(), ...parts)));
}
