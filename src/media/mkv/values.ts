/** Elements already in memory: a synchronous walk over their children, and the value types of EBML. */
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { type ElementName, elementById } from "../ebml/elements.ts";
import { UNKNOWN_SIZE, vintId, vintSize, vintWidth } from "../ebml/vint.ts";
import type { ValueEvent } from "./events.ts";

/** A header is at most 4 bytes of id and 8 of size (RFC 8794 §4). */
const MAX_HEADER_BYTES = 12;

/** An element with its bytes. */
export interface Child {
  /** Undefined for an element we do not know. */
  readonly name: ElementName | undefined;
  /** Byte offset of the element in the whole input. */
  readonly at: number;
  /** Where its header starts in the walked bytes. */
  readonly start: number;
  readonly payloadStart: number;
  readonly payload: Uint8Array;
}

/** An element of a rope, by its place. */
export interface Span {
  readonly name: ElementName | undefined;
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
}

/**
 * The children in `bytes`, which is a whole payload. `at` is its byte offset in the input.
 * Throws `mkv.bad-id`, `mkv.bad-size`, `mkv.child-overflow`, `mkv.too-many-elements`.
 */
export function children(bytes: Uint8Array, at: number, maxChildren = 10_000): Child[] {
  const found: Child[] = [];
  for (let pos = 0; pos < bytes.length; ) {
    if (found.length >= maxChildren) throw tooMany(maxChildren, at + pos);
    const { name, payloadBytes, headerBytes } = readHeader(bytes, pos, at);
    const payloadStart = pos + headerBytes;
    const end = payloadStart + payloadBytes;
    if (end > bytes.length) throw overflow(at + pos);
    const payload = bytes.subarray(payloadStart, end);
    found.push({ name, at: at + pos, start: pos, payloadStart, payload });
    pos = end;
  }
  return found;
}

/** The children of an element. Throws as `children` does. */
export function inside(parent: Child): Child[] {
  return children(parent.payload, parent.at + parent.payloadStart - parent.start);
}

/** As `children`, for a payload in pieces from `start` on: joins headers, never payloads. */
export function childSpans(rope: Rope, start: number, at: number, maxChildren = 1_000): Span[] {
  const found: Span[] = [];
  for (let pos = start; pos < rope.length; ) {
    if (found.length >= maxChildren) throw tooMany(maxChildren, at + pos);
    const head = rope.slice(pos, Math.min(pos + MAX_HEADER_BYTES, rope.length)).toBytes();
    const { name, payloadBytes, headerBytes } = readHeader(head, 0, at + pos);
    const payloadStart = pos + headerBytes;
    const end = payloadStart + payloadBytes;
    if (end > rope.length) throw overflow(at + pos);
    found.push({ name, start: pos, payloadStart, end });
    pos = end;
  }
  return found;
}

function readHeader(bytes: Uint8Array, pos: number, at: number) {
  const idBytes = vintWidth(bytes[pos] as number);
  if (idBytes > 4) throw new Fault("mkv.bad-id", "not an element id", { at: at + pos });
  const sizeBytes = vintWidth(bytes[pos + idBytes] ?? 0);
  const headerBytes = idBytes + sizeBytes;
  if (sizeBytes > 8 || pos + headerBytes > bytes.length)
    throw new Fault("mkv.bad-size", "not an element size", { at: at + pos });
  const payloadBytes = vintSize(bytes, pos + idBytes, sizeBytes);
  if (payloadBytes === UNKNOWN_SIZE)
    throw new Fault("mkv.bad-size", "an element without a size", { at: at + pos });
  const name = elementById(vintId(bytes, pos, idBytes))?.name;
  return { name, payloadBytes, headerBytes };
}

function tooMany(maxChildren: number, at: number): Fault {
  return new Fault("mkv.too-many-elements", `more than ${maxChildren} elements`, { at });
}

function overflow(at: number): Fault {
  return new Fault("mkv.child-overflow", "an element ends after its parent", { at });
}

/** A value event of the parser for the functions below. Joins its payload when it came in pieces. */
export function asChild({ name, at, element, headerBytes }: ValueEvent): Child {
  const payload = element.toBytes().subarray(headerBytes);
  return { name, at, start: 0, payloadStart: headerBytes, payload };
}

/** Unsigned, 0 to 8 bytes (RFC 8794 §7.2). Throws `mkv.bad-value` beyond 2^53. */
export function uint(child: Child): number {
  let value = 0;
  for (const byte of child.payload.subarray(0, 9)) value = value * 256 + byte;
  if (child.payload.length > 8 || !Number.isSafeInteger(value))
    throw bad(child, "a number beyond 2^53");
  return value;
}

/** Signed, 0 to 8 bytes (RFC 8794 §7.1). Throws `mkv.bad-value` beyond ±2^53. */
export function int(child: Child): number {
  const { payload } = child;
  if (payload.length > 8) throw bad(child, "a number of more than 8 bytes");
  let value = 0n;
  for (const byte of payload) value = value * 256n + BigInt(byte);
  const signed = Number(BigInt.asIntN(payload.length * 8, value));
  if (!Number.isSafeInteger(signed)) throw bad(child, "a number beyond 2^53");
  return signed;
}

/** 0, 4 or 8 bytes (RFC 8794 §7.3). May be infinite or not a number. Throws `mkv.bad-value`. */
export function float(child: Child): number {
  const { payload } = child;
  if (payload.length === 0) return 0;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (payload.length !== 4 && payload.length !== 8)
    throw bad(child, `a float of ${payload.length} bytes`);
  return payload.length === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

const utf8 = new TextDecoder();

/** Text up to the first zero byte (RFC 8794 §7.4, §7.5); what is not UTF-8 becomes replacement characters. */
export function text(child: Child): string {
  const end = child.payload.indexOf(0);
  return utf8.decode(end < 0 ? child.payload : child.payload.subarray(0, end));
}

/** Nanoseconds between 1970-01-01 and 2001-01-01, where Matroska's dates begin (RFC 8794 §7.6). */
export const MATROSKA_EPOCH_NS = 978_307_200_000_000_000n;

/** Nanoseconds since the Unix epoch; 0 or 8 bytes. Throws `mkv.bad-value` for other lengths. */
export function dateNs(child: Child): bigint {
  const { payload } = child;
  if (payload.length === 0) return MATROSKA_EPOCH_NS;
  if (payload.length !== 8) throw bad(child, `a date of ${payload.length} bytes`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return view.getBigInt64(0) + MATROSKA_EPOCH_NS;
}

function bad(child: Child, what: string): Fault {
  assert(child.name !== undefined, "read the value of an unknown element");
  return new Fault("mkv.bad-value", `${child.name}: ${what}`, { at: child.at });
}
