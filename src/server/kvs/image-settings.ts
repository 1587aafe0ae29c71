/** What GetImages and ImageGenerationConfiguration have in common: how images look. */
import { Fault } from "../../base/errors.ts";
import { DEFAULT_QUALITY, MAX_HEIGHT, MAX_WIDTH, type PictureStyle } from "../images/style.ts";

export interface ImageSettings {
  readonly Format: "JPEG" | "PNG";
  readonly FormatConfig?: { readonly JPEGQuality?: string };
  readonly WidthPixels?: number;
  readonly HeightPixels?: number;
}

/** Neither size: as it is; height alone keeps the shape; width alone is refused; both stretch. Throws `request.bad`. */
export function pictureStyle(settings: ImageSettings): PictureStyle {
  const { Format, FormatConfig, WidthPixels: width, HeightPixels: height } = settings;
  const quality = qualityOf(FormatConfig?.JPEGQuality);
  if (width !== undefined && height === undefined)
    throw new Fault("request.bad", "WidthPixels needs HeightPixels");
  checkSize("WidthPixels", width, MAX_WIDTH);
  checkSize("HeightPixels", height, MAX_HEIGHT);
  return { format: Format === "PNG" ? "png" : "jpeg", quality, width, height };
}

function qualityOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_QUALITY;
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (quality >= 1 && quality <= 100) return quality;
  throw new Fault("request.bad", `JPEGQuality is 1 to 100, not ${text.slice(0, 20)}`);
}

function checkSize(name: string, pixels: number | undefined, most: number): void {
  if (pixels === undefined || (Number.isInteger(pixels) && pixels >= 1 && pixels <= most)) return;
  throw new Fault("request.bad", `${name} is 1 to ${most}`);
}
