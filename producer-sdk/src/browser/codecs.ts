/** Codecs a browser may be asked to encode, in the order in which most players can show them. Pure. */
export type VideoCodec = "h264" | "vp9" | "vp8" | "av1";

export interface CodecChoice {
  readonly name: VideoCodec;
  /** WebCodecs codec string; the browser may take a higher level. */
  readonly codec: string;
  /** Matroska CodecID. None has a CodecPrivate: the server makes it from the first key frame. */
  readonly codecId: string;
}

/** Level 4.0, 4.1 and 5.0: up to 1080p at 30 pictures a second. */
const CHOICES: readonly CodecChoice[] = [
  { name: "h264", codec: "avc1.42E028", codecId: "V_MPEG4/ISO/AVC" },
  { name: "vp9", codec: "vp09.00.40.08", codecId: "V_VP9" },
  { name: "vp8", codec: "vp8", codecId: "V_VP8" },
  { name: "av1", codec: "av01.0.08M.08", codecId: "V_AV1" },
];

/** What to try: the one asked for, or all in order. */
export function codecChoices(wanted: VideoCodec | "auto"): readonly CodecChoice[] {
  return wanted === "auto" ? CHOICES : CHOICES.filter(({ name }) => name === wanted);
}

/** Bits per second that look well for camera pictures: about 0.07 bit per pixel. */
export function defaultBitrate(width: number, height: number, fps: number): number {
  return Math.round(Math.min(8e6, Math.max(300_000, width * height * fps * 0.07)));
}

/** Pre-skip of an OpusHead (RFC 7845 §5.1) as nanoseconds; 0 when it is none. */
export function opusDelayNs(head: Uint8Array): number {
  if (head.length < 12) return 0;
  const samples = (head[10] ?? 0) | ((head[11] ?? 0) << 8);
  return Math.round((samples * 1e9) / 48_000);
}
