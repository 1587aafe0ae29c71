/** Tracks and frames: what every container we read or write is made of. Pure values. */
import type { Rope } from "../base/rope.ts";
import type { Micros } from "../base/units.ts";

export type TrackType = "video" | "audio" | "subtitle" | "other";

/** One elementary stream and its codec configuration. */
export interface Track {
  /** Matroska TrackNumber, from 1. Kept as the producer sent it. */
  readonly number: number;
  readonly type: TrackType;
  /** Matroska CodecID, e.g. `V_MPEG4/ISO/AVC`, `A_AAC` (RFC 9559 codec mappings). */
  readonly codecId: string;
  /** Matroska CodecPrivate: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead, WAVEFORMATEX... */
  readonly codecPrivate?: Uint8Array;
  readonly name?: string;
  readonly language?: string;
  /** Nanoseconds per frame, when the producer says so. */
  readonly defaultDurationNs?: number;
  /** Nanoseconds of decoder delay to cut from the start (Opus pre-skip). */
  readonly codecDelayNs?: number;
  readonly seekPreRollNs?: number;
  readonly video?: VideoSettings;
  readonly audio?: AudioSettings;
  /**
   * How block payloads are encoded (Matroska ContentEncodings). `plain`: as they are.
   * `header-stripping`: put `strippedHeader` in front of each. `unsupported`: cannot be decoded here.
   */
  readonly encoding: "plain" | "header-stripping" | "unsupported";
  readonly strippedHeader?: Uint8Array;
}

export interface VideoSettings {
  /** Coded size in pixels. */
  readonly width: number;
  readonly height: number;
  /** Display size or aspect, when it differs. */
  readonly displayWidth?: number;
  readonly displayHeight?: number;
}

export interface AudioSettings {
  /** Hertz; may be fractional in Matroska. */
  readonly sampleRate: number;
  readonly outputSampleRate?: number;
  readonly channels: number;
  readonly bitDepth?: number;
}

/** The tracks in force for a stretch of media. */
export interface TrackSet {
  readonly tracks: readonly Track[];
  /** Nanoseconds per tick of block and cluster times (Matroska TimestampScale), ≥ 1. */
  readonly timestampScaleNs: number;
  /** The whole Matroska Tracks element, header included, as packs and clips carry it. */
  readonly tracksElement: Uint8Array;
}

/** One coded picture or audio packet. */
export interface Frame {
  readonly track: number;
  /** Presentation time on the producer's clock. Frames come in decode order. */
  readonly timeUs: Micros;
  /** How long it is shown, when the container says so. */
  readonly durationUs?: number;
  /** A decoder can start here. Always true for audio. */
  readonly key: boolean;
  /** As the codec's Matroska mapping has it: length-prefixed NAL units for AVC and HEVC. */
  readonly payload: Rope;
}
