/** How a picture is wanted, and what ffmpeg is told for it. */

export interface PictureStyle {
  readonly format: "jpeg" | "png";
  /** JPEG: 1 to 100, as libjpeg counts. */
  readonly quality: number;
  /** Pixels. None: as it is; one: the other by the picture's shape; both: exactly so, stretched. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** With both: not stretched, but with bars. */
  readonly bars?: boolean;
}

export const DEFAULT_QUALITY = 80;
export const MAX_WIDTH = 3840;
export const MAX_HEIGHT = 2160;

/** Says the same for the same style. */
export function styleName({ format, quality, width, height, bars }: PictureStyle): string {
  return [
    format,
    format === "jpeg" ? quality : "",
    width ?? "",
    height ?? "",
    bars ? "bars" : "",
  ].join(" ");
}

export function mimeOf({ format }: PictureStyle): string {
  return format === "jpeg" ? "image/jpeg" : "image/png";
}

/** The filters that follow the choice of frames; empty: none. */
export function sizeFilters({ width, height, bars }: PictureStyle): string[] {
  if (width === undefined && height === undefined) return [];
  const [w, h] = [width ?? -1, height ?? -1];
  if (!bars) return [`scale=${w}:${h}`];
  return [
    `scale=${w}:${h}:force_original_aspect_ratio=decrease`,
    `pad=${w}:${h}:(ow-iw)/2:(oh-ih)/2`,
  ];
}

/** Encoder and its quality. */
export function encoderArgs({ format, quality }: PictureStyle): string[] {
  const exact = ["-flags:v", "+bitexact", "-fflags", "+bitexact"];
  if (format === "png") return ["-c:v", "png", "-pix_fmt", "rgb24", ...exact];
  const scale = ["-q:v", String(quantizer(quality)), "-qmin", "1", "-qmax", "69"];
  return ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "optimal", ...scale, ...exact];
}

/**
 * ffmpeg's 1 to 69 for libjpeg's 100 to 1: libjpeg scales the table of ISO/IEC 10918-1 Annex K by 200 − 2q percent (5000/q below
 * 50), ffmpeg that of MPEG-1 by q/8, whose mean is 0.47 of the other's.
 */
export function quantizer(quality: number): number {
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50;
  return Math.min(69, Math.max(1, Math.round(scale * 17 * 10) / 10));
}
