/** The part of the grid page's address after `#`: which cameras, how many at once, and which moment. Pure. */
import { isoMillis, isoTime } from "../../../src/base/clock.ts";

export interface GridPlace {
  /** None: all there are. */
  readonly streams: readonly string[];
  readonly tiles?: number;
  /** Producer time, ms; `undefined`: live. */
  readonly atMs?: number;
}

/** `front-door,garden?tiles=4&t=2026-11-22T22:24:00.000Z`, without the `#`. */
export function gridPlaceText({ streams, tiles, atMs }: GridPlace): string {
  const query = [
    tiles === undefined ? "" : `tiles=${tiles}`,
    atMs === undefined ? "" : `t=${isoTime(Math.floor(atMs))}`,
  ].filter((text) => text !== "");
  const names = streams.map(encodeURIComponent).join(",");
  return query.length === 0 ? names : `${names}?${query.join("&")}`;
}

/** What cannot be read is left out. */
export function readGridPlace(hash: string): GridPlace {
  const [names = "", query = ""] = hash.replace(/^#/, "").split("?");
  const fields = new URLSearchParams(query);
  const tiles = /^(1|4|9|16)$/.exec(fields.get("tiles") ?? "")?.[1];
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.exec(fields.get("t") ?? "")?.[0];
  const atMs = time === undefined ? Number.NaN : isoMillis(time);
  return {
    streams: names
      .split(",")
      .map(decoded)
      .filter((name) => name !== ""),
    ...(tiles === undefined ? {} : { tiles: Number(tiles) }),
    ...(Number.isFinite(atMs) ? { atMs } : {}),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
