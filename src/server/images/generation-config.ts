/**
 * What a stream says about automatic images: KVS's ImageGenerationConfiguration as it is kept in
 * `StreamInfo.attributes.kvs.imageGeneration`, made ready for use. Who wrote it checked its shape; here is checked that it can be
 * done on this server.
 */
import { createHash } from "node:crypto";
import { isObjectKey } from "../../archive/store/object-key.ts";
import { Fault } from "../../base/errors.ts";
import type { ClockName, StreamInfo } from "../../fragment/fragment.ts";
import { type ImageSettings, pictureStyle } from "../kvs/image-settings.ts";
import { MAX_RANGE_MS, MIN_INTERVAL_MS } from "./image-page.ts";
import type { PictureStyle } from "./style.ts";

/** KVS's structure, PascalCase as on the wire. */
export interface ImageGenerationConfiguration extends ImageSettings {
  readonly Status: "ENABLED" | "DISABLED";
  readonly ImageSelectorType: "PRODUCER_TIMESTAMP" | "SERVER_TIMESTAMP";
  readonly DestinationConfig: { readonly Uri: string; readonly DestinationRegion?: string };
  /** Ms. */
  readonly SamplingInterval: number;
}

/** Where images may go: the bucket that is this server's own store, when it has one. */
export interface OwnStore {
  readonly bucket: string | undefined;
}

export interface ImageGeneration {
  readonly clock: ClockName;
  readonly intervalMs: number;
  readonly style: PictureStyle;
  /** Keys begin with it: `images/…/<stream>/`. */
  readonly prefix: string;
  readonly extension: "jpg" | "png";
  /** Changes with the configuration. */
  readonly name: string;
}

/** Of all keys of images; no pack's name ends like one. */
const ROOT = "images/";

/** What the stream keeps, if it asks for images. */
export function configurationOf(stream: StreamInfo): ImageGenerationConfiguration | undefined {
  const kvs = stream.attributes?.kvs as Readonly<Record<string, unknown>> | undefined;
  const found = kvs?.imageGeneration as ImageGenerationConfiguration | undefined;
  return found?.Status === "ENABLED" ? found : undefined;
}

/** Throws `request.bad` with what cannot be done. */
export function imageGeneration(
  stream: string,
  config: ImageGenerationConfiguration,
  own: OwnStore,
): ImageGeneration {
  const { SamplingInterval: intervalMs, ImageSelectorType, DestinationConfig } = config;
  if (!Number.isInteger(intervalMs) || intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_RANGE_MS)
    throw new Fault(
      "request.bad",
      `SamplingInterval is ${MIN_INTERVAL_MS} to ${MAX_RANGE_MS} ms, not ${intervalMs}`,
    );
  const style = pictureStyle(config);
  return {
    clock: ImageSelectorType === "SERVER_TIMESTAMP" ? "server" : "producer",
    ...{ intervalMs, style, extension: style.format === "png" ? "png" : "jpg" },
    prefix: `${destination(DestinationConfig?.Uri ?? "", own)}${stream}/`,
    name: createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 16),
  };
}

/**
 * `s3://bucket/prefix` where the bucket is this server's own store; `store:prefix` or `file:prefix` for its store whatever it is.
 * Throws `request.bad`.
 */
function destination(uri: string, { bucket }: OwnStore): string {
  const [, scheme = "", rest = ""] = /^(s3|store|file):(?:\/\/)?(.*)$/.exec(uri) ?? [];
  const path = scheme === "s3" ? rest.slice(rest.split("/")[0]?.length ?? 0) : rest;
  if (scheme === "" || (scheme === "s3" && rest.split("/")[0] !== bucket))
    throw new Fault(
      "request.bad",
      `images go to this server's own store alone: store:prefix, or s3://${bucket ?? "(it is no bucket)"}/prefix`,
    );
  const prefix = path.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return ROOT;
  if (!isObjectKey(prefix) || prefix.length > 300)
    throw new Fault(
      "request.bad",
      "the destination's prefix: parts of A-Z a-z 0-9 _ . - and slashes",
    );
  return `${ROOT}${prefix}/`;
}
