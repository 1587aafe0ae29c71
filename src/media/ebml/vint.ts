/**
 * Variable-size integers of EBML (RFC 8794 §4): the count of leading zero bits gives the width. Element
 * ids keep the marker bit, sizes and track numbers do not. Knows no elements and throws nothing.
 */

/** An element size of all ones: the size is unknown (RFC 8794 §6.2). */
export const UNKNOWN_SIZE = Number.POSITIVE_INFINITY;

/** Bytes of the integer that begins with `first`: 1 to 8, or 9 when `first` is 0 and cannot begin one. */
export function vintWidth(first: number): number {
  return Math.clz32(first) - 23;
}

/** The integer without its marker. Not exact beyond 2^53; the caller has checked that its bytes are there. */
export function vintValue(bytes: Uint8Array, pos: number, width: number): number {
  let value = (bytes[pos] as number) & (0xff >> width);
  for (let i = 1; i < width; i++) value = value * 256 + (bytes[pos + i] as number);
  return value;
}

/** As `vintValue`, but `UNKNOWN_SIZE` when every value bit is set. */
export function vintSize(bytes: Uint8Array, pos: number, width: number): number {
  const mask = 0xff >> width;
  let value = (bytes[pos] as number) & mask;
  let allOnes = value === mask;
  for (let i = 1; i < width; i++) {
    const byte = bytes[pos + i] as number;
    value = value * 256 + byte;
    allOnes &&= byte === 0xff;
  }
  return allOnes ? UNKNOWN_SIZE : value;
}

/** An element id, marker included; `width` is 1 to 4. */
export function vintId(bytes: Uint8Array, pos: number, width: number): number {
  let id = bytes[pos] as number;
  for (let i = 1; i < width; i++) id = id * 256 + (bytes[pos + i] as number);
  return id;
}

/**
 * Ids whose value bits are all zeros or all ones name nothing (RFC 8794 §5), but for 0x80, which
 * Matroska has always used (ChapterDisplay, RFC 9559 §5.1.7.1.4.9).
 */
export function isReservedId(id: number, width: number): boolean {
  const marker = 1 << (7 * width);
  return (id === marker && id !== 0x80) || id === marker * 2 - 1;
}
