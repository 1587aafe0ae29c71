/**
 * Uncompressed audio and G.711: `A_PCM/INT/LIT`, `A_PCM/INT/BIG`, `A_PCM/FLOAT/IEEE`, and `A_MS/ACM`
 * with a WAVEFORMATEX as CodecPrivate, which is how KVS's SDKs send G.711.
 */
import { audioSampleEntry } from "../fmp4/sample-entry.ts";
import type { Track } from "../track.ts";
import { ByteReader } from "./byte-reader.ts";
import { readable } from "./readable.ts";

export interface WaveFormat {
  /** wFormatTag: 1 PCM, 3 float, 6 A-law, 7 mu-law. */
  readonly tag: number;
  readonly channels: number;
  /** Hertz. */
  readonly sampleRate: number;
  /** Bytes of one sample of all channels. */
  readonly blockAlign: number;
  readonly bitsPerSample: number;
}

const NAMES: Readonly<Record<number, string | undefined>> = { 6: "alaw", 7: "ulaw" };
const SAMPLED_TAGS = new Set([1, 3, 6, 7]);

/** Reads a WAVEFORMATEX (little-endian). Throws `codec.bad-config`. */
export function readWaveFormat(config: Uint8Array): WaveFormat {
  const reader = new ByteReader(config, "WAVEFORMATEX");
  const fixed = reader.bytes(16);
  const view = new DataView(fixed.buffer, fixed.byteOffset, 16);
  const u16 = (at: number) => view.getUint16(at, true);
  const format = {
    ...{ tag: u16(0), channels: u16(2), sampleRate: view.getUint32(4, true) },
    ...{ blockAlign: u16(12), bitsPerSample: u16(14) },
  };
  if (format.channels === 0 || format.sampleRate === 0) throw reader.fault("no channels or rate");
  return format;
}

/** `ulaw` or `alaw` (WebCodecs names) for G.711; undefined for anything else. */
export function g711Name(track: Track): string | undefined {
  return NAMES[waveFormat(track)?.tag ?? 0];
}

/**
 * G.711's sample entry, `ulaw` or `alaw`: 16 bits is what it decodes to (QuickTime File Format, sound sample descriptions).
 * Undefined for anything else, and where the WAVEFORMATEX and the track disagree.
 */
export function g711Entry(track: Track): Uint8Array | undefined {
  const [format, name] = [waveFormat(track), g711Name(track)];
  if (format === undefined || name === undefined || format.blockAlign !== format.channels)
    return undefined;
  if (format.sampleRate !== track.audio?.sampleRate) return undefined;
  return audioSampleEntry(name, format, new Uint8Array(0));
}

/** Bytes of one sample of all channels of a G.711 track; undefined for anything else. */
export function g711SampleBytes(track: Track): number | undefined {
  return g711Name(track) === undefined ? undefined : waveFormat(track)?.channels;
}

/** Samples per channel in a payload; undefined when it is not sampled audio. */
export function pcmSamples(track: Track, payload: Uint8Array): number | undefined {
  const frameBytes = bytesPerSample(track);
  if (frameBytes === undefined || frameBytes < 1) return undefined;
  return Math.floor(payload.length / frameBytes);
}

/** Of all channels together. */
function bytesPerSample(track: Track): number | undefined {
  if (track.codecId === "A_MS/ACM") {
    const format = waveFormat(track);
    return format !== undefined && SAMPLED_TAGS.has(format.tag) ? format.blockAlign : undefined;
  }
  const { audio } = track;
  return audio?.bitDepth === undefined ? undefined : (audio.bitDepth * audio.channels) / 8;
}

function waveFormat(track: Track): WaveFormat | undefined {
  const { codecPrivate, codecId } = track;
  if (codecPrivate === undefined || codecId !== "A_MS/ACM") return undefined;
  return readable(() => readWaveFormat(codecPrivate));
}
