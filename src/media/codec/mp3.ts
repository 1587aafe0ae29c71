/** MPEG audio frame headers, layers I to III (ISO/IEC 11172-3 §2.4.1.3, 13818-3). */

export interface MpegAudioHeader {
  /** Hertz. */
  readonly sampleRate: number;
  readonly layer: 1 | 2 | 3;
  /** Samples per channel in a frame. */
  readonly frameSamples: number;
}

const RATES = [44_100, 48_000, 32_000];

/** Reads the header at the start of a frame; `undefined` when there is none. */
export function readMpegAudioHeader(payload: Uint8Array): MpegAudioHeader | undefined {
  const [sync, version, rates] = payload;
  if (sync !== 0xff || version === undefined || rates === undefined) return undefined;
  const layerBits = (version >> 1) & 3;
  const rate = RATES[(rates >> 2) & 3];
  if ((version & 0xe0) !== 0xe0 || layerBits === 0 || rate === undefined) return undefined;
  // 3: MPEG-1, 2: MPEG-2 (half the rates), 0: MPEG-2.5 (a quarter), 1: reserved.
  const half = [4, undefined, 2, 1][(version >> 3) & 3];
  if (half === undefined) return undefined;
  const layer = layerBits === 3 ? 1 : layerBits === 2 ? 2 : 3;
  const frameSamples = layer === 1 ? 384 : layer === 3 && half > 1 ? 576 : 1152;
  return { sampleRate: rate / half, layer, frameSamples };
}
