/** GetImages (API_reader_GetImages.html): pictures at equal distances of a short range, a page at a time. */
import { Fault } from "../../base/errors.ts";
import {
  imagePage,
  MAX_RANGE_MS,
  MIN_INTERVAL_MS,
  PAGE_PICTURES,
  type PagePicture,
} from "../images/image-page.ts";
import type { StreamOperation } from "./context.ts";
import { type ImageSettings, pictureStyle } from "./image-settings.ts";
import { epochMs } from "./timestamps.ts";

export interface GetImagesInput extends ImageSettings {
  readonly ImageSelectorType: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP";
  /** Epoch seconds. */
  readonly StartTimestamp: number;
  readonly EndTimestamp: number;
  /** Ms; default 3000. */
  readonly SamplingInterval?: number;
  /** 1 to 100; a page has 25 at most whatever is asked for. */
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

export interface GetImagesOutput {
  readonly Images: readonly {
    readonly TimeStamp: number;
    readonly Error?: "NO_MEDIA" | "MEDIA_ERROR";
    /** Base64. */
    readonly ImageContent?: string;
  }[];
  readonly NextToken?: string;
}

const DEFAULT_INTERVAL_MS = 3000;
/** Of `ImageContent`. */
const MAX_CONTENT = 6_291_456;

/** Throws `request.bad-time`, `request.bad`, `stream.no-retention`, and as `imagePage`. */
export const getImages: StreamOperation<GetImagesInput, GetImagesOutput> = async (
  input,
  { parts, stream, response },
) => {
  const { SamplingInterval: intervalMs = DEFAULT_INTERVAL_MS, MaxResults = PAGE_PICTURES } = input;
  const [fromMs, toMs] = [epochMs(input.StartTimestamp), epochMs(input.EndTimestamp)];
  if (toMs <= fromMs)
    throw new Fault("request.bad-time", "EndTimestamp must be later than StartTimestamp");
  if (toMs - fromMs > MAX_RANGE_MS)
    throw new Fault("request.bad-time", `the range is at most ${MAX_RANGE_MS / 1000} seconds`);
  if (intervalMs < MIN_INTERVAL_MS)
    throw new Fault("request.bad", `SamplingInterval is at least ${MIN_INTERVAL_MS} ms`);
  if (stream.retentionHours === 0)
    throw new Fault("stream.no-retention", `${stream.name} keeps nothing`);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const page = await imagePage(parts.images, {
    ...{ stream: stream.name, fromMs, toMs, intervalMs, signal: gone.signal },
    clock: input.ImageSelectorType === "SERVER_TIMESTAMP" ? "server" : "producer",
    style: pictureStyle(input),
    count: Math.min(MaxResults, PAGE_PICTURES),
    token: input.NextToken,
  });
  return {
    Images: page.pictures.map(imageOf),
    ...(page.token === undefined ? {} : { NextToken: page.token }),
  };
};

function imageOf({ timeMs, image, error }: PagePicture): GetImagesOutput["Images"][number] {
  const TimeStamp = timeMs / 1000;
  if (image === undefined)
    return { TimeStamp, Error: error === "no-media" ? "NO_MEDIA" : "MEDIA_ERROR" };
  const ImageContent = Buffer.from(image).toString("base64");
  // What the interface has no room for is an image that cannot be made.
  return ImageContent.length > MAX_CONTENT
    ? { TimeStamp, Error: "MEDIA_ERROR" }
    : { TimeStamp, ImageContent };
}
