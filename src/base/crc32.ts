/**
 * CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320), as EBML's CRC-32 element uses it
 * (RFC 8794 §11.3.1). Pure and portable; a runtime with a native one passes that instead.
 */

import type { Rope } from "./rope.ts";

/** CRC of `bytes`, going on from `seed` (the CRC of what came before; 0 at the start). Unsigned. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

/** CRC of all pieces of a rope, by the given one. */
export function ropeCrc32(rope: Rope, crc32: Crc32, seed = 0): number {
  let crc = seed;
  for (const part of rope.parts) crc = crc32(part, crc);
  return crc;
}

/** Table k, row n: what byte n does to the CRC when k more bytes follow it. */
function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = tables[0] ?? new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    first[n] = c;
  }
  for (let t = 1; t < 8; t++) {
    const before = tables[t - 1] ?? first;
    const table = tables[t] ?? first;
    for (let n = 0; n < 256; n++) {
      const c = before[n] ?? 0;
      table[n] = (first[c & 255] ?? 0) ^ (c >>> 8);
    }
  }
  return tables;
}

const [T0 = new Int32Array(), T1 = T0, T2 = T0, T3 = T0, T4 = T0, T5 = T0, T6 = T0, T7 = T0] =
  makeTables();

/** Words of memory are read as they stand only where their first byte is the lowest. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Table-driven CRC-32, eight bytes a step. */
export const crc32: Crc32 = (bytes, seed = 0) => {
  let c = ~seed;
  let i = 0;
  if (LITTLE_ENDIAN && bytes.length >= 16) {
    for (; (bytes.byteOffset + i) % 4 !== 0; i++)
      c = (T0[(c ^ (bytes[i] as number)) & 255] as number) ^ (c >>> 8);
    const count = ((bytes.length - i) >>> 3) * 2;
    c = crcOfWords(new Int32Array(bytes.buffer, bytes.byteOffset + i, count), c);
    i += count * 4;
  }
  for (; i < bytes.length; i++) c = (T0[(c ^ (bytes[i] as number)) & 255] as number) ^ (c >>> 8);
  return ~c >>> 0;
};

/** Words in pairs; `c` is the inverted CRC so far, and so is the result. */
function crcOfWords(words: Int32Array, start: number): number {
  let c = start;
  for (let k = 0; k < words.length; k += 2) {
    const a = (words[k] as number) ^ c;
    const b = words[k + 1] as number;
    c =
      (T7[a & 255] as number) ^
      (T6[(a >>> 8) & 255] as number) ^
      (T5[(a >>> 16) & 255] as number) ^
      (T4[a >>> 24] as number) ^
      (T3[b & 255] as number) ^
      (T2[(b >>> 8) & 255] as number) ^
      (T1[(b >>> 16) & 255] as number) ^
      (T0[b >>> 24] as number);
  }
  return c;
}

/**
 * CRC of two byte strings one after the other, from the CRC of each and the length of the second. Costs
 * a few multiplications whatever the length: a Cluster gets another Timestamp without its media being read.
 */
export function crc32Combine(first: number, second: number, secondLength: number): number {
  return (multiply(shiftBy(secondLength), first) ^ second) >>> 0;
}

/** The CRC of the second of two byte strings, from that of both together and that of the first. */
export function crc32Without(whole: number, first: number, secondLength: number): number {
  return (multiply(shiftBy(secondLength), first) ^ whole) >>> 0;
}

/** a × b modulo the CRC polynomial, bit-reflected. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b >>> 0;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ 0xedb88320 : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(8 × bytes) modulo the polynomial: what a CRC is multiplied with when so many bytes follow. */
function shiftBy(bytes: number): number {
  let result = 0x80000000;
  let power = 0x00800000;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(power, result);
    power = multiply(power, power);
  }
  return result;
}
