/**
 * Keys that are bound to a window of time. A query counts as the time that is asked for only where the route answers by it;
 * elsewhere the route looks at the media itself, or such a key is refused.
 */
import { Fault } from "../../base/errors.ts";
import type { TimeRange } from "../../fragment/fragment.ts";
import type { FragmentTimes } from "../../play/hls/service.ts";
import { parseTime, timeRange } from "../../play/time.ts";
import type { Principal } from "./guard.ts";

type Query = Readonly<Record<string, unknown>>;

/** Routes that answer of the time in their query and of nothing else: a range of it, or an instant. */
const BY_TIME: Readonly<Record<string, "range" | "instant">> = {
  "GET /v1/streams/:name/fragments": "range",
  "GET /v1/streams/:name/coverage": "range",
  "GET /v1/streams/:name/gaps": "range",
  "GET /v1/streams/:name/keyframes": "range",
  "GET /v1/streams/:name/clip.mkv": "range",
  "GET /v1/streams/:name/clip.mp4": "range",
  "GET /v1/streams/:name/images": "range",
  "GET /v1/streams/:name/thumbnails": "range",
  "GET /v1/streams/:name/thumbnails.jpg": "range",
  "GET /v1/streams/:name/image.jpg": "instant",
  "GET /v1/streams/:name/image.png": "instant",
};

/** The time on the producer's clock that a request to this route (`METHOD path`) names. Undefined: it names none. */
export function namedTime(route: string, query: Query): TimeRange | undefined {
  const { from, to, at, clock = "producer" } = query;
  if (clock !== "producer") return undefined;
  try {
    switch (BY_TIME[route]) {
      case "range":
        if (typeof from !== "string" || typeof to !== "string") return undefined;
        return timeRange(parseTime(from), parseTime(to));
      case "instant": {
        if (typeof at !== "string") return undefined;
        const ms = parseTime(at);
        return timeRange(ms, (ms + 1) as typeof ms);
      }
      default:
        return undefined;
    }
  } catch (error) {
    // The handler says what is wrong with it, to those who may ask.
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/**
 * For media that is named by something else than its time. Media comes in whole fragments, so one that touches the window is
 * in it, as for clips. What is outside is as if it were not there. Throws `request.no-media`.
 */
export function requireInWindow(
  { window }: Principal,
  { producedStartUs, producedEndUs }: FragmentTimes,
): void {
  if (window === undefined) return;
  if (producedStartUs < window.toMs * 1000 && producedEndUs > window.fromMs * 1000) return;
  throw new Fault("request.no-media", "there is no such fragment, or not any more");
}
