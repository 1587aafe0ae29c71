/** Elements already in memory: a synchronous walk over their children, and the value types of EBML. */
import { Fault } from "../../base/errors.ts";
import { type ElementName, elementById } from "../ebml/elements.ts";

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

/**
 * The children in `bytes`, which is a whole payload. `at` is its byte offset in the input.
 * Throws `mkv.bad-id`, `mkv.bad-size`, `mkv.child-overflow`, `mkv.too-many-elements`.
 */
export function children(bytes: Uint8Array, at: number, maxChildren = 10_000): Child[] {
  const found: Child[] = [];
  for (let pos = 0; pos < bytes.length; ) {
    const start = pos;
    const idBytes = Math.clz32(bytes[pos] as number) - 23;
    if (idBytes > 4) throw new Fault("mkv.bad-id", "not an element id", { at: at + pos });
    const sizeBytes = Math.clz32(bytes[pos + idBytes] ?? 0) - 23;
    const payloadStart = pos + idBytes + sizeBytes;
    if (sizeBytes > 8 || payloadStart > bytes.length)
      throw new Fault("mkv.bad-size", "not an element size", { at: at + pos });
    let id = 0;
    for (let i = 0; i < idBytes; i++) id = id * 256 + (bytes[pos + i] as number);
    let size = (bytes[pos + idBytes] as number) & (0xff >> sizeBytes);
    for (let i = 1; i < sizeBytes; i++) size = size * 256 + (bytes[pos + idBytes + i] as number);
    const end = payloadStart + size;
    if (end > bytes.length)
      throw new Fault("mkv.child-overflow", "an element ends after its parent", { at: at + pos });
    if (found.length >= maxChildren)
      throw new Fault("mkv.too-many-elements", `more than ${maxChildren} elements`, {
        at: at + pos,
      });
    const name = elementById(id)?.name;
    found.push({
      name,
      at: at + start,
      start,
      payloadStart,
      payload: bytes.subarray(payloadStart, end),
    });
    pos = end;
  }
  return found;
}

/** Unsigned, 0 to 8 bytes. Throws `mkv.bad-value` beyond 2^53. */
export function uint(child: Child): number {
  let value = 0;
  for (const byte of child.payload) value = value * 256 + byte;
  if (child.payload.length > 8 || !Number.isSafeInteger(value))
    throw new Fault("mkv.bad-value", `${child.name}: a number beyond 2^53`, { at: child.at });
  return value;
}

/** 0, 4 or 8 bytes. */
export function float(child: Child): number {
  const { payload } = child;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (payload.length === 0) return 0;
  if (payload.length === 4) return view.getFloat32(0);
  if (payload.length === 8) return view.getFloat64(0);
  throw new Fault("mkv.bad-value", `${child.name}: a float of ${payload.length} bytes`, {
    at: child.at,
  });
}

/** Text up to the first zero byte; bytes that are not UTF-8 become replacement characters. */
export function text(child: Child): string {
  const end = child.payload.indexOf(0);
  return new TextDecoder().decode(end < 0 ? child.payload : child.payload.subarray(0, end));
}

/** Nanoseconds between 1970-01-01 and 2001-01-01, where Matroska's dates begin (RFC 8794 §7.6). */
export const MATROSKA_EPOCH_NS = 978_307_200_000_000_000n;

/** Nanoseconds since the Unix epoch. */
export function dateNs(child: Child): bigint {
  if (child.payload.length !== 8) return MATROSKA_EPOCH_NS;
  const view = new DataView(child.payload.buffer, child.payload.byteOffset, 8);
  return view.getBigInt64(0) + MATROSKA_EPOCH_NS;
}
