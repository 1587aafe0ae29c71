/** Query strings of the routes of pictures: their tables, and as values. */
import { Fault } from "../../base/errors.ts";
import type { ClockName } from "../../fragment/fragment.ts";
import type { Precision } from "../../play/images/choose.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import { MAX_RANGE_MS, MIN_INTERVAL_MS } from "../images/image-page.ts";
import { DEFAULT_QUALITY, MAX_HEIGHT, MAX_WIDTH, type PictureStyle } from "../images/style.ts";
import { MAX_THUMBNAIL_WIDTH, MAX_THUMBNAILS } from "../images/thumbnails.ts";
import {
  choice,
  flag,
  free,
  type Parameter,
  type QueryValues,
  type RawQuery,
  readQuery,
  whole,
} from "./parameters.ts";
import { clock, namedRange } from "./query.ts";

const size = (max: number, what: string) =>
  whole({ fallback: undefined, min: 1, max }, `${what} in pixels; default: the picture's own`);
const STYLE = {
  width: size(MAX_WIDTH, "width"),
  height: size(MAX_HEIGHT, "height"),
  quality: whole({ fallback: DEFAULT_QUALITY, min: 1, max: 100 }, "of JPEG"),
} as const;

const at: Parameter<number | "latest"> = {
  schema: {
    anyOf: [
      { enum: ["latest", "now"] },
      { type: "string", format: "date-time" },
      { type: "integer" },
    ],
    ...{ description: "what was shown then", default: "latest" },
  },
  read: (value) => (value === "latest" || value === "now" ? "latest" : parseTime(value)),
  missing: () => "latest",
};

export const IMAGE = {
  ...{ at, clock },
  exact: flag(true, "the picture itself, not the key frame before it"),
  ...STYLE,
} as const;

export function imageQuery(query: RawQuery, format: PictureStyle["format"]) {
  const asked = readQuery(IMAGE, query);
  const precision: Precision = asked.exact ? "exact" : "key";
  return { clock: asked.clock, at: asked.at, precision, style: { ...styleOf(asked), format } };
}

export const IMAGES = {
  ...namedRange("images"),
  interval: whole(
    { fallback: 3000, min: MIN_INTERVAL_MS, max: MAX_RANGE_MS },
    "ms between two pictures",
  ),
  format: choice(["jpeg", "png"], "of the pictures"),
  token: free("`token` of the page before; all else is the same"),
  ...STYLE,
} as const;

export function imagesQuery(query: RawQuery) {
  const { interval: intervalMs, token, format, ...asked } = readQuery(IMAGES, query);
  const range = rangeOf(asked);
  if (range.toMs - range.fromMs > MAX_RANGE_MS)
    throw new Fault("request.bad-time", `images are of at most ${MAX_RANGE_MS / 1000} s at once`);
  return { ...range, intervalMs, token, style: { ...styleOf(asked), format } };
}

export const THUMBNAILS = {
  ...namedRange("thumbnails"),
  count: whole({ fallback: 50, min: 1, max: MAX_THUMBNAILS }, "so many, at equal distances"),
  width: whole({ fallback: 160, min: 16, max: MAX_THUMBNAIL_WIDTH }, "of each, in pixels"),
} as const;

export function thumbnailsQuery(query: RawQuery) {
  const { count, width, ...asked } = readQuery(THUMBNAILS, query);
  return { ...rangeOf(asked), count, width };
}

function rangeOf({ from, to, clock: on }: QueryValues<ReturnType<typeof namedRange>>) {
  const named: ClockName = on;
  return { ...timeRange(from, to), clock: named };
}

function styleOf({ width, height, quality }: QueryValues<typeof STYLE>) {
  return { width, height, quality };
}
