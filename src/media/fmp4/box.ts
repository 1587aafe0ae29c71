/** ISO base media file format boxes (ISO/IEC 14496-12 §4.2). Knows sizes and types, not meanings. */
import { assert } from "../../base/assert.ts";

const UINT32 = 2 ** 32;

/** A box: 32-bit size, four letters, contents. */
export function box(type: string, ...contents: readonly Uint8Array[]): Uint8Array {
  let size = 8;
  for (const part of contents) size += part.length;
  assert(type.length === 4 && size < UINT32, "not a box");
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint32(0, size);
  setType(out, 4, type);
  let at = 8;
  for (const part of contents) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A box that begins with a version and 24 bits of flags. */
export function fullBox(
  type: string,
  head: { readonly version?: number; readonly flags?: number },
  ...contents: readonly Uint8Array[]
): Uint8Array {
  const { version = 0, flags = 0 } = head;
  return box(type, u32(version * 2 ** 24 + flags), ...contents);
}

/** Writes the four letters at `at`. */
export function setType(target: Uint8Array, at: number, type: string): void {
  for (let i = 0; i < 4; i++) target[at + i] = type.charCodeAt(i);
}

/** Writes a whole number from 0 to 2⁵³ − 1 as 64 bits, without a BigInt. */
export function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / UINT32));
  view.setUint32(at + 4, value % UINT32);
}

export function u8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  const view = new DataView(out.buffer);
  for (const [i, value] of values.entries()) view.setUint16(i * 2, value);
  return out;
}

export function u32(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value);
  return out;
}

export function u64(value: number): Uint8Array {
  const out = new Uint8Array(8);
  setUint64(new DataView(out.buffer), 0, value);
  return out;
}

export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

/** ASCII letters, each as a byte. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0x7f);
}
