/** VP9 and AV1 configurations from what Matroska has of them (webm VP9 codec binding, AV1 ISOBMFF binding). */

export interface Vp9Config {
  readonly profile: number;
  readonly level: number;
  readonly bitDepth: number;
  readonly chromaSubsampling: number;
}

/** Feature list of a VP9 CodecPrivate: id, length, value. Missing ones take the common defaults. */
export function vp9Config(codecPrivate: Uint8Array | undefined): Vp9Config {
  const features = [0, 0, 10, 8, 1];
  const bytes = codecPrivate ?? new Uint8Array(0);
  for (let at = 0; at + 2 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    const id = bytes[at] ?? 0;
    if (id >= 1 && id <= 4 && bytes[at + 1] === 1) features[id] = bytes[at + 2] ?? 0;
  }
  const [, profile = 0, level = 10, bitDepth = 8, chromaSubsampling = 1] = features;
  return { profile, level: level || 10, bitDepth: bitDepth || 8, chromaSubsampling };
}

const two = (value: number) => String(value).padStart(2, "0");

/** `vp09.PP.LL.DD`. */
export function vp9CodecString(config: Vp9Config): string {
  return `vp09.${two(config.profile)}.${two(config.level)}.${two(config.bitDepth)}`;
}

/** `av01.P.LLT.DD` of an av1C, or undefined. */
export function av1CodecString(av1C: Uint8Array): string | undefined {
  const [marker = 0, second = 0, third = 0] = av1C;
  if (marker !== 0x81 || av1C.length < 4) return undefined;
  const tier = third & 0x80 ? "H" : "M";
  const depth = third & 0x40 ? (third & 0x20 ? 12 : 10) : 8;
  return `av01.${second >> 5}.${two(second & 0x1f)}${tier}.${two(depth)}`;
}
