/** The part of an address after `#`: which camera, and which moment of it. Pure. */
import { isoMillis, isoTime } from "../../src/base/clock.ts";

export interface Place {
  readonly stream: string;
  /** Producer time, ms; `undefined`: live. */
  readonly atMs?: number;
}

/** `front-door?t=2026-11-22T22:24:00.000Z`, without the `#`. */
export function placeText({ stream, atMs }: Place): string {
  const name = encodeURIComponent(stream);
  return atMs === undefined ? name : `${name}?t=${isoTime(Math.floor(atMs))}`;
}

/** A time that is none is left out; what cannot be decoded is an empty name. */
export function readPlace(hash: string): Place {
  const [name = "", query = ""] = hash.replace(/^#/, "").split("?");
  const time = /^t=(\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(query)?.[1];
  const atMs = time === undefined ? Number.NaN : isoMillis(time);
  let stream = "";
  try {
    stream = decodeURIComponent(name);
  } catch {}
  return Number.isFinite(atMs) ? { stream, atMs } : { stream };
}
