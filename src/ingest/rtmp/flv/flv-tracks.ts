/** What FLV says about a stream, as a Matroska track (RFC 9559 codec mappings). Pure. */
import type { Rope } from "../../../base/rope.ts";
import { readAacConfig } from "../../../media/codec/aac/config.ts";
import { readAv1c } from "../../../media/codec/av1/av1c.ts";
import { readAv1Sequence } from "../../../media/codec/av1/sequence-header.ts";
import { readAvcc } from "../../../media/codec/h264/avcc.ts";
import { readH264Sps } from "../../../media/codec/h264/sps.ts";
import { HevcUnit, readHvcc } from "../../../media/codec/h265/hvcc.ts";
import { readHevcSps } from "../../../media/codec/h265/sps.ts";
import { readMpegAudioHeader } from "../../../media/codec/mp3.ts";
import { readOpusHead } from "../../../media/codec/opus/head.ts";
import { readable } from "../../../media/codec/readable.ts";
import type { Track, VideoSettings } from "../../../media/track.ts";
import type { AudioCodec } from "./audio-tag.ts";
import { headOf } from "./tag.ts";
import type { VideoCodec } from "./video-tag.ts";

export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;

const VIDEO_IDS = { avc1: "V_MPEG4/ISO/AVC", hvc1: "V_MPEGH/ISO/HEVC", av01: "V_AV1" } as const;
/** RFC 7845 §4.6: what a decoder needs before a seek target. */
const OPUS_PRE_ROLL_NS = 80_000_000;
const G711_RATE = 8000;

/** Throws `codec.bad-config` when the configuration cannot be read. */
export function videoTrack(codec: VideoCodec, config: Uint8Array): Track {
  const video = SIZES[codec](config);
  return {
    ...{ number: VIDEO_TRACK, type: "video", codecId: VIDEO_IDS[codec], encoding: "plain" },
    // A copy: this small piece outlives the large array that it came in. (`slice` of a Buffer would be none.)
    codecPrivate: new Uint8Array(config),
    ...(video === undefined ? {} : { video }),
  };
}

const SIZES: Readonly<Record<VideoCodec, (config: Uint8Array) => VideoSettings | undefined>> = {
  avc1(config) {
    const [sps] = readAvcc(config).sps;
    return sps === undefined ? undefined : sizeOf(readH264Sps(sps));
  },
  hvc1(config) {
    const { arrays } = readHvcc(config);
    const [sps] = arrays.find(({ type }) => type === HevcUnit.sps)?.units ?? [];
    return sps === undefined ? undefined : sizeOf(readHevcSps(sps));
  },
  av01(config) {
    const sequence = firstObu(readAv1c(config).obus);
    return sequence && readable(() => sizeOf(readAv1Sequence(sequence)));
  },
};

function sizeOf({ width, height }: VideoSettings): VideoSettings {
  return { width, height };
}

/** Payload of the first OBU when it is a sequence header (AV1 §5.3): it has to be the first in av1C. */
function firstObu(obus: Uint8Array): Uint8Array | undefined {
  const [header = 0] = obus;
  if (((header >> 3) & 15) !== 1) return undefined;
  const sizeAt = (header & 4) === 0 ? 1 : 2;
  // leb128 of one or two bytes: a sequence header is small. Without a size it goes to the end.
  if ((header & 2) === 0) return obus.subarray(sizeAt);
  return obus.subarray(sizeAt + ((obus[sizeAt] ?? 0) < 0x80 ? 1 : 2));
}

/** `head`: of the first packet, where there is no configuration. Throws `codec.bad-config`. */
export function audioTrack(
  codec: AudioCodec,
  { config, payload, channels = 1 }: { config?: Uint8Array; payload?: Rope; channels?: number },
): Track {
  const base = { number: AUDIO_TRACK, type: "audio", encoding: "plain" } as const;
  const codecPrivate = new Uint8Array(config ?? []);
  switch (codec) {
    case "mp4a":
      return { ...base, codecId: "A_AAC", codecPrivate, audio: aacSettings(codecPrivate) };
    case "Opus": {
      const { channels: count, preSkip } = readOpusHead(codecPrivate);
      const codecDelayNs = Math.round((preSkip * 1e9) / 48_000);
      const audio = { sampleRate: 48_000, channels: count };
      const delays = { codecDelayNs, seekPreRollNs: OPUS_PRE_ROLL_NS };
      return { ...base, codecId: "A_OPUS", codecPrivate, audio, ...delays };
    }
    case "mp3": {
      const head = payload === undefined ? codecPrivate : headOf(payload, 4);
      const sampleRate = readMpegAudioHeader(head)?.sampleRate ?? 44_100;
      const mono = ((head[3] ?? 0) & 0xc0) === 0xc0;
      return { ...base, codecId: "A_MPEG/L3", audio: { sampleRate, channels: mono ? 1 : 2 } };
    }
    case "alaw":
    case "ulaw":
      return g711(codec === "alaw" ? 6 : 7, channels);
  }
}

function aacSettings(config: Uint8Array) {
  const { sampleRate, channelConfig, signalledType } = readAacConfig(config);
  const channels = channelConfig === 7 ? 8 : channelConfig === 0 ? 2 : channelConfig;
  const doubled = signalledType === 5 || signalledType === 29;
  return { sampleRate, channels, ...(doubled ? { outputSampleRate: 2 * sampleRate } : {}) };
}

/** WAVEFORMATEX, little-endian. */
function g711(tag: 6 | 7, channels: number): Track {
  const codecPrivate = new Uint8Array(18);
  const view = new DataView(codecPrivate.buffer);
  view.setUint16(0, tag, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, G711_RATE, true);
  view.setUint32(8, G711_RATE * channels, true);
  view.setUint16(12, channels, true);
  view.setUint16(14, 8, true);
  const audio = { sampleRate: G711_RATE, channels, bitDepth: 8 };
  const base = { number: AUDIO_TRACK, type: "audio", encoding: "plain" } as const;
  return { ...base, codecId: "A_MS/ACM", codecPrivate, audio };
}
