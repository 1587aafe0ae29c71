/** AudioSpecificConfig of AAC (ISO/IEC 14496-3 §1.6.2.1): read and written. */
import { assert } from "../../../base/assert.ts";
import { BitReader } from "../bit-reader.ts";

export interface AacConfig {
  /** Of the core coder: 1 Main, 2 LC, 3 SSR, 4 LTP, 23 LD, 39 ELD... */
  readonly objectType: number;
  /** What the stream is announced as: 5 for HE-AAC, 29 for HE-AAC v2, else `objectType`. */
  readonly signalledType: number;
  /** Of the core coder, hertz: half of what comes out when SBR is used. */
  readonly sampleRate: number;
  /** 0: said in the stream. 7 means 8 channels. */
  readonly channelConfig: number;
  /** Samples a frame has at `sampleRate`: 1024 or 960 (LD and ELD: 512 or 480). */
  readonly frameSamples: number;
}

/** By samplingFrequencyIndex (table 1.18), hertz. */
export const AAC_RATES: readonly number[] = [
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050],
  ...[16_000, 12_000, 11_025, 8_000, 7_350],
];
const EXPLICIT_RATE = 15;
const SBR = 5;
const PS = 29;
const LOW_DELAY = new Set([23, 39]);

/** Throws `codec.bad-config`. */
export function readAacConfig(config: Uint8Array): AacConfig {
  const bits = new BitReader(config, "AudioSpecificConfig");
  const signalledType = readObjectType(bits);
  const sampleRate = readRate(bits);
  const channelConfig = bits.bits(4);
  const extended = signalledType === SBR || signalledType === PS;
  if (extended) readRate(bits);
  const objectType = extended ? readObjectType(bits) : signalledType;
  if (objectType === 0) throw bits.fault("object type 0");
  const short = bits.flag();
  const full = LOW_DELAY.has(objectType) ? 512 : 1024;
  const frameSamples = short ? (full * 15) / 16 : full;
  return { objectType, signalledType, sampleRate, channelConfig, frameSamples };
}

function readObjectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === 31 ? 32 + bits.bits(6) : type;
}

function readRate(bits: BitReader): number {
  const index = bits.bits(4);
  const rate = index === EXPLICIT_RATE ? bits.bits(24) : AAC_RATES[index];
  if (rate === undefined || rate === 0) throw bits.fault(`sampling rate index ${index}`);
  return rate;
}

/** A config of 2 bytes, or 5 for an unusual rate; 1024 samples a frame. `objectType` 1 to 30. */
export function writeAacConfig(config: {
  readonly objectType: number;
  readonly sampleRate: number;
  readonly channelConfig: number;
}): Uint8Array {
  const { objectType, sampleRate, channelConfig } = config;
  assert(objectType > 0 && objectType < 31 && channelConfig < 16, "no such AAC configuration");
  const index = AAC_RATES.indexOf(sampleRate);
  const type = objectType << 3;
  if (index >= 0)
    return Uint8Array.of(type | (index >> 1), ((index & 1) << 7) | (channelConfig << 3));
  // 5 + 4 + 24 + 4 bits and three flags: exactly 40.
  return Uint8Array.of(
    type | (EXPLICIT_RATE >> 1),
    0x80 | ((sampleRate >> 17) & 0x7f),
    (sampleRate >> 9) & 0xff,
    (sampleRate >> 1) & 0xff,
    ((sampleRate & 1) << 7) | (channelConfig << 3),
  );
}

/** Of a CodecID of old Matroska files without CodecPrivate, e.g. `A_AAC/MPEG4/LC/SBR`. */
export function aacTypeOfCodecId(codecId: string): number | undefined {
  const profile = /^A_AAC\/MPEG[24]\/(MAIN|LC|SSR|LTP)(\/SBR)?$/.exec(codecId)?.[1];
  const index = ["MAIN", "LC", "SSR", "LTP"].indexOf(profile ?? "");
  return index < 0 ? undefined : index + 1;
}

/** channelConfiguration of a number of channels, for the usual layouts. */
export function aacChannelConfig(channels: number): number | undefined {
  if (channels === 8) return 7;
  return channels >= 1 && channels <= 6 ? channels : undefined;
}
