/** The audio codecs by Matroska CodecID: text for browsers, place in MP4, and samples in a packet. */
import { box, fullBox } from "../fmp4/box.ts";
import { audioSampleEntry, elementaryStream } from "../fmp4/sample-entry.ts";
import type { Track } from "../track.ts";
import {
  type AacConfig,
  aacChannelConfig,
  aacTypeOfCodecId,
  readAacConfig,
  writeAacConfig,
} from "./aac/config.ts";
import { flacFrameSamples, flacSpecific, readFlacPrivate } from "./flac.ts";
import { readMpegAudioHeader } from "./mp3.ts";
import { type OpusHead, opusSpecific, plainOpusHead, readOpusHead } from "./opus/head.ts";
import { opusPacketSamples } from "./opus/packet.ts";
import { g711Name, pcmSamples } from "./pcm.ts";

/** All functions may throw `codec.bad-config`. */
export interface AudioFormat {
  text(track: Track): string | undefined;
  entry(track: Track): Uint8Array | undefined;
  /** Hertz of the samples that `samples` counts; undefined when not known. */
  rate(track: Track): number | undefined;
  samples(track: Track, payload: Uint8Array): number | undefined;
}

const OPUS_RATE = 48_000;
/** objectTypeIndication (MP4 registration authority). */
const ObjectType = { aac: 0x40, mpeg2Audio: 0x69, mpeg1Audio: 0x6b } as const;
/** MPEG-2 audio is the one below MPEG-1's lowest rate. */
const LOWEST_MPEG1_RATE = 32_000;

const pcm: AudioFormat = {
  text: g711Name,
  entry: () => undefined,
  rate: (track) => track.audio?.sampleRate,
  samples: pcmSamples,
};

const mpegAudio: AudioFormat = {
  text: (track) => `mp4a.${mpegObjectType(track).toString(16).toUpperCase()}`,
  entry: (track) => {
    if (track.audio === undefined) return undefined;
    const stream = elementaryStream(mpegObjectType(track), new Uint8Array(0));
    return audioSampleEntry("mp4a", track.audio, stream);
  },
  rate: (track) => track.audio?.sampleRate,
  samples: (_, payload) => readMpegAudioHeader(payload)?.frameSamples,
};

function mpegObjectType(track: Track): number {
  const rate = track.audio?.sampleRate ?? LOWEST_MPEG1_RATE;
  return rate < LOWEST_MPEG1_RATE ? ObjectType.mpeg2Audio : ObjectType.mpeg1Audio;
}

const aac: AudioFormat = {
  text: (track) => {
    const config = aacConfig(track);
    return config === undefined ? undefined : `mp4a.40.${config.signalledType}`;
  },
  entry: (track) => {
    const config = aacConfig(track);
    const bytes = aacConfigBytes(track);
    if (config === undefined || bytes === undefined) return undefined;
    const channels = track.audio?.channels ?? config.channelConfig;
    const fields = { channels, sampleRate: config.sampleRate };
    return audioSampleEntry("mp4a", fields, elementaryStream(ObjectType.aac, bytes));
  },
  rate: (track) => aacConfig(track)?.sampleRate,
  samples: (track) => aacConfig(track)?.frameSamples,
};

/** Read once per configuration, not once per frame. */
const aacConfigs = new WeakMap<Uint8Array, AacConfig>();

function aacConfig(track: Track): AacConfig | undefined {
  const stored = track.codecPrivate === undefined ? undefined : aacConfigs.get(track.codecPrivate);
  if (stored !== undefined) return stored;
  const bytes = aacConfigBytes(track);
  if (bytes === undefined) return undefined;
  const config = readAacConfig(bytes);
  aacConfigs.set(bytes, config);
  return config;
}

/** The CodecPrivate; or, as old files say it, from the CodecID and the audio settings. */
function aacConfigBytes(track: Track): Uint8Array | undefined {
  if (track.codecPrivate !== undefined) return track.codecPrivate;
  const objectType = aacTypeOfCodecId(track.codecId);
  const channelConfig = aacChannelConfig(track.audio?.channels ?? 0);
  if (objectType === undefined || channelConfig === undefined) return undefined;
  return writeAacConfig({ objectType, sampleRate: track.audio?.sampleRate ?? 0, channelConfig });
}

const opus: AudioFormat = {
  text: () => "opus",
  entry: (track) => {
    const head = opusHead(track);
    if (head === undefined) return undefined;
    const fields = { channels: head.channels, sampleRate: OPUS_RATE };
    return audioSampleEntry("Opus", fields, box("dOps", opusSpecific(head)));
  },
  rate: () => OPUS_RATE,
  samples: (_, payload) => opusPacketSamples(payload),
};

function opusHead({ codecPrivate, codecDelayNs = 0, audio }: Track): OpusHead | undefined {
  if (codecPrivate !== undefined) return readOpusHead(codecPrivate);
  const channels = audio?.channels ?? 0;
  const preSkip = Math.min(0xffff, Math.round((codecDelayNs * OPUS_RATE) / 1e9));
  return channels === 1 || channels === 2 ? plainOpusHead(channels, preSkip) : undefined;
}

const flac: AudioFormat = {
  text: () => "flac",
  entry: ({ codecPrivate }) => {
    if (codecPrivate === undefined) return undefined;
    const info = readFlacPrivate(codecPrivate);
    const { channels, sampleRate, bitDepth } = info;
    const fields = { channels, sampleRate, sampleSize: bitDepth };
    return audioSampleEntry("fLaC", fields, fullBox("dfLa", {}, flacSpecific(info)));
  },
  rate: ({ codecPrivate }) =>
    codecPrivate === undefined ? undefined : readFlacPrivate(codecPrivate).sampleRate,
  samples: (_, payload) => flacFrameSamples(payload),
};

export const audioFormats: Readonly<Record<string, AudioFormat | undefined>> = {
  A_AAC: aac,
  A_OPUS: opus,
  A_FLAC: flac,
  "A_MPEG/L3": mpegAudio,
  "A_MPEG/L2": mpegAudio,
  "A_PCM/INT/LIT": pcm,
  "A_PCM/INT/BIG": pcm,
  "A_PCM/FLOAT/IEEE": pcm,
  "A_MS/ACM": pcm,
};

/** The format of a CodecID, old AAC ids included. */
export function audioFormat(codecId: string): AudioFormat | undefined {
  return aacTypeOfCodecId(codecId) === undefined ? audioFormats[codecId] : aac;
}
