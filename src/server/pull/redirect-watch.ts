/**
 * What a camera says, looked through for answers that redirect (RFC 2326 §11.3) the way ffmpeg reads them: `RTSP/`, the rest of a word,
 * white space, a number of 300 to 399. Bytes go through as they came; what may be the beginning of a status line waits for the rest
 * of it, so that nothing of a redirection is let through. Pure.
 */

const MARK = Buffer.from("RTSP/");
/** ffmpeg's longest line. */
const LONGEST_LINE = 4096;
/** `atoi` takes a sign and zeros; the words may be parted by any white space but a line's end. */
const REDIRECTS = /^RTSP\/\S*[ \t]+[+]?0*3\d\d(?!\d)/;
const NONE = Buffer.alloc(0);

export class RedirectWatch {
  #held: Buffer = NONE;

  /** What may go on; undefined: a redirection, nothing after it is to be looked at. */
  push(piece: Uint8Array): Uint8Array | undefined {
    const bytes =
      this.#held.length === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        : Buffer.concat([this.#held, piece]);
    this.#held = NONE;
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) {
      const end = lineEnd(bytes, at);
      if (end === undefined) return this.#hold(bytes, at);
      if (REDIRECTS.test(bytes.toString("latin1", at, end))) return undefined;
    }
    return this.#hold(bytes, bytes.length - beginning(bytes));
  }

  #hold(bytes: Buffer, at: number): Uint8Array {
    this.#held = bytes.subarray(at);
    return bytes.subarray(0, at);
  }
}

/** Undefined: more of the line is to come. */
function lineEnd(bytes: Buffer, at: number): number | undefined {
  const found = bytes.indexOf(0x0a, at);
  const longest = at + LONGEST_LINE;
  if (found >= 0 && found < longest) return found;
  return bytes.length >= longest ? longest : undefined;
}

/** How many of the last bytes a mark may begin with. */
function beginning(bytes: Buffer): number {
  for (let size = Math.min(MARK.length - 1, bytes.length); size > 0; size--)
    if (bytes.subarray(bytes.length - size).equals(MARK.subarray(0, size))) return size;
  return 0;
}
