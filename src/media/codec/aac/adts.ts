/** ADTS headers (ISO/IEC 14496-3 §1.A.2.2.1), which some cameras leave in front of every AAC frame. */
import { AAC_RATES, type AacConfig, writeAacConfig } from "./config.ts";

export interface AdtsFrame {
  readonly config: Pick<AacConfig, "objectType" | "sampleRate" | "channelConfig">;
  /** The frame without its header, not copied. */
  readonly raw: Uint8Array;
}

/** The header in front of exactly one frame; `undefined` when the bytes are not that. */
export function readAdts(payload: Uint8Array): AdtsFrame | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = payload;
  // Sync word, layer 0; the length has to be that of the payload, the frame one raw data block.
  if (payload.length < 7 || a !== 0xff || (b & 0xf6) !== 0xf0 || (g & 3) !== 0) return undefined;
  const length = ((d & 3) << 11) | (e << 3) | (f >> 5);
  const headerBytes = (b & 1) === 1 ? 7 : 9;
  const sampleRate = AAC_RATES[(c >> 2) & 15];
  if (length !== payload.length || length < headerBytes || sampleRate === undefined)
    return undefined;
  const channelConfig = ((c & 1) << 2) | (d >> 6);
  const config = { objectType: (c >> 6) + 1, sampleRate, channelConfig };
  return { config, raw: payload.subarray(headerBytes) };
}

/** The frame without its ADTS header when it has one, else as it is. Not copied. */
export function stripAdts(payload: Uint8Array): Uint8Array {
  return readAdts(payload)?.raw ?? payload;
}

/** The AudioSpecificConfig a frame with an ADTS header stands for. */
export function configFromAdts(payload: Uint8Array): Uint8Array | undefined {
  const frame = readAdts(payload);
  return frame === undefined ? undefined : writeAacConfig(frame.config);
}
