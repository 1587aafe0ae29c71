/** Codec configurations and first bytes of frames as ffmpeg 5.1 writes them (testsrc2 320x180, 440 Hz sine). */
import type { Track } from "../../src/media/track.ts";
import { hex } from "./hex.ts";

/** High profile, level 1.2, two frames reordered. */
export const H264_SPS = "6764000cacd941419f9f011000000300100000030320f1429960";
export const H264_PPS = "68ef8fcb";
export const AVCC = `0164000cffe1001a${H264_SPS}010004${H264_PPS}fdf8f800`;

export const HEVC_VPS = "40010c01ffff01600000030090000003000003003c959409";
export const HEVC_SPS =
  "42010101600000030090000003000003003ca00a080c1f3e595952930bc05a020000030002000003003210";
export const HEVC_PPS = "4401c073c18927";

/** 48 kHz, mono, LC. */
export const AAC_CONFIG = "118856e500";
/** One channel, 312 samples of pre-skip. */
export const OPUS_HEAD = "4f707573486561640101380180bb0000000000";
export const AV1C = "81000c000a0b000000043cfecc02f80040";
export const AV1_KEY = "0a0b000000043cfeccfbf900403202abcd";
export const VP9_KEY = "824983420013f00b360638241c18";
export const FLAC_PRIVATE =
  "664c614380000022120012000003580004ff0bb800f00002ee002a6ba4825dc1428345546ac64bc657fa";
export const FLAC_FRAME = "fff85a0800814e00";
export const MP3_FRAME = "fffb54c400000970";
/** Mu-law, one channel, 8 kHz. */
export const MULAW = "0700 0100 401f0000 401f0000 0100 0800 0000";

const SIZE = { width: 320, height: 180 };

export function videoTrack(codecId: string, config?: string): Track {
  const codecPrivate = config === undefined ? {} : { codecPrivate: hex(config) };
  return { number: 1, type: "video", codecId, encoding: "plain", video: SIZE, ...codecPrivate };
}

export function audioTrack(codecId: string, config?: string, sampleRate = 48_000): Track {
  const codecPrivate = config === undefined ? {} : { codecPrivate: hex(config) };
  const audio = { sampleRate, channels: 1, bitDepth: 16 };
  return { number: 2, type: "audio", codecId, encoding: "plain", audio, ...codecPrivate };
}
