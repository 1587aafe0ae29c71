/**
 * CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320), as EBML's CRC-32 element uses it
 * (RFC 8794 §11.3.1). Pure and portable; a runtime with a native one passes that instead.
 */

/** CRC of `bytes`, going on from `seed` (the CRC of what came before; 0 at the start). Unsigned. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  const first = tables[0] ?? new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    first[n] = c >>> 0;
  }
  for (let t = 1; t < 4; t++) {
    const before = tables[t - 1] ?? first;
    const table = tables[t] ?? first;
    for (let n = 0; n < 256; n++) {
      const c = before[n] ?? 0;
      table[n] = ((first[c & 255] ?? 0) ^ (c >>> 8)) >>> 0;
    }
  }
  return tables;
}

const [T0 = new Uint32Array(), T1 = T0, T2 = T0, T3 = T0] = TABLES;

/** Table-driven CRC-32, four bytes a step. */
export const crc32: Crc32 = (bytes, seed = 0) => {
  let c = ~seed >>> 0;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    c ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    c =
      (T3[c & 255] as number) ^
      (T2[(c >>> 8) & 255] as number) ^
      (T1[(c >>> 16) & 255] as number) ^
      (T0[c >>> 24] as number);
  }
  for (; i < bytes.length; i++) c = (T0[(c ^ (bytes[i] as number)) & 255] as number) ^ (c >>> 8);
  return ~c >>> 0;
};

/**
 * CRC of two byte strings one after the other, from the CRC of each and the length of the second. Costs
 * a few multiplications whatever the length: a Cluster gets another Timestamp without its media being read.
 */
export function crc32Combine(first: number, second: number, secondLength: number): number {
  return (multiply(shiftBy(secondLength), first) ^ second) >>> 0;
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
