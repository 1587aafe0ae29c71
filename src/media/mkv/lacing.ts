/** Frames laced into one block (RFC 9559 §10.3), taken apart with every bound checked. */
import { Fault } from "../../base/errors.ts";
import type { Rope } from "../../base/rope.ts";
import { vintValue, vintWidth } from "../ebml/vint.ts";

export type Lacing = "none" | "xiph" | "fixed" | "ebml";

/** Block flags bits 0x06. */
export const LACINGS: readonly Lacing[] = ["none", "xiph", "fixed", "ebml"];

/** `body` begins with the lace count. Throws `mkv.bad-lacing`. */
export function splitLaces(body: Rope, lacing: Exclude<Lacing, "none">, at: number): Rope[] {
  const bytes = body.toBytes();
  const bad = (why: string) => new Fault("mkv.bad-lacing", why, { at });
  const first = bytes[0];
  if (first === undefined) throw bad("a laced block without a frame count");
  const count = first + 1;
  if (lacing === "fixed") return fixed(body, count, bad);
  const sizes = lacing === "xiph" ? xiphSizes(bytes, count, bad) : ebmlSizes(bytes, count, bad);
  let start = sizes.end;
  const used = sizes.list.reduce((sum, size) => sum + size, 0);
  const last = bytes.length - start - used;
  if (last < 0) throw bad("laced frames are longer than their block");
  return [...sizes.list, last].map((size) => {
    start += size;
    return body.slice(start - size, start);
  });
}

type Bad = (why: string) => Fault;

function fixed(body: Rope, count: number, bad: Bad): Rope[] {
  const total = body.length - 1;
  if (total % count !== 0) throw bad(`${total} bytes are not ${count} frames of one size`);
  const size = total / count;
  return Array.from({ length: count }, (_, i) => body.slice(1 + i * size, 1 + (i + 1) * size));
}

function xiphSizes(bytes: Uint8Array, count: number, bad: Bad): { list: number[]; end: number } {
  const list: number[] = [];
  let pos = 1;
  for (let i = 0; i < count - 1; i++) {
    let size = 0;
    for (let byte = 255; byte === 255; pos++) {
      if (pos >= bytes.length) throw bad("lace sizes run past the block");
      byte = bytes[pos] as number;
      size += byte;
    }
    list.push(size);
  }
  return { list, end: pos };
}

/** The first size is a vint, the others are signed differences to the one before. */
function ebmlSizes(bytes: Uint8Array, count: number, bad: Bad): { list: number[]; end: number } {
  const list: number[] = [];
  let pos = 1;
  let size = 0;
  for (let i = 0; i < count - 1; i++) {
    const width = vintWidth(bytes[pos] ?? 0);
    if (width > 8 || pos + width > bytes.length) throw bad("lace sizes run past the block");
    const value = vintValue(bytes, pos, width);
    size = i === 0 ? value : size + value - (2 ** (7 * width - 1) - 1);
    if (!Number.isSafeInteger(size) || size < 0) throw bad("a lace size below zero");
    list.push(size);
    pos += width;
  }
  return { list, end: pos };
}
