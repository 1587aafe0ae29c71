/**
 * NAL units in their two wrappings: start codes (Annex B of ISO/IEC 14496-10 and 23008-2) and length
 * prefixes (ISO/IEC 14496-15). Knows nothing about what is in them.
 */

/** Bytes of a length prefix, in all we write. */
export const LENGTH_BYTES = 4;

/**
 * Whether the bytes are NAL units behind start codes. `00 00 01 xx` is also how a length-prefixed unit of
 * 256 to 511 bytes begins, so what divides exactly into length-prefixed units is not Annex B.
 */
export function isAnnexB(bytes: Uint8Array): boolean {
  return startCodeAt(bytes) >= 0 && splitLengthPrefixed(bytes, LENGTH_BYTES) === undefined;
}

/** Offset of the `01` of a start code that only zeros precede (at least two), or −1. */
function startCodeAt(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at >= 2 && bytes[at] === 1 ? at : -1;
}

/** The units between start codes, in order, without zero padding, not copied. Empty ones are left out. */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  // Looks at single bytes only where a 1 can end a start code: indexOf skips over the rest.
  for (let one = bytes.indexOf(1, 2); one >= 0; one = bytes.indexOf(1, one + 1)) {
    if (bytes[one - 1] !== 0 || bytes[one - 2] !== 0) continue;
    if (start >= 0) addUnit(units, bytes, start, one - 2);
    start = one + 1;
  }
  if (start >= 0) addUnit(units, bytes, start, bytes.length);
  return units;
}

/** A unit never ends in a zero byte: zeros there belong to the next start code or are padding. */
function addUnit(units: Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  if (last > start) units.push(bytes.subarray(start, last));
}

/** The length-prefixed units, not copied; `undefined` when they do not fill the bytes exactly. */
export function splitLengthPrefixed(
  bytes: Uint8Array,
  lengthBytes: number,
): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + lengthBytes > bytes.length) return undefined;
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + i] as number);
    at += lengthBytes;
    if (length === 0 || length > bytes.length - at) return undefined;
    units.push(bytes.subarray(at, at + length));
    at += length;
  }
  return units;
}

/** The units one after another, each behind its length in four bytes: one new array. */
export function joinLengthPrefixed(units: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const unit of units) total += LENGTH_BYTES + unit.length;
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    out.set(unit, at + LENGTH_BYTES);
    at += LENGTH_BYTES + unit.length;
  }
  return out;
}

/** The unit without its emulation prevention bytes: every `00 00 03` becomes `00 00`. */
export function unescapeNal(unit: Uint8Array): Uint8Array {
  const out = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
