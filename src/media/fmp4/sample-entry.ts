/** Sample entries, the `stsd` children (ISO/IEC 14496-12 §8.5.2, §12.1.3, §12.2.3). Knows no codec. */
import type { Track } from "../track.ts";
import { box, fullBox, u8, u16, u32, zeros } from "./box.ts";

/** 72 pixels per inch, as 16.16. */
const RESOLUTION = 0x480000;
const NO_COLOR_TABLE = 0xffff;
const DEPTH = 24;

/** `type` is the entry's four letters, `specific` the codec's own boxes. */
export function visualSampleEntry(type: string, track: Track, specific: Uint8Array): Uint8Array {
  const { width, height } = codedSize(track);
  return box(
    type,
    zeros(6),
    u16(1),
    zeros(16),
    u16(width, height),
    u32(RESOLUTION, RESOLUTION, 0),
    u16(1),
    zeros(32),
    u16(DEPTH, NO_COLOR_TABLE),
    specific,
    pixelAspect(track),
  );
}

/** Coded size in pixels, each 0 to 65,535. */
export function codedSize(track: Track): { width: number; height: number } {
  const limit = (value: number | undefined) => Math.min(0xffff, Math.max(0, value ?? 0));
  return { width: limit(track.video?.width), height: limit(track.video?.height) };
}

/** `pasp` (§12.1.4) when pixels are not square; DisplayWidth and DisplayHeight may be a mere ratio. */
function pixelAspect(track: Track): Uint8Array {
  const { width = 0, height = 0, displayWidth = 0, displayHeight = 0 } = track.video ?? {};
  const across = displayWidth * height;
  const down = displayHeight * width;
  if (across <= 0 || down <= 0 || across === down) return zeros(0);
  const divisor = gcd(across, down);
  return fits(across / divisor, down / divisor)
    ? box("pasp", u32(across / divisor, down / divisor))
    : zeros(0);
}

function fits(...values: readonly number[]): boolean {
  return values.every((value) => Number.isInteger(value) && value < 2 ** 32);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Picture size to show, pixels, for the track header. */
export function displaySize(track: Track): { width: number; height: number } {
  const { width, height } = codedSize(track);
  const { displayWidth = 0, displayHeight = 0 } = track.video ?? {};
  if (displayWidth <= 0 || displayHeight <= 0) return { width, height };
  const wanted = Math.round((height * displayWidth) / displayHeight);
  return wanted <= 0xffff ? { width: wanted, height } : { width, height };
}

export interface AudioEntryFields {
  readonly channels: number;
  readonly sampleRate: number;
  /** Bits; 16 for everything lossy. */
  readonly sampleSize?: number;
}

export function audioSampleEntry(
  type: string,
  fields: AudioEntryFields,
  specific: Uint8Array,
): Uint8Array {
  const { channels, sampleRate, sampleSize = 16 } = fields;
  // The field has 16 bits for the rate; 0 says: look into the codec's own box.
  const rate = sampleRate <= 0xffff ? Math.round(sampleRate) : 0;
  const layout = u16(channels, sampleSize, 0, 0, rate, 0);
  return box(type, zeros(6), u16(1), zeros(8), layout, specific);
}

/** `esds` (ISO/IEC 14496-14 §5.6) for an audio stream. `config` may be empty: no DecoderSpecificInfo then. */
export function elementaryStream(objectType: number, config: Uint8Array): Uint8Array {
  const AUDIO_STREAM = 0x15;
  const specific = config.length === 0 ? zeros(0) : descriptor(5, config);
  const decoder = descriptor(4, u8(objectType, AUDIO_STREAM, 0, 0, 0), u32(0, 0), specific);
  const syncLayer = descriptor(6, u8(2));
  return fullBox("esds", {}, descriptor(3, u16(0), u8(0), decoder, syncLayer));
}

/** A descriptor with its size in four bytes of seven bits (ISO/IEC 14496-1 §8.3.3). */
function descriptor(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const size = contents.reduce((sum, part) => sum + part.length, 0);
  const septets = [21, 14, 7].map((shift) => 0x80 | ((size >> shift) & 0x7f));
  const out = new Uint8Array(5 + size);
  out.set([tag, ...septets, size & 0x7f]);
  let at = 5;
  for (const part of contents) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
