/** NAL units in their two wrappings: start codes (Annex B) and length prefixes (ISO 14496-15). */

/** Whether the bytes begin with a start code. */
export function startsWithStartCode(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[1] !== 0) return false;
  return bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1);
}

/** The NAL units between start codes (ITU-T H.264 Annex B), without trailing zeros. */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  // Looks at single bytes only where a 1 can end a start code: indexOf skips over the rest.
  for (let one = bytes.indexOf(1, 2); one >= 0; one = bytes.indexOf(1, one + 1)) {
    if (bytes[one - 1] !== 0 || bytes[one - 2] !== 0) continue;
    if (start >= 0) pushTrimmed(units, bytes.subarray(start, one - 2));
    start = one + 1;
  }
  if (start >= 0) pushTrimmed(units, bytes.subarray(start));
  return units;
}

function pushTrimmed(units: Uint8Array[], nal: Uint8Array): void {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end--;
  if (end > 0) units.push(nal.subarray(0, end));
}

/** Each NAL unit behind its length in 4 bytes. */
export function joinLengthPrefixed(units: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const unit of units) {
    view.setUint32(at, unit.length);
    out.set(unit, at + 4);
    at += 4 + unit.length;
  }
  return out;
}

/** A NAL unit without its emulation prevention bytes (ITU-T H.264 §7.4.1). */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    out[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return out.subarray(0, length);
}
