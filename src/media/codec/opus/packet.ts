/** How long an Opus packet plays: from its first byte or two (RFC 6716 §3.1). */

/** Samples of one frame at 48 kHz, by the configuration number in the TOC byte. */
const FRAME_SAMPLES: readonly number[] = Array.from({ length: 32 }, (_, config) => {
  if (config < 12) return [480, 960, 1920, 2880][config & 3] ?? 0;
  if (config < 16) return [480, 960][config & 1] ?? 0;
  return [120, 240, 480, 960][config & 3] ?? 0;
});
/** 120 ms (§3.2.5, R5). */
const MAX_SAMPLES = 5760;

/** Samples at 48 kHz; `undefined` when it is no packet. */
export function opusPacketSamples(payload: Uint8Array): number | undefined {
  const toc = payload[0];
  if (toc === undefined) return undefined;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (payload[1] ?? 0) & 63;
  const samples = frames * (FRAME_SAMPLES[toc >> 3] ?? 0);
  return samples === 0 || samples > MAX_SAMPLES ? undefined : samples;
}
