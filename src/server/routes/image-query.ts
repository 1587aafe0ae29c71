/** Query strings of the routes of pictures as values. */
import { Fault } from "../../base/errors.ts";
import type { ClockName } from "../../fragment/fragment.ts";
import type { Precision } from "../../play/images/choose.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import { MAX_RANGE_MS, MIN_INTERVAL_MS } from "../images/image-page.ts";
import { DEFAULT_QUALITY, MAX_HEIGHT, MAX_WIDTH, type PictureStyle } from "../images/style.ts";
import { MAX_THUMBNAIL_WIDTH, MAX_THUMBNAILS } from "../images/thumbnails.ts";
import { clockOf, type RawQuery, refuseOthers, text, wholeOf } from "./query.ts";

const STYLE = ["width", "height", "quality"];

export function imageQuery(query: RawQuery, format: PictureStyle["format"]) {
  refuseOthers(query, ["at", "clock", "exact", ...STYLE]);
  const at = text(query, "at") ?? "latest";
  const exact = text(query, "exact") ?? "true";
  if (exact !== "true" && exact !== "false")
    throw new Fault("request.bad", `exact: true or false, not ${exact}`);
  const precision: Precision = exact === "true" ? "exact" : "key";
  const newest = at === "latest" || at === "now";
  const time: number | "latest" = newest ? "latest" : parseTime(at);
  return { clock: clockOf(query), at: time, precision, style: styleOf(query, format) };
}

export function imagesQuery(query: RawQuery) {
  refuseOthers(query, ["from", "to", "clock", "interval", "format", "token", ...STYLE]);
  const { fromMs, toMs, clock } = rangeOf(query, "images need from and to");
  if (toMs - fromMs > MAX_RANGE_MS)
    throw new Fault("request.bad-time", `images are of at most ${MAX_RANGE_MS / 1000} s at once`);
  const limits = { fallback: 3000, min: MIN_INTERVAL_MS, max: MAX_RANGE_MS };
  const format = text(query, "format") ?? "jpeg";
  if (format !== "jpeg" && format !== "png")
    throw new Fault("request.bad", `format: jpeg or png, not ${format}`);
  const token = text(query, "token");
  const intervalMs = wholeOf(query, "interval", limits);
  return { fromMs, toMs, clock, intervalMs, token, style: styleOf(query, format) };
}

export function thumbnailsQuery(query: RawQuery) {
  refuseOthers(query, ["from", "to", "clock", "count", "width"]);
  const range = rangeOf(query, "thumbnails need from and to");
  const count = wholeOf(query, "count", { fallback: 50, min: 1, max: MAX_THUMBNAILS });
  const width = wholeOf(query, "width", { fallback: 160, min: 16, max: MAX_THUMBNAIL_WIDTH });
  return { ...range, count, width };
}

function rangeOf(query: RawQuery, missing: string) {
  const [from, to] = [text(query, "from"), text(query, "to")];
  if (from === undefined || to === undefined) throw new Fault("request.bad-time", missing);
  const clock: ClockName = clockOf(query);
  return { ...timeRange(parseTime(from), parseTime(to)), clock };
}

function styleOf(query: RawQuery, format: PictureStyle["format"]): PictureStyle {
  const size = (name: string, max: number) => {
    const value = wholeOf(query, name, { fallback: 0, min: 1, max });
    return value === 0 ? undefined : value;
  };
  const quality = wholeOf(query, "quality", { fallback: DEFAULT_QUALITY, min: 1, max: 100 });
  const [width, height] = [size("width", MAX_WIDTH), size("height", MAX_HEIGHT)];
  return { format, quality, width, height };
}
