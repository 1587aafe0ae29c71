/** EBML elements as bytes (RFC 8794 §4 to §7): the primitives every Matroska writer here is made of. */
import { assert } from "../../base/assert.ts";
import { type ElementName, elements } from "../ebml/elements.ts";

/** Bytes of a size field: 1 to 8; `shortest` picks the least. */
export type SizeWidth = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | "shortest";

/** The 8-byte size that means unknown. */
export const UNKNOWN_SIZE_8 = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

const utf8 = new TextEncoder();
const ids = new Map<ElementName, Uint8Array>();

/** The id's own bytes: the length marker is part of an id. Made once: do not change them. */
export function idBytes(name: ElementName): Uint8Array {
  let bytes = ids.get(name);
  if (bytes === undefined) {
    const { id } = elements[name];
    const width = id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1;
    bytes = Uint8Array.from({ length: width }, (_, i) => (id / 256 ** (width - 1 - i)) & 0xff);
    ids.set(name, bytes);
  }
  return bytes;
}

/** An element size as a vint. A value of all ones would mean unknown, so it takes the next width. */
export function sizeBytes(size: number, width: SizeWidth = "shortest"): Uint8Array {
  const length = width === "shortest" ? sizeWidth(size) : width;
  const out = new Uint8Array(length);
  putSize(out, 0, size, length);
  return out;
}

/** `sizeBytes` of `width` bytes into an array that is there, from `at` on. */
export function putSize(target: Uint8Array, at: number, size: number, width: number): void {
  assert(size >= 0 && size < (UNKNOWN[width] ?? 0), "an element size too large for its field");
  let rest = size;
  for (let i = at + width - 1; i >= at; i--) {
    target[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target[at] = (target[at] as number) | (0x80 >> (width - 1));
}

/** The value of all ones in a size field of so many bytes. */
const UNKNOWN = Array.from({ length: 9 }, (_, width) => 2 ** (7 * width) - 1);

/** The least bytes an element size takes. */
export function sizeWidth(size: number): number {
  let width = 1;
  while (size >= (UNKNOWN[width] ?? Number.POSITIVE_INFINITY)) width++;
  return width;
}

/** All arrays one after another. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** One element: id, size, payload. */
export function element(
  name: ElementName,
  payload: Uint8Array | readonly Uint8Array[],
  width: SizeWidth = "shortest",
): Uint8Array {
  const parts = payload instanceof Uint8Array ? [payload] : payload;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return join([idBytes(name), sizeBytes(size, width), ...parts]);
}

/** Unsigned integer in as few bytes as it needs, or in exactly `length`. */
export function uintElement(
  name: ElementName,
  value: number | bigint,
  length?: number,
): Uint8Array {
  let rest = BigInt(value);
  assert(rest >= 0n, "an unsigned element below zero");
  const out: number[] = [];
  do {
    out.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest > 0n);
  while (out.length < (length ?? 0)) out.unshift(0);
  assert(out.length <= (length ?? 8), "an unsigned element too large for its field");
  return element(name, Uint8Array.from(out));
}

/** 8-byte float. */
export function floatElement(name: ElementName, value: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setFloat64(0, value);
  return element(name, out);
}

/** UTF-8 text. */
export function textElement(
  name: ElementName,
  value: string,
  width: SizeWidth = "shortest",
): Uint8Array {
  return element(name, utf8.encode(value), width);
}

/** A Void element of exactly `total` bytes, header included; at least 2. */
export function voidElement(total: number): Uint8Array {
  assert(total >= 2, "a Void needs 2 bytes");
  const width = total < 10 ? 1 : 8;
  return element("Void", new Uint8Array(total - 1 - width), width);
}
