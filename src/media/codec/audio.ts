/** Sound: configurations, and how many samples a packet holds. */

/** AudioSpecificConfig (ISO 14496-3 §1.6.2.1). */
export interface AacConfig {
  readonly objectType: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per packet: 1024, or 960. */
  readonly frameSamples: number;
}

const RATES = [
  ...[96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350],
];

/** Undefined for what is not an AudioSpecificConfig. */
export function parseAacConfig(bytes: Uint8Array): AacConfig | undefined {
  if (bytes.length < 2) return undefined;
  const bits = (from: number, count: number) => {
    let value = 0;
    for (let i = from; i < from + count; i++)
      value = value * 2 + (((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1);
    return value;
  };
  let at = 5;
  let objectType = bits(0, 5);
  if (objectType === 31) {
    objectType = 32 + bits(5, 6);
    at = 11;
  }
  const index = bits(at, 4);
  const sampleRate = index === 15 ? bits(at + 4, 24) : RATES[index];
  at += index === 15 ? 28 : 4;
  if (sampleRate === undefined || objectType === 0) return undefined;
  const channels = bits(at, 4);
  const short = bits(at + 4, 1) === 1;
  return { objectType, sampleRate, channels, frameSamples: short ? 960 : 1024 };
}

/** Samples at 48 kHz in an Opus packet, from its first bytes (RFC 6716 §3.1, §3.2.5); 0 when it is empty. */
export function opusSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const frame =
    config < 12
      ? [480, 960, 1920, 2880][config & 3]
      : config < 16
        ? [480, 960][config & 1]
        : [120, 240, 480, 960][config & 3];
  const code = toc & 3;
  const count = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 0x3f : 2;
  return (frame ?? 960) * count;
}

/** Pre-skip of an OpusHead (RFC 7845 §5.1), samples at 48 kHz. */
export function opusPreSkip(head: Uint8Array): number {
  return (head[10] ?? 0) | ((head[11] ?? 0) << 8);
}

/** Samples of an MPEG audio frame from its header (ISO 11172-3 §2.4.2.3), or undefined. */
export function mpegAudioSamples(packet: Uint8Array): number | undefined {
  if (packet[0] !== 0xff || ((packet[1] ?? 0) & 0xe0) !== 0xe0) return undefined;
  const version = ((packet[1] ?? 0) >> 3) & 3;
  const layer = ((packet[1] ?? 0) >> 1) & 3;
  if (layer === 3) return 384;
  if (layer === 2) return 1152;
  return version === 3 ? 1152 : 576;
}
