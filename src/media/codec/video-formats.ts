/** The video codecs by Matroska CodecID: their text for browsers and their place in MP4. */
import { box, fullBox } from "../fmp4/box.ts";
import { visualSampleEntry } from "../fmp4/sample-entry.ts";
import type { Track } from "../track.ts";
import { av1cFromKeyFrame, av1String } from "./av1/av1c.ts";
import { readAvcc } from "./h264/avcc.ts";
import { avcString } from "./h264/string.ts";
import { readHvcc } from "./h265/hvcc.ts";
import { hevcString } from "./h265/string.ts";
import {
  plainVpConfig,
  readVp9KeyFrame,
  readVp9Private,
  type VpConfig,
  vp9String,
  vpSpecific,
  writeVp9Private,
} from "./vpx/config.ts";

/** All functions may throw `codec.bad-config`. */
export interface VideoFormat {
  text(track: Track): string | undefined;
  entry(track: Track): Uint8Array | undefined;
  /** A CodecPrivate out of a key frame, for a track that came without. May throw `codec.bad-payload`. */
  configOf?(payload: Uint8Array): Uint8Array | undefined;
}

export const videoFormats: Readonly<Record<string, VideoFormat | undefined>> = {
  "V_MPEG4/ISO/AVC": {
    text: withConfig((_, config) => avcString(config)),
    entry: withConfig((track, config) => {
      if (readAvcc(config).sps.length === 0) return undefined;
      return visualSampleEntry("avc1", track, box("avcC", config));
    }),
  },
  "V_MPEGH/ISO/HEVC": {
    text: withConfig((_, config) => hevcString(config)),
    entry: withConfig((track, config) => {
      if (readHvcc(config).arrays.length === 0) return undefined;
      return visualSampleEntry("hvc1", track, box("hvcC", config));
    }),
  },
  V_VP8: {
    text: () => "vp8",
    entry: (track) => vpEntry("vp08", track, { ...plainVpConfig(0, 0), level: 0 }),
  },
  V_VP9: {
    text: (track) => vp9String(vp9Config(track)),
    entry: (track) => vpEntry("vp09", track, vp9Config(track)),
    configOf: (payload) => writeVp9Private(readVp9KeyFrame(payload)),
  },
  V_AV1: {
    text: withConfig((_, config) => av1String(config)),
    entry: withConfig((track, config) => {
      av1String(config);
      return visualSampleEntry("av01", track, box("av1C", config));
    }),
    configOf: av1cFromKeyFrame,
  },
};

function withConfig<T>(make: (track: Track, config: Uint8Array) => T | undefined) {
  return (track: Track): T | undefined =>
    track.codecPrivate === undefined ? undefined : make(track, track.codecPrivate);
}

function vp9Config({ codecPrivate, video }: Track): VpConfig {
  const { width = 0, height = 0 } = video ?? {};
  if (codecPrivate === undefined) return plainVpConfig(width, height);
  return readVp9Private(codecPrivate, width, height);
}

function vpEntry(type: string, track: Track, config: VpConfig): Uint8Array {
  return visualSampleEntry(type, track, fullBox("vpcC", { version: 1 }, vpSpecific(config)));
}
